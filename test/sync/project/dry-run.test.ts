import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { mirrorState } from '../../fixtures/mirror-state.ts';
import { fingerprint, treeOf } from '../../fixtures/reader-check.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';

const dryRun = { dryRun: true };
const wheel = 'alpha-1.0-py3-none-any.whl';

/** Everything that the mirror remembers and that could have changed. */
const memory = (mirror: TestMirror) =>
  mirror.remembered((state) => ({
    mirror: mirrorState(state),
    totals: state.totals(),
    published: state.held.published(undefined, 100),
    parked: state.queue.parked(100),
    held: state.held.published(undefined, 100).map(({ name }) => state.held.project(name)),
  }));

/** The target without what SQLite creates beside a database that somebody looks at. */
const targetOf = (mirror: TestMirror) =>
  Object.fromEntries(Object.entries(fingerprint(mirror.target)).filter(([path]) => !/^state\.db/.test(path)));

t.test('a dry run says what would be done, and does nothing', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  mirror.index.removeFile('alpha', wheel);
  mirror.index.removeProject('gamma');
  mirror.index.publish(makeWheel({ name: 'delta', version: '1.0' }));
  const path = mirror.pathOf('alpha', 'alpha-2.0-py3-none-any.whl');
  const size = mirror.index.blob(`/${path}`)?.content.length;
  const [files, remembered] = [targetOf(mirror), memory(mirror)];
  const database = readFileSync(join(mirror.target, 'state.db'));
  mirror.clock.advance(60_000);
  const result = await mirror.run({ settings: dryRun });
  t.same(targetOf(mirror), files);
  t.ok(readFileSync(join(mirror.target, 'state.db')).equals(database), 'not a byte of the database changed');
  t.same(memory(mirror), remembered);
  t.equal(result.parked.size, 0);

  const planned = new Map(mirror.eventsOf('project-planned').map((event) => [event.name as string, event]));
  t.match(planned.get('alpha'), { fetch: [path], bytes: size, remove: [/alpha-1\.0/] });
  t.match(planned.get('gamma'), { fetch: [], remove: [/gamma-1\.0/] });
  t.match(planned.get('delta'), { fetch: [/delta-1\.0/], remove: [] });
  t.notOk(mirror.requested().some((asked) => asked.startsWith('/packages')));

  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.same(mirror.filenames('alpha'), ['alpha-1.0.tar.gz', 'alpha-2.0-py3-none-any.whl']);
});

t.test('each project is announced once', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.removeProject('gamma');
  mirror.index.addRole('alpha', 'somebody');
  mirror.clock.advance(60_000);
  const result = await mirror.run({ settings: dryRun });
  t.same(
    mirror
      .eventsOf('project-planned')
      .map(({ name }) => name)
      .sort(),
    ['alpha', 'gamma'],
  );
  t.equal(result.done, 2);
});

t.test('a dry run of a mirror that does not exist yet creates nothing', async (t) => {
  const mirror = await openTestMirror(t);
  const result = await mirror.run({ settings: dryRun });
  t.equal(result.done, 3);
  t.same(treeOf(mirror.target), []);
  t.equal(mirror.eventsOf('project-planned').flatMap(({ fetch }) => fetch).length, 4);
});

t.test('a dry run names what could not be planned, and leaves it as it is', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const remembered = memory(mirror);
  mirror.index.addRole('alpha', 'somebody');
  mirror.server.faults.add({ do: 'status', status: 404, match: /simple\/alpha\/$/ });
  const result = await mirror.run({ settings: dryRun });
  t.same([...result.parked], ['alpha']);
  t.same(memory(mirror), remembered);
});
