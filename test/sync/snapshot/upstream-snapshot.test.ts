/** A mirror of a mirror that signs: what it accepts, what it refuses, and what it is alarmed by. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { groupOf as groupOfProject } from '../../../src/core/merkle-tree.ts';
import { projectName } from '../../../src/core/names.ts';
import { mirrorState } from '../../fixtures/mirror-state.ts';
import { type ServedMirror, serveMirror } from '../../fixtures/served-mirror.ts';
import { makeSnapshotKeys } from '../../fixtures/snapshot-keys.ts';
import { named, openTestMirror, type RunOptions, TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';

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
  const { upstreamSnapshot } = mirror.remembered((state) => mirrorState(state));
  return upstreamSnapshot !== undefined && upstreamSnapshot.unprovenSince === undefined;
}

function groupOf(text: string): number {
  const name = projectName(text);
  if (name === undefined) throw new Error(text);
  return groupOfProject(name);
}

/** A project of the same group. */
function nameBeside(name: string): string {
  for (let at = 0; ; at += 1) if (groupOf(`mate${at}`) === groupOf(name)) return `mate${at}`;
}

function replaced(path: string, by: Buffer | undefined): ServedMirror['alter'] {
  return (asked, body) => (asked === path ? by : body);
}

t.test('pages that upstream has signed are accepted, with and without changes', async (t) => {
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

t.test('a snapshot and a signature that do not belong together are requested again', async (t) => {
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

t.test('an older snapshot is refused, unless --reconcile accepts it', async (t) => {
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

/** What somebody on the way makes of a page: one more file, or another mark. */
function forged(page: Buffer | undefined): Buffer {
  const json = JSON.parse(String(page)) as { files: { filename: string; url: string }[] };
  const [file] = json.files;
  const extra = file && {
    ...file,
    filename: file.filename.replace(/1\.0/, '6.6'),
    url: file.url.replace(/1\.0/, '6.6'),
  };
  return Buffer.from(JSON.stringify({ ...json, files: [...json.files, extra] }));
}

t.test('a page with a file that was not signed is never published, and the run says so at once', async (t) => {
  const { up, served, down, pull, refresh } = await openChain(t);
  const before = down.text('simple/alpha/index.v1_json');
  up.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  up.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  await refresh();
  served.alter = (path, body) => (path === '/simple/alpha/' ? forged(body) : body);
  for (const _ of [1, 2]) {
    await pull();
    t.match(alarms(down), [
      /^\/snapshot\.json: pages in 1 of its groups are not those that upstream serves, .*, such as alpha; upstream was/,
    ]);
    t.match(down.parkings(), [/^alpha: held, as the pages of its group are not those in upstream's snapshot\.json$/]);
    t.equal(down.text('simple/alpha/index.v1_json'), before);
    t.same([down.page('beta').versions, isProven(down)], [['1.0', '2.0'], false], 'other groups go on');
    await refresh();
  }
  served.alter = (_path, same) => same;
  await pull();
  t.same([alarms(down), down.parkings(), isProven(down)], [[], [], true], 'it heals by itself');
  t.same(down.page('alpha').versions, ['1.0', '2.0']);
  t.same(down.problems(), []);
});

t.test('on a first run a page that was not signed is not published either', async (t) => {
  const up = await openTestMirror(t);
  await up.run({ sign });
  const served = await serveMirror(t, up.web);
  served.alter = (path, body) => (path === '/simple/alpha/' ? forged(body) : body);
  const below = join(up.target, 'below');
  mkdirSync(below);
  const down = new TestMirror(below, up.server);
  await down.run({ verifyUpstream: verify, settings: { upstream: served.url } });
  t.match(alarms(down), [/pages in 1 of its groups .* such as alpha;/]);
  t.same(
    down.page().projects.map(({ name }) => name),
    ['beta', 'gamma'],
  );
  t.equal(existsSync(join(down.web, 'simple/alpha')), false);
});

t.test('a page that changes between verification and download is not published', async (t) => {
  const { up, served, down, pull, refresh } = await openChain(t);
  up.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  await refresh();
  down.remembered((state) => {
    const [alpha] = named('alpha');
    if (alpha === undefined) throw new Error('alpha is a name');
    state.queue.enqueue([{ name: alpha, displayName: 'alpha', serial: 0, isRemovedUpstream: false }]);
    // A second try asks anew.
    for (const due of state.queue.due(down.clock.now(), false, undefined, 1)) {
      state.queue.park({ due: { ...due, attempts: 1 }, obstacle: 'failed', reason: 'was odd', nextTry: 0 });
    }
  });
  const forge: ServedMirror['alter'] = (path, body) => (path === '/simple/alpha/' ? forged(body) : body);
  await pull({
    report: ({ type }) => {
      if (type === 'queued') served.alter = forge;
    },
  });
  t.match(down.parkings(), [/^alpha: held, .*: expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}$/]);
  t.same(down.page('alpha').versions, ['1.0']);
  served.alter = (_path, same) => same;
  await refresh();
  await pull();
  t.same([down.parkings(), down.page('alpha').versions], [[], ['1.0', '2.0']]);
});

t.test('an unsigned change removes nothing, and adds nothing', async (t) => {
  const { up, served, down, pull, refresh } = await openChain(t);
  up.index.publish(makeWheel({ name: 'gamma', version: '2.0' }));
  await refresh();
  const evil = Buffer.from(up.text('simple/alpha/index.v1_json').replaceAll('alpha', 'evil'));
  served.alter = (path, body) => {
    if (path === '/simple/beta/') return undefined;
    if (path === '/simple/evil/') return evil;
    if (path !== '/simple/') return body;
    return Buffer.from(String(body).replace(/"name": ?"beta"/, '"name":"evil"'));
  };
  for (let hours = 0; hours < 6; hours += 1) {
    await pull();
    t.match(down.parkings().sort(), [
      /^beta: held, as upstream's page is not the one in its snapshot\.json: expected sha256 [0-9a-f]{64}, found absent$/,
      /^evil: held, as upstream's page is not the one in its snapshot\.json: expected sha256 absent, found [0-9a-f]{64}$/,
    ]);
    down.clock.advance(hourMs);
  }
  t.same(
    down.page().projects.map(({ name }) => name),
    ['alpha', 'beta', 'gamma'],
  );
  t.same(down.page('gamma').versions, ['1.0', '2.0'], 'other groups go on');
  served.alter = (_path, same) => same;
  await pull();
  t.same([alarms(down), isProven(down)], [[], true]);
  up.index.removeProject('beta');
  await refresh();
  await pull();
  t.same([alarms(down), existsSync(join(down.web, 'simple/beta'))], [[], false], 'what was signed does');
});

t.test('an upstream whose changes are hidden is an alarm at once', async (t) => {
  const { up, served, down, pull, refresh } = await openChain(t);
  const [list, page] = ['simple/index.v1_json', 'simple/alpha/index.v1_json'].map((path) =>
    readFileSync(join(up.web, path)),
  );
  up.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  await refresh();
  served.alter = (path, body) => (path === '/simple/' ? list : path === '/simple/alpha/' ? page : body);
  await pull();
  t.match(alarms(down), [/pages in 1 of its groups are not those that upstream serves/]);
});

t.test(
  'one page that cannot be fetched holds up its group, and is named; once it was fetched it holds up nothing',
  async (t) => {
    const { up, served, down, pull, refresh } = await openChain(t);
    const mate = nameBeside('alpha');
    up.index.publish(makeWheel({ name: mate, version: '1.0' }));
    await refresh();
    await pull();
    for (const name of ['alpha', 'gamma', mate]) up.index.publish(makeWheel({ name, version: '2.0' }));
    await refresh();
    const page = readFileSync(join(up.web, 'simple/alpha/index.v1_json'));
    served.alter = (path, body) => (path === '/simple/alpha/' ? Buffer.alloc((64 << 20) + 1) : body);
    await pull();
    t.match(alarms(down), [/pages in 1 of its groups .*\/simple\/alpha\/: larger than 67108864 bytes$/]);
    t.same([down.page(mate).versions, down.page('gamma').versions], [['1.0'], ['1.0', '2.0']]);

    const file = up.pathOf('alpha', 'alpha-2.0-py3-none-any.whl').replace(/^web/, '');
    served.alter = (path, body) =>
      path === `/${file}` || path === file ? undefined : path === '/simple/alpha/' ? page : body;
    await refresh();
    await pull();
    t.match(alarms(down), [/^alpha: "alpha-2\.0-py3-none-any\.whl": .* does not exist/]);
    t.same([down.page(mate).versions, isProven(down)], [['1.0', '2.0'], true]);
    up.index.publish(makeWheel({ name: mate, version: '3.0' }));
    await refresh();
    served.asked.length = 0;
    await pull();
    t.same([alarms(down), down.page(mate).versions, isProven(down)], [[], ['1.0', '2.0', '3.0'], true]);
  },
);

t.test('an upstream at work is waited for within the run, and else until the next', async (t) => {
  const { up, served, down, pull, refresh } = await openChain(t);
  const names = ['snapshot.json', 'snapshot.json.sig'];
  for (const [version, times] of [
    ['2.0', 2],
    ['3.0', Number.POSITIVE_INFINITY],
  ] as const) {
    const old = new Map(names.map((name) => [`/${name}`, readFileSync(join(up.web, name))]));
    up.index.publish(makeWheel({ name: 'alpha', version }));
    await refresh();
    let left = times;
    served.alter = (path, body) => {
      const was = left > 0 ? old.get(path) : undefined;
      left -= was === undefined ? 0 : 1;
      return was ?? body;
    };
    await pull();
    const isLate = times > 2;
    t.match(down.parkings(), isLate ? [/^alpha: held, as upstream's page is not the one in its snapshot/] : []);
    t.equal(down.page('alpha').versions.includes(version), !isLate);
    served.alter = (_path, same) => same;
  }
  await pull();
  t.same([alarms(down), down.page('alpha').versions], [[], ['1.0', '2.0', '3.0']]);
});

t.test('a page is fetched once, although it is verified first', async (t) => {
  const { up, served, pull, refresh } = await openChain(t);
  for (const name of ['alpha', 'new']) up.index.publish(makeWheel({ name, version: '2.0' }));
  await refresh();
  served.asked.length = 0;
  await pull();
  t.same(served.asked.filter((path) => /^\/simple\/./.test(path)).sort(), ['/simple/alpha/', '/simple/new/']);
});

t.test('a change without a new serial is found by the snapshot', async (t) => {
  const { up, down, pull, refresh } = await openChain(t);
  await up.run({ sign, settings: { indexOnly: true } });
  const { serial } = up.remembered((state) => mirrorState(state));
  await refresh();
  for (let runs = 0; runs < 2; runs += 1) {
    await up.runLater({ sign, settings: { indexOnly: true } });
    down.clock.advance(hourMs);
    await pull({ fileHosts: [new URL(up.server.url).host], settings: { sweep: 0 } });
    t.same(alarms(down), []);
  }
  t.equal(up.remembered((state) => mirrorState(state)).serial, serial);
  t.ok(isProven(down));
});

t.test('with a new key of upstream, pages that cannot be verified are fetched', async (t) => {
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
  t.match(alarms(down), [/for two days the list and the pages that upstream serves could not be shown/]);
});
