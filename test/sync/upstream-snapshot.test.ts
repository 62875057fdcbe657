/** A mirror of a mirror that signs: what it accepts, what it refuses, and what it is alarmed by. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { projectName } from '../../src/core/names.ts';
import { bucketOf, bucketsIn } from '../../src/core/page-tree.ts';
import { type ServedMirror, serveMirror } from '../fixtures/served-mirror.ts';
import { makeSnapshotKeys } from '../fixtures/snapshot-keys.ts';
import { openTestMirror, type RunOptions, TestMirror } from '../fixtures/test-mirror.ts';
import { makeWheel } from '../sample/distributions.ts';

const { sign, verify } = makeSnapshotKeys();
const hourMs = 60 * 60_000;

interface Chain {
  readonly up: TestMirror;
  readonly served: ServedMirror;
  readonly down: TestMirror;
  /** A run of the mirror below. */
  pull(options?: RunOptions): Promise<unknown>;
  /** Some hours pass, one unless told, and the mirror above runs. */
  refresh(hours?: number): Promise<unknown>;
}

/** The sample index, a mirror of it that signs, and a mirror of that one, each after its first run. */
async function openChain(t: Test): Promise<Chain> {
  const up = await openTestMirror(t);
  await up.run({ sign });
  const served = await serveMirror(t, up.web);
  const below = join(up.target, 'below');
  mkdirSync(below);
  const down = new TestMirror(below, up.server);
  const pull: Chain['pull'] = (options = {}) =>
    down.run({ verifyUpstream: verify, ...options, settings: { upstream: served.url, ...options.settings } });
  const refresh: Chain['refresh'] = (hours = 1) => {
    for (const { clock } of [up, down]) clock.advance(hours * hourMs);
    return up.run({ sign });
  };
  await pull();
  t.same([alarms(down), down.problems()], [[], []], 'the first run is fine');
  t.ok(isProven(down));
  return { up, served, down, pull, refresh };
}

function alarms(mirror: TestMirror): string[] {
  return mirror.eventsOf('alarm').map(({ message }) => message.replace(/^http:\/\/[^/]+/, ''));
}

function isProven(mirror: TestMirror): boolean {
  const { upstreamSnapshot } = mirror.remembered((state) => state.mirror());
  return upstreamSnapshot !== undefined && upstreamSnapshot.unprovenSince === undefined;
}

function groupOf(text: string): number {
  const name = projectName(text);
  if (name === undefined) throw new Error(text);
  return Math.floor(bucketOf(name) / bucketsIn(0).length);
}

/** A project of the same group. */
function nameBeside(name: string): string {
  for (let at = 0; ; at += 1) if (groupOf(`mate${at}`) === groupOf(name)) return `mate${at}`;
}

function sorted(numbers: readonly number[] = []): number[] {
  return [...numbers].sort((one, other) => one - other);
}

function replaced(path: string, by: Buffer | undefined): ServedMirror['alter'] {
  return (asked, body) => (asked === path ? by : body);
}

t.test('what upstream has signed is accepted, with and without changes', async (t) => {
  const { up, down, pull, refresh } = await openChain(t);
  await refresh();
  await pull();
  t.ok(isProven(down));
  up.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  up.index.removeProject('beta');
  await refresh();
  await pull();
  t.same([alarms(down), down.warnings(), isProven(down)], [[], [], true]);
  t.match(down.filenames('alpha'), { length: 3 });
});

t.test('without a right signature a run ends before it begins', async (t) => {
  const { up, served, down, pull, refresh } = await openChain(t);
  const old = readFileSync(join(up.web, 'snapshot.json.sig'));
  up.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  await refresh();
  const body = readFileSync(join(up.web, 'snapshot.json'), 'utf8');
  for (const [path, by, told] of [
    ['/snapshot.json.sig', old, /expected a signature by the key in upstream-key/],
    ['/snapshot.json.sig', Buffer.from('nonsense'), /expected a signature by the key/],
    ['/snapshot.json', Buffer.from(body.replace('"queued": 0', '"queued": 1')), /expected a signature by the key/],
    ['/snapshot.json', undefined, /expected it and its \.sig, found none/],
    ['/snapshot.json.sig', undefined, /expected it and its \.sig, found none/],
    ['/snapshot.json', Buffer.alloc((64 << 10) + 1, 'x'), /larger than 65536 bytes/],
  ] as const) {
    served.alter = replaced(path, by);
    await t.rejects(pull(), { code: 'nonsense', message: told }, String(told));
  }
  await t.rejects(pull({ verifyUpstream: makeSnapshotKeys().verify }), { code: 'nonsense' }, 'another key');
  t.match(down.filenames('alpha'), { length: 2 }, 'nothing was changed');
  served.alter = (_path, same) => same;
  await pull();
  t.match(down.filenames('alpha'), { length: 3 });
});

