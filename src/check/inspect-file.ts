/** Checks one file of a project and its sidecars. */

import { throwIfPaused } from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import type { ProjectName } from '../core/names.ts';
import { metadataPath, provenancePath, type WebPath } from '../core/paths.ts';
import type { Finding, FindingKind } from './check-event.ts';
import type { Check } from './check-job.ts';
import { readOrFinding } from './read-or-finding.ts';

/** The known properties of a file. */
export interface ExpectedFile {
  readonly path: WebPath;
  readonly size: number | undefined;
  readonly sha256: string | undefined;
  /** The sha256 of its core metadata file; undefined if none is required. */
  readonly metadataSha256: string | undefined;
  /** True if it must have a provenance object. */
  readonly provenance: boolean;
  /** The modification time with which it was published, in milliseconds since 1970. */
  readonly uploadTimeMs: number | undefined;
}

/** Milliseconds. File systems and copies store times less exactly. */
const sameTimeMs = 1000;

/** Returns the findings about `file`, which belongs to `project`. */
export async function inspectFile(check: Check, project: ProjectName, file: ExpectedFile): Promise<Finding[]> {
  const { path, metadataSha256, provenance } = file;
  const findings = [await found(path, () => content(check, file))];
  check.report({ type: 'file-checked', path });
  if (metadataSha256 !== undefined) {
    findings.push(await found(metadataPath(path), (at) => metadata(check, at, metadataSha256)));
  }
  if (provenance) findings.push(await found(provenancePath(path), (at) => provenanceObject(check, at)));
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
  const isAsPublished = uploadTimeMs === undefined || Math.abs(stat.mtimeMs - uploadTimeMs) < sameTimeMs;
  if (check.settings.quick && isAsPublished) return undefined;
  const digest = await check.files.digest(path, undefined, (piece) => {
    check.report({ type: 'read', bytes: piece.length });
    throwIfPaused(check.signal);
  });
  if (digest === undefined) return { kind: 'missing-file' };
  if (sha256 === undefined || digest.sha256 === sha256) return undefined;
  return { kind: 'bad-sha256', expected: sha256, found: digest.sha256 };
}

async function metadata(check: Check, path: WebPath, sha256: string): Promise<FileProblem | undefined> {
  const body = await readSidecar(check, path, 'missing-metadata');
  if (!Buffer.isBuffer(body)) return body;
  const found = sha256Hex(body);
  return found === sha256 ? undefined : { kind: 'bad-metadata', expected: sha256, found };
}

async function provenanceObject(check: Check, path: WebPath): Promise<FileProblem | undefined> {
  const body = await readSidecar(check, path, 'missing-provenance');
  if (!Buffer.isBuffer(body)) return body;
  try {
    JSON.parse(body.toString());
    return undefined;
  } catch {
    return { kind: 'bad-provenance', expected: 'JSON', found: 'something else' };
  }
}

/** Returns the bytes of a sidecar, or undefined if a quick check need not read them. */
async function readSidecar(
  check: Check,
  path: WebPath,
  missing: FindingKind,
): Promise<Buffer | FileProblem | undefined> {
  const stat = await check.files.stat(path);
  if (stat === undefined) return { kind: missing };
  if (stat.kind !== 'file') return notAFile(stat.kind);
  if (check.settings.quick) return undefined;
  const body = await check.files.read(path);
  check.report({ type: 'read', bytes: body?.length ?? 0 });
  return body ?? { kind: missing };
}

/** Returns the problem that a folder, link or device is in the place of a file. */
export function notAFile(kind: 'folder' | 'other'): FileProblem {
  return { kind: 'not-a-file', expected: 'a file', found: kind === 'folder' ? 'a folder' : 'a link or a device' };
}
