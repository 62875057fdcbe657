/** Nothing begins if the tree that the state describes is missing: its disk may not be mounted. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { settingsFrom } from '../../../src/cli/config/settings.ts';
import { openMirror } from '../../../src/cli/run/open-mirror.ts';
import { openExpectedState } from '../../../src/cli/target/open-expected-state.ts';
import { openTarget } from '../../../src/cli/target/target.ts';
import type { WebPath } from '../../../src/core/paths.ts';
import { FilesystemFileStore } from '../../../src/files/filesystem/filesystem-file-store.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

/** What keeps a program from beginning; undefined when nothing does. */
function refusal({ target, clock }: TestMirror): string | undefined {
  try {
    openExpectedState(openTarget(target), clock, {}).close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : 'crashed';
  }
}

t.test('a disk that is not mounted is not taken for an empty mirror', async (t) => {
  const mirror = await openTestMirror(t);
  const { target, web } = mirror;
  t.equal(refusal(mirror), undefined, 'before the first run');
  await mirror.run();
  t.equal(refusal(mirror), undefined);
  const aside = join(target, 'trash', 'aside');
  const advice = `is the disk mounted? If they are lost, "mv ${target}/state.db ${target}/state.db.lost" and run`;
  const rows = [
    ['web', /web: is missing, but [^\n]+state\.db knows 3 projects; /],
    ['web/simple', /simple: is missing, but [^\n]+state\.db knows 3 projects; /],
    ['web/packages', /packages: is missing, but [^\n]+state\.db knows \d+ files; /],
  ] as const;
  for (const [path, reason] of rows) {
    renameSync(join(target, path), aside);
    const missing = refusal(mirror);
    t.match(missing, reason);
    t.match(missing, advice);
    // A disk of its own has a folder of its own, and older versions wrote an index beneath the mount point.
    mkdirSync(join(target, path, 'lost+found'), { recursive: true });
    t.match(refusal(mirror), /LostTreeError: .*(?:is missing|holds no (?:project|file)), but/, `${path} is empty`);
    rmSync(join(target, path), { recursive: true });
    renameSync(aside, join(target, path));
  }
  t.equal(refusal(mirror), undefined, 'when it is mounted again');
  rmSync(web, { recursive: true });
  const common = { target: openTarget(target), settings: settingsFrom(new Map()), policy: undefined };
  const { clock } = mirror;
  const { signal } = new AbortController();
  for (const dryRun of [false, true]) {
    const rest = { verifier: undefined, reconcile: false, report: () => {} };
    await t.rejects(openMirror({ ...common, ...rest, dryRun, clock, signal }), { code: 'storage' });
  }
  t.notOk(existsSync(web), 'and nothing is written where it should be');
});

t.test('an index-only mirror misses no files', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run({ settings: { indexOnly: true } });
  rmSync(join(mirror.web, 'packages'), { recursive: true });
  t.equal(refusal(mirror), undefined);
});

t.test('after a run that was killed when it had removed everything the next one goes on', async (t) => {
  const index = new SampleIndex();
  index.publish(makeSdist({ name: 'alpha', version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  const files = new FilesystemFileStore(mirror.target, mirror.clock);
  rmSync(join(mirror.web, 'simple/alpha'), { recursive: true });
  t.match(refusal(mirror), /simple: holds no project/, 'although the list of projects is there');
  mkdirSync(join(mirror.web, 'simple/alpha'));
  await files.discard(['simple/alpha' as WebPath, mirror.pathOf('alpha', 'alpha-1.0.tar.gz') as WebPath]);
  t.equal(refusal(mirror), undefined);
  index.removeProject('alpha');
  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.equal(
    mirror.remembered((state) => state.totals().projects),
    0,
  );
});
