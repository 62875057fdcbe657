/** Files that an archive keeps of projects which upstream removed: no page lists them, so the state alone knows them. */
import type { ProjectName } from '../core/names.ts';
import { metadataPath, provenancePath, type WebPath } from '../core/paths.ts';
import type { HeldFile } from '../state/held-projects.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { expectedHeld } from './compare-page.ts';
import { inspectFile } from './inspect-file.ts';
import { isInSubset } from './subset.ts';

const namesAtATime = 1000;

/** Reports what is damaged. Upstream does not have it any more, so that nothing is queued: with --repair it goes. */
export async function checkArchived(check: Check): Promise<void> {
  const { state, subset } = check;
  for (let after: ProjectName | undefined; ; ) {
    const names = state.removals.keptProjects(after, namesAtATime);
    for (const name of names) if (isInSubset(name, subset)) await checkOne(check, name);
    after = names.at(-1);
    if (after === undefined) return;
  }
}

async function checkOne(check: Check, name: ProjectName): Promise<void> {
  const { state, report, yielder, settings } = check;
  for (const file of state.held.project(name).files) {
    await yielder.yieldIfDue();
    const findings = await inspectFile(check, name, expectedHeld(file));
    // A run may have taken it away meanwhile.
    if (state.held.file(file.path) === undefined) continue;
    for (const finding of findings) report({ type: 'finding', finding });
    if (settings.repair && findings.length > 0) await repair(check, name, file, findings);
  }
}

/** Moves what is damaged into the trash, and holds it no more. */
async function repair(check: Check, name: ProjectName, file: HeldFile, findings: readonly Finding[]): Promise<void> {
  const { state } = check;
  const release = check.lock.tryTake();
  if (release === undefined) return;
  try {
    if (state.held.project(name).published || state.held.file(file.path) === undefined) return;
    const bad = new Set(findings.filter(({ kind }) => kind !== 'unreadable').map(({ path }) => path));
    const [metadata, provenance] = [metadataPath(file.path), provenancePath(file.path)];
    if (bad.has(file.path)) {
      await discard(check, [file.path, metadata, provenance]);
      state.removals.forgetKeptFile(file.path);
    } else if (bad.size > 0) {
      await discard(check, [...bad]);
      state.held.addFiles(name, [without(file, bad.has(metadata), bad.has(provenance))]);
    }
  } finally {
    release();
  }
}

function without({ verdict, ...file }: HeldFile, metadata: boolean, provenance: boolean): HeldFile {
  return {
    ...file,
    metadataSha256: metadata ? undefined : file.metadataSha256,
    provenance: file.provenance && !provenance,
    ...(verdict && !provenance && { verdict }),
  };
}

async function discard({ files, report }: Check, paths: readonly WebPath[]): Promise<void> {
  const stats = await Promise.all(paths.map((path) => files.stat(path)));
  const there = paths.filter((_, at) => stats[at] !== undefined);
  await files.discard(there);
  for (const path of there) report({ type: 'discarded', path });
}
