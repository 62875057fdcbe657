/** A redirect is not a removal, wherever it leads. */
import t from 'tap';
import { UsageError } from '../../../src/core/errors.ts';
import { indexOfMany } from '../../fixtures/index-of-many.ts';
import { changeOf } from '../../fixtures/mirror-state.ts';
import { fingerprint } from '../../fixtures/reader-check.ts';
import { syncedCopies } from '../../fixtures/synced-copies.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';

const openSynced = syncedCopies(t);

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

function without(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !/^last-modified$/.test(path)));
}

/** Every page is redirected, each to what `to` says. */
function redirectAll({ server, index }: TestMirror, to: (name: string) => string, status = 301): void {
  for (const { name } of index.projects()) {
    server.faults.add({ do: 'redirect', status, location: to(name), match: new RegExp(`^GET /simple/${name}/$`) });
  }
}

const targets: readonly [what: string, to: (name: string) => string, told: RegExp][] = [
  [
    'another host',
    (name) => `https://pypi.example/simple/${name}/`,
    /redirected \(301\) to https:\/\/pypi\.example\/simple\/\S+\/, which .*put upstream = "https:\/\/pypi\.example" into/,
  ],
  [
    'a login',
    () => '/login',
    /redirected \(301\) to http:\/\/127\.0\.0\.1:\d+\/login, which is no address of this project/,
  ],
  ['itself', (name) => `/simple/${name}/`, /redirected \(301\) in a circle; nothing was changed$/],
  [
    'another project',
    () => '/simple/other/',
    /redirected \(301\) to http:\S+\/simple\/other\/, which .*nothing was changed$/,
  ],
  ['nowhere', () => 'http://[', /redirected \(301\) to http:\/\/\[; nothing was changed$/],
];

for (const [what, to, told] of targets) {
  t.test(`pages that are redirected to ${what} take nothing away, announced or not`, async (t) => {
    const mirror = await openTestMirror(t, { index: indexOfMany(17) });
    await mirror.run();
    const before = without(fingerprint(mirror.web));
    redirectAll(mirror, to);
    mirror.index.addStrayRow('alpha', null, 'remove project');
    for (const { displayName } of mirror.index.projects().slice(1))
      mirror.index.addStrayRow(displayName, null, 'update');
    for (let time = 0; time < 2; time += 1) {
      const { parked } = await mirror.run();
      t.equal(parked.size, 20, 'each is an error of its own');
      for (const reason of mirror.parkings()) t.match(reason, told);
      mirror.clock.advance(70 * minuteMs);
    }
    mirror.clock.advance(2 * dayMs);
    await mirror.run();
    t.same({ ...without(fingerprint(mirror.web)), ...rootOf(before) }, before);
  });
}

/** The root index tells the serial. */
function rootOf(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => /^simple\/index\.v1_json/.test(path)));
}

t.test('a redirect to another address of the same project on the same index is followed', async (t) => {
  const mirror = await openTestMirror(t);
  const { faults } = mirror.server;
  faults.add({ do: 'redirect', location: '/simple/Alpha', match: /^GET \/simple\/alpha\/$/, times: 1 });
  const body = JSON.stringify({
    ...{ meta: { 'api-version': '1.0' }, name: 'Alpha', files: [] },
  });
  faults.add({ do: 'body', body, contentType: 'application/vnd.pypi.simple.v1+json', match: /^GET \/simple\/Alpha$/ });
  for (const status of [302, 303, 307, 308]) {
    faults.add({ do: 'redirect', status, location: '/simple/BETA', match: /^GET \/simple\/beta\/$/, times: 1 });
  }
  await mirror.run();
  t.same(mirror.filenames('alpha'), []);
  t.match(mirror.parkings(), [/^beta: \S+\/simple\/beta\/: redirected \(301\) in a circle; nothing was changed$/]);
});

t.test('an index that has moved for good is named, and nothing is requested or changed', async (t) => {
  const mirror = await openSynced(t);
  const before = fingerprint(mirror.web);
  for (const upstream of ['https://pypi.python.org', 'http://pypi.python.org/pypi', 'https://c.pypi.python.org']) {
    for (const reconcile of [false, true]) {
      const run = mirror.runLater({ settings: { upstream, reconcile } });
      await t.rejects(run, UsageError);
      await t.rejects(run, {
        message: `${upstream}: is https://pypi.org now; put upstream = "https://pypi.org" into mirror.toml`,
      });
    }
  }
  t.same(fingerprint(mirror.web), before);
  t.same(mirror.requested(), []);
});

t.test('a mirror of the old address goes on at the new one', async (t) => {
  const mirror = await openSynced(t);
  mirror.remembered((state) => state.set(changeOf({ upstream: 'https://pypi.python.org' })));
  const moved = mirror.runLater({ settings: { upstream: 'https://pypi.org' }, signal: AbortSignal.abort() });
  await t.rejects(moved, { name: 'PausedError' }, 'and is not refused for it');
});
