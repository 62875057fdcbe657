/** Checks one file of a project and its sidecars. */
import { throwIfPaused } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import { sidecarPath, type WebPath } from '../core/paths.ts';
import { heldSidecars, type SidecarKind, sidecars } from '../core/sidecars.ts';
import type { Stat } from '../files/file-store.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import type { ExpectedFile } from './expected-file.ts';
import { readObject } from './read-object.ts';
import { readOrFinding } from './read-or-finding.ts';

/** Milliseconds. File systems and copies store times less exactly. */
const sameTimeMs = 1000;

/** Returns the findings about `file`, which belongs to `project`. */
export async function inspectFile(check: Check, project: ProjectName, file: ExpectedFile): Promise<Finding[]> {
  const { path } = file;
  const findings = [await found(path, () => content(check, file))];
  check.report({ type: 'file-checked', path });
  for (const kind of heldSidecars(file)) {
    findings.push(await found(sidecarPath(path, kind), (at) => sidecar(check, at, kind, file)));
  }
  return findings.filter((finding) => finding !== undefined);

  async function found(
    at: WebPath,
    look: (at: WebPath) => Promise<FileProblem | undefined>,
  ): Promise<Finding | undefined> {
    const wrong = await readOrFinding(at, project, () => look(at));
    return wrong && { path: at, project, file: path, ...wrong };
  }
}

type FileProblem = Pick<Finding, 'kind' | 'expected' | 'found'>;

async function content(
  check: Check,
  { path, size, sha256, uploadTimeMs }: ExpectedFile,
): Promise<FileProblem | undefined> {
  const stat = await check.files.stat(path);
  if (stat === undefined) return { kind: 'missing-file' };
  if (stat.kind !== 'file') return notAFile(stat.kind);
  if (size !== undefined && stat.size !== size) {
    return { kind: 'bad-size', expected: `${size} bytes`, found: `${stat.size} bytes` };
  }
  if (check.settings.quick && !isChanged(stat, uploadTimeMs)) return undefined;
  const digest = await check.reading.run(() =>
    check.files.digest(path, undefined, (piece) => {
      check.report({ type: 'read', bytes: piece.length });
      throwIfPaused(check.signal);
    }),
  );
  if (digest === undefined) return { kind: 'missing-file' };
  if (sha256 === undefined) return undefined;
  if (digest.sha256 === sha256) {
    if (digest.etag !== undefined) check.objects?.confirm(path, digest.etag);
    return undefined;
  }
  return { kind: 'bad-sha256', expected: sha256, found: digest.sha256 };
}

/** Returns true if something hints at another content: the ETag of an object, or the modification time. */
function isChanged({ content, mtimeMs }: Stat, uploadTimeMs: number | undefined): boolean {
  if (content !== undefined) return content === 'other';
  return uploadTimeMs !== undefined && Math.abs(mtimeMs - uploadTimeMs) >= sameTimeMs;
}

/**
 * Returns what is wrong with a sidecar; undefined if nothing is. A quick check only looks whether it is there, and in
 * an object store, whether it was replaced.
 */
async function sidecar(
  check: Check,
  path: WebPath,
  kind: SidecarKind,
  file: ExpectedFile,
): Promise<FileProblem | undefined> {
  const stat = await check.files.stat(path);
  if (stat === undefined) return { kind: `missing-${kind}` };
  if (stat.kind !== 'file') return notAFile(stat.kind);
  if (check.settings.quick && stat.content !== 'other') return undefined;
  const read = await check.reading.run(() => readObject(check.files, path));
  check.report({ type: 'read', bytes: read?.body.length ?? 0 });
  if (read === undefined) return { kind: `missing-${kind}` };
  const problem = sidecars[kind].differenceOf(read.body, file);
  if (problem !== undefined) return { kind: `bad-${kind}`, ...problem };
  // Nothing else tells what a provenance object should be.
  if (kind === 'provenance' && stat.content === 'other')
    return { kind: 'bad-provenance', expected: 'the object that was published', found: 'another one' };
  if (read.etag !== undefined) check.objects?.confirm(path, read.etag);
  return undefined;
}

/** Returns the problem that a folder, link or device is in the place of a file. */
export function notAFile(kind: 'folder' | 'other'): FileProblem {
  return { kind: 'not-a-file', expected: 'a file', found: kind === 'folder' ? 'a folder' : 'a link or a device' };
}
