/** What a mirror makes of a change feed that lies, is damaged, or is another one each time, beside pages that are right. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { changesPerPiece } from '../../../src/formats/mirror/change-feed.ts';
import { comeAndGo } from '../../fixtures/come-and-go.ts';
import { someCases } from '../../fixtures/every-case.ts';
import { type ServedMirror, serveMirror } from '../../fixtures/served-mirror.ts';
import { openTestMirror, TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

interface Change {
  readonly number: number;
  readonly project: string;
  readonly serial: number | null;
}

interface Head {
  readonly feed: string;
  readonly serial: number;
  readonly oldest: number;
  readonly last: number;
  readonly listed: number;
  readonly changes: readonly Change[];
}

/** What is served in place of the head, which is the right one. */
type Attack = (head: Head, asked: number) => unknown;

/** The head with more changes after its last. */
function withMore(head: Head, more: readonly object[], extra: object = {}): object {
  const changes = [
    ...head.changes,
    ...more.map((change, at) => ({
      number: head.last + at + 1,
      project: 'project-1',
      serial: head.serial,
      time: '2026-01-01T00:00:00.000Z',
      ...change,
    })),
  ];
  return { ...head, last: head.last + more.length, ...extra, changes };
}

const all = Array.from({ length: 20 }, (_, at) => ({ project: `project-${at}` }));
const strangers = Array.from({ length: 150 }, (_, at) => ({ project: `stranger-${at}` }));
let frozen: Head | undefined;
let latest: Head | undefined;

/** As somebody would answer who makes them up as they are asked for. */
function endlessPiece(piece: number): Buffer {
  const first = piece * changesPerPiece + 1;
  const changes = Array.from({ length: changesPerPiece }, (_, at) => ({
    number: first + at,
    project: `made-up-${first + at}`,
    time: '2026-01-01T00:00:00.000Z',
  }));
  return Buffer.from(JSON.stringify({ version: 1, feed: latest?.feed, first, last: first + 255, changes }));
}

const attacks: Readonly<Record<string, Attack>> = {
  'no JSON': () => '<html>sign in</html>',
  'nothing at all': () => '',
  'far too much': () => 'x'.repeat(5 << 20),
  'deep JSON': () => '['.repeat(100_000),
  'another feed each time': (head, asked) => ({ ...head, feed: asked.toString(16).padStart(32, '0') }),
  'no serial': (head) => ({ ...head, serial: null }),
  'serial 0': (head) => ({ ...head, serial: 0 }),
  'a serial that goes back': (head, asked) => ({ ...head, serial: Math.max(1, head.serial - asked) }),
  'a serial just short of what is refused': (head) => ({ ...head, serial: head.serial + 99_000 }),
  'a serial that leaps': (head) => ({ ...head, serial: 1e13 }),
  'numbers that go back': (head) => ({ ...head, last: 0, listed: 0, oldest: 1, changes: [] }),
  'a gap before the first': (head) => ({ ...head, oldest: head.last + 1 }),
  'a gap within': (head) => ({ ...head, last: head.last + 1 }),
  'pieces that are not there': (head) => withMore({ ...head, changes: [] }, [], { last: 10 * changesPerPiece }),
  'numbers without end': (head) => ({ ...head, last: 1e14 - (1e14 % changesPerPiece), changes: [] }),
  'a list that is said to be old': (head) => ({ ...head, listed: 0 }),
  'nothing ever changes': (head) => {
    frozen ??= head;
    return frozen;
  },
  'everything is removed': (head) =>
    withMore(
      head,
      all.map((change) => ({ ...change, removed: 'removed upstream' })),
    ),
  'everything is removed, and the serial is high': (head) =>
    withMore(
      head,
      all.map((change) => ({ ...change, serial: head.serial + 99_000, removed: 'removed upstream' })),
      { serial: head.serial + 99_000 },
    ),
  'everything is in quarantine': (head) =>
    withMore(
      head,
      all.map((change) => ({ ...change, removed: 'quarantined upstream' })),
    ),
  'releases are in quarantine': (head) =>
    withMore(
      head,
      all.map((change) => ({ ...change, quarantined: ['1.0', '9', ''] })),
    ),
  'all is new, at a serial that is high': (head) =>
    withMore(
      head,
      all.map((change) => ({ ...change, serial: head.serial + 99_000 })),
      { serial: head.serial + 99_000 },
    ),
  'projects that nobody knows': (head, asked) =>
    withMore(
      head,
      strangers.map(({ project }) => ({ project: `${project}-${asked}` })),
    ),
  'changes of another kind': (head) => withMore(head, [{ removed: 7 }, { quarantined: 'x' }]),
  'names that nobody can have': (head) => withMore(head, [{ project: '../../x' }, { project: 7 }, { project: '' }]),
};

