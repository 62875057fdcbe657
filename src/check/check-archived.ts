/** Checks the archived files of projects that upstream removed. No page lists them, so only the state knows them. */
import { inPages } from '../core/in-pages.ts';
import type { ProjectName } from '../core/names.ts';
import { sidecarPath, type WebPath, withSidecars } from '../core/paths.ts';
import { sidecarKinds, withoutSidecars } from '../core/sidecars.ts';
import type { HeldFile } from '../state/held-projects.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { expectedHeld } from './expected-file.ts';
import { inspectFile } from './inspect-file.ts';
import { expectStore } from './read-or-finding.ts';
import { isInSubset } from './subset.ts';

const namesAtATime = 1000;

/**
 * Reports damaged archived files. Upstream does not have them any more, so nothing is queued; with --repair they are
 * removed.
 */
export async function checkArchived(check: Check): Promise<void> {
  const { state, subset } = check;
  for (const names of inPages((after) => state.removals.keptProjects(after, namesAtATime))) {
    for (const name of names) if (isInSubset(name, subset)) await checkOne(check, name);
  }
}

async function checkOne(check: Check, name: ProjectName): Promise<void> {
  const { state, report, yielder, settings } = check;
  for (const file of state.held.project(name).files) {
    await yielder.yieldIfDue();
    const seen = await inspectFile(check, name, expectedHeld(file));
    // A listing may be older than the file.
    const findings =
      seen.length === 0 || check.objects === undefined
        ? seen
        : await inspectFile({ ...check, files: check.objects.live }, name, expectedHeld(file));
    await expectStore(check, findings);
    // A run may have removed the file meanwhile.
    if (state.held.file(file.path) === undefined) continue;
    for (const finding of findings) report({ type: 'finding', finding });
    if (settings.repair && findings.length > 0) await repair(check, name, file, findings);
  }
}

/** Moves damaged files into the trash, and removes them from the state. */
async function repair(check: Check, name: ProjectName, file: HeldFile, findings: readonly Finding[]): Promise<void> {
  const { state } = check;
  const release = check.lock.tryTake();
  if (release === undefined) return;
  try {
    if (state.held.project(name).published || state.held.file(file.path) === undefined) return;
    const bad = new Set(findings.filter(({ kind }) => kind !== 'unreadable').map(({ path }) => path));
    if (bad.has(file.path)) {
      await discard(check, withSidecars(file.path));
      state.removals.forgetKeptFile(file.path);
    } else if (bad.size > 0) {
      await discard(check, [...bad]);
      state.held.addFiles(name, [without(file, bad)]);
    }
  } finally {
    release();
  }
}

/** Returns the held file without its `bad` sidecars. Without its provenance object it has no verdict, either. */
function without({ verdict, ...file }: HeldFile, bad: ReadonlySet<WebPath>): HeldFile {
  const gone = sidecarKinds.filter((kind) => bad.has(sidecarPath(file.path, kind)));
  return { ...withoutSidecars(file, gone), ...(verdict && !gone.includes('provenance') && { verdict }) };
}

async function discard({ files, report }: Check, paths: readonly WebPath[]): Promise<void> {
  const stats = await Promise.all(paths.map((path) => files.stat(path)));
  const there = paths.filter((_, at) => stats[at] !== undefined);
  await files.discard(there);
  for (const path of there) report({ type: 'discarded', path });
}