t.test('who gets the one file before and the other after they were replaced asks again', async (t) => {
  const { up, served, down, pull, refresh } = await openChain(t);
  const old = readFileSync(join(up.web, 'snapshot.json'));
  await refresh();
  let left = 2;
  served.alter = (path, body) => {
    if (path !== '/snapshot.json' || left === 0) return body;
    left -= 1;
    return old;
  };
  await pull();
  t.same([left, alarms(down), isProven(down)], [0, [], true]);
});

t.test('upstream does not go back, unless somebody says that it was restored', async (t) => {
  const { up, served, down, pull, refresh } = await openChain(t);
  const [oldBody, oldSignature] = ['snapshot.json', 'snapshot.json.sig'].map((name) =>
    readFileSync(join(up.web, name)),
  );
  await refresh();
  await pull();
  served.alter = (path, body) =>
    path === '/snapshot.json' ? oldBody : path === '/snapshot.json.sig' ? oldSignature : body;
  await t.rejects(pull(), {
    code: 'nonsense',
    message: /went back from .* to .*; if upstream was restored, add --reconcile once$/,
  });
  await pull({ settings: { reconcile: true } });
  t.same(alarms(down), []);
  await pull();
});

t.test('a snapshot from the future is refused', async (t) => {
  const { up, pull } = await openChain(t);
  up.clock.advance(3 * hourMs);
  await up.run({ sign });
  await t.rejects(pull(), { code: 'nonsense', message: /which is yet to come; check the clocks/ });
});

t.test('an upstream that signs nothing new for two days is an alarm, and the run goes on', async (t) => {
  const { down, pull } = await openChain(t);
  down.clock.advance(47 * hourMs);
  await pull();
  t.same(alarms(down), []);
  down.clock.advance(hourMs);
  await pull();
  t.match(alarms(down), [/is 48 hours old; upstream does not run any more, or somebody holds it back/]);
});

t.test(
  'a page that is changed on the way is fetched again, and is an alarm when the next snapshot disagrees, too',
  async (t) => {
    const { up, served, down, pull, refresh } = await openChain(t);
    up.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
    await refresh();
    served.alter = (path, body) =>
      path === '/simple/alpha/' ? Buffer.from(String(body).replace('"yanked":false', '"yanked":true')) : body;
    await pull();
    t.same([alarms(down), isProven(down)], [[], false], 'upstream may have been at work');
    await pull();
    t.same(alarms(down), [], 'the same snapshot again tells nothing new');
    await refresh();
    await pull();
    t.match(alarms(down), [
      /pages in 1 of its groups are not those that upstream serves, although they were fetched again/,
    ]);
    served.alter = (_path, same) => same;
    await refresh();
    await pull();
    t.same([alarms(down), isProven(down)], [[], true], 'it heals by itself');
    t.notMatch(down.text('simple/alpha/index.v1_json'), '"yanked":true');
  },
);