interface Pair {
  readonly a: TestMirror;
  readonly b: TestMirror;
  readonly served: ServedMirror;
  pull(hours: number): Promise<void>;
}

async function openPair(t: Test): Promise<Pair> {
  const index = new SampleIndex();
  for (let at = 0; at < 12; at += 1) index.publish(makeWheel({ name: `project-${at}`, version: '1.0' }));
  const a = await openTestMirror(t, { index });
  await a.run();
  const served = await serveMirror(t, a.web);
  const target = join(a.target, 'b');
  mkdirSync(target);
  const b = new TestMirror(target, a.server);
  const pull: Pair['pull'] = async (hours) => {
    served.asked.length = 0;
    for (const { clock } of [a, b]) clock.advance(hours * 60 * 60_000);
    await b.run({ settings: { upstream: served.url } });
  };
  await pull(1);
  return { a, b, served, pull };
}

const listed = (mirror: TestMirror): string[] => mirror.page().projects.map(({ name }) => name);

for (const [what, attack] of someCases(Object.entries(attacks), 3)) {
  t.test(what, async (t) => {
    const { a, b, served, pull } = await openPair(t);
    let asked = 0;
    served.alter = (path, body) => {
      const piece = /^\/changes\/(\d+)\.json$/.exec(path)?.[1];
      if (piece !== undefined && what === 'numbers without end') return endlessPiece(Number(piece));
      if (path !== '/changes.json' || body === undefined) return body;
      latest = JSON.parse(body.toString()) as Head;
      asked += 1;
      const made = attack(JSON.parse(body.toString()) as Head, asked);
      return Buffer.from(typeof made === 'string' ? made : JSON.stringify(made));
    };
    await pull(1);
    a.index.removeProject('project-3');
    a.index.publish(makeWheel({ name: 'project-4', version: '2.0' }));
    await a.run();
    const runs: string[][] = [];
    for (const hours of [1, 24, 1]) {
      await pull(hours);
      runs.push([...served.asked]);
    }
    t.notOk(listed(b).includes('project-3'), 'its removal is through after a day');
    t.same(b.page('project-4').versions, ['1.0', '2.0']);
    t.same(listed(b), listed(a), 'and nothing else went');
    for (const requests of runs) t.ok(requests.length < 500, `${requests.length} requests`);
    t.same(b.problems(), []);
    // Then it is right again.
    served.alter = (_path, body) => body;
    a.index.publish(makeWheel({ name: 'project-5', version: '2.0' }));
    a.index.removeProject('project-6');
    await a.run();
    for (const hours of [24, 1, 24, 1]) await pull(hours);
    t.same(b.page('project-5').versions, ['1.0', '2.0']);
    t.same(listed(b), listed(a));
    // The sweep looks at some projects.
    t.same(
      served.asked.filter((path) => !path.startsWith('/simple/project-')),
      ['/changes.json'],
    );
    t.same([b.parkings(), b.warnings(), b.eventsOf('alarm'), b.problems()], [[], [], [], []]);
    t.equal(
      b.remembered((state) => state.totals().queued),
      0,
    );
  });
}

t.test('after a damaged piece the list is compared, and the feed is followed from there', async (t) => {
  const { a, b, served, pull } = await openPair(t);
  comeAndGo(a, 150);
  a.index.removeProject('project-3');
  await a.runLater({ allowDeletions: 1 });
  served.alter = (path, body) => (path === '/changes/0.json' ? Buffer.from('{"version":1}') : body);
  await pull(1);
  t.match(b.warnings(), [/changes\/0\.json: .*; the list of projects was compared instead$/]);
  t.same(listed(b), listed(a));
  a.index.removeProject('project-4');
  await a.runLater({ allowDeletions: 1 });
  await pull(1);
  t.same(served.asked, ['/changes.json', '/simple/project-4/']);
  t.same([b.warnings(), b.problems()], [[], []]);
});
