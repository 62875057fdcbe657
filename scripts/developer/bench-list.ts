/** Discovers all projects of an upstream, and ends: one row of the benchmark, in a process of its own. */
import { join, resolve } from 'node:path';
import { settingsFrom } from '../../src/cli/config/settings.ts';
import { nodeFolder } from '../../src/cli/program/node-folder.ts';
import { systemClock } from '../../src/cli/program/system-clock.ts';
import { openMirror } from '../../src/cli/run/open-mirror.ts';
import { openTarget, prepareTarget } from '../../src/cli/target/target.ts';
import { useAddon } from '../../src/state/sqlite/addon.ts';
import { discoverChanges } from '../../src/sync/discover/discover.ts';
import type { Mirror } from '../../src/sync/mirror.ts';

const [url, root] = process.argv.slice(2);
const target = openTarget(resolve(root ?? ''));
prepareTarget(target, 0o600);
// The bundle lies in dist/.
useAddon(join(__dirname, nodeFolder, 'better_sqlite3.node'));
const opening = openMirror({
  target,
  settings: settingsFrom(new Map([['upstream', { value: url, where: 'argument' }]])),
  policy: undefined,
  verifier: undefined,
  reconcile: false,
  acceptChanges: [],
  dryRun: false,
  clock: systemClock,
  report: () => {},
  signal: new AbortController().signal,
});
void main();

async function main(): Promise<void> {
  const { mirror, close } = await opening;
  await discoverChanges(mirror);
  // With the argument `finish` the whole queue is marked as done, so that a run without changes can be measured.
  if (process.argv[4] === 'finish') finishAll(mirror);
  await close();
}

function finishAll({ state }: Mirror): void {
  for (let piece = state.queue.due(Date.now(), false, undefined, 10_000); piece.length > 0; ) {
    state.finish(
      piece.map((due) => ({
        kind: 'published' as const,
        due,
        serial: due.serial,
        etag: undefined,
        status: 'active',
        drop: [],
      })),
    );
    piece = state.queue.due(Date.now(), false, undefined, 10_000);
  }
}