t.test(
  'a page that is changed on the way is an alarm after two days, although an old page of its group is served',
  async (t) => {
    const { up, served, down, pull, refresh } = await openChain(t);
    const mate = nameBeside('alpha');
    up.index.publish(makeWheel({ name: mate, version: '1.0' }));
    await refresh();
    await pull();
    t.ok(isProven(down));
    const old = readFileSync(join(up.web, `simple/${mate}/index.v1_json`));
    up.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
    served.alter = (path, body) => {
      if (path === '/simple/alpha/') return Buffer.from(String(body).replace('"yanked":false', '"yanked":true'));
      return path === `/simple/${mate}/` ? old : body;
    };
    for (let hours = 0; hours <= 48; hours += 12) {
      up.index.publish(makeWheel({ name: mate, version: `2.${hours}` }));
      await refresh(12);
      await pull();
      t.same([isProven(down), alarms(down).length], [false, hours === 48 ? 1 : 0], `after ${hours} hours`);
    }
    t.match(alarms(down), [
      new RegExp(`could not be shown .*; 1 of its groups cannot be compared .*, such as ${mate}$`),
    ]);
    served.alter = (_path, same) => same;
    await refresh(12);
    await pull();
    t.same([alarms(down), isProven(down)], [[], true], 'it heals by itself');
    t.notMatch(down.text('simple/alpha/index.v1_json'), '"yanked":true');
  },
);

t.test('a group that did not agree is remembered while an old page hides it', async (t) => {
  const { up, served, down, pull, refresh } = await openChain(t);
  const mate = nameBeside('alpha');
  up.index.publish(makeWheel({ name: mate, version: '1.0' }));
  await refresh();
  await pull();
  const old = readFileSync(join(up.web, `simple/${mate}/index.v1_json`));
  const changed: ServedMirror['alter'] = (path, body) =>
    /^\/simple\/(alpha|gamma)\/$/.test(path)
      ? Buffer.from(String(body).replace('"yanked":false', '"yanked":true'))
      : body;
  const differing = () => down.remembered((state) => state.mirror().upstreamSnapshot?.differing?.groups);
  for (const name of ['alpha', 'gamma']) up.index.publish(makeWheel({ name, version: '2.0' }));
  served.alter = changed;
  await refresh();
  await pull();
  t.strictSame(sorted(differing()), sorted([groupOf('alpha'), groupOf('gamma')]));
  up.index.publish(makeWheel({ name: mate, version: '2.0' }));
  served.alter = (path, body) => (path === `/simple/${mate}/` ? old : changed(path, body));
  await refresh();
  await pull();
  t.match(alarms(down), [/pages in 1 of its groups/], 'of gamma');
  t.strictSame(sorted(differing()), sorted([groupOf('alpha'), groupOf('gamma')]));
  served.alter = changed;
  await refresh();
  await pull();
  t.match(alarms(down), [/pages in 2 of its groups/]);
});

t.test('what upstream changed without a serial is found by its snapshot', async (t) => {
  const { up, down, pull, refresh } = await openChain(t);
  await up.run({ sign, settings: { indexOnly: true } });
  const { serial } = up.remembered((state) => state.mirror());
  await refresh();
  for (let runs = 0; runs < 2; runs += 1) {
    await up.runLater({ sign, settings: { indexOnly: true } });
    down.clock.advance(hourMs);
    await pull({ fileHosts: [new URL(up.server.url).host], settings: { sweep: 0 } });
    t.same(alarms(down), []);
  }
  t.equal(up.remembered((state) => state.mirror()).serial, serial);
  t.ok(isProven(down));
});

t.test('who has the key of an upstream for the first time fetches what it cannot prove', async (t) => {
  const { served, down, pull, refresh } = await openChain(t);
  const db = new Database(join(down.target, 'state.db'));
  db.exec('UPDATE pages SET upstream = NULL');
  db.close();
  await refresh();
  served.asked.length = 0;
  await pull();
  t.same(served.asked.filter((path) => /^\/simple\/./.test(path)).sort(), [
    '/simple/alpha/',
    '/simple/beta/',
    '/simple/gamma/',
  ]);
  t.same([alarms(down), isProven(down)], [[], true]);
});

t.test('a list that is not the signed one is an alarm after two days', async (t) => {
  const { served, down, pull, refresh } = await openChain(t);
  served.alter = (path, body) => (path === '/simple/' ? Buffer.from(String(body).replace('"meta"', ' "meta"')) : body);
  for (let hours = 0; hours <= 48; hours += 16) {
    await refresh(16);
    await pull();
    t.same([isProven(down), alarms(down).length], [false, hours === 48 ? 1 : 0], `after ${hours} hours`);
  }
  t.match(alarms(down), [/for two days the pages that upstream serves could not be shown/]);
});
