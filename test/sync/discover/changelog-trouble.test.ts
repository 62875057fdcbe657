/** What goes wrong with the changelog neither ends a run before its queue is worked, nor slows anything else. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { NonsenseError, UnreachableError } from '../../../src/core/errors.ts';
import { mirrorState } from '../../fixtures/mirror-state.ts';
import { syncedCopies } from '../../fixtures/synced-copies.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import type { Fault } from '../../sample/fault-behaviours.ts';

const openSynced = syncedCopies(t);

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;

const release = (mirror: TestMirror, name: string, version: string) =>
  mirror.index.publish(makeWheel({ name, version }));
const serialOf = (mirror: TestMirror) => mirror.remembered((state) => mirrorState(state).serial);

/** A mirror with beta in the queue. */
async function openWithQueue(t: Parameters<typeof openTestMirror>[0]): Promise<TestMirror> {
  const mirror = await openSynced(t);
  release(mirror, 'beta', '2.0');
  const off = mirror.server.faults.add({ do: 'status', status: 500, match: /simple\/beta\/$/ });
  await mirror.runLater();
  off();
  return mirror;
}

const limited = 'HTTPTooManyRequests: too many. Limit may reset in 3000 seconds.';
const troubles: readonly [what: string, fault: Fault, error: typeof NonsenseError | typeof UnreachableError][] = [
  ['that is out of order', { do: 'status', status: 502, match: /^POST/ }, UnreachableError],
  ['that answers too late', { do: 'stall', match: /^POST/ }, UnreachableError],
  ['that is cut off', { do: 'truncate-length', match: /^POST/ }, NonsenseError],
  ['that refuses calls', { do: 'status', status: 400, match: /^POST/ }, NonsenseError],
];

for (const [what, fault, error] of troubles) {
  t.test(`with a changelog ${what} the queue is processed, and the run reports that it knows no changes`, async (t) => {
    const mirror = await openWithQueue(t);
    mirror.server.faults.add(fault);
    const before = mirror.text('last-modified');
    await t.rejects(mirror.runLater({ timeoutMs: 300 }), error);
    t.same(mirror.page('beta').versions, ['1.0', '2.0']);
    t.equal(mirror.page().projects.find(({ name }) => name === 'beta')?.['_last-serial'], 1012, 'the list, too');
    t.equal(mirror.text('last-modified'), before, 'but nobody says that all news are here');
  });
}

const refusals: readonly [what: string, fault: Fault][] = [
  ['whose rate limit is reached', { do: 'xmlrpc-fault', code: -32500, text: limited }],
  ['that wants to be left alone', { do: 'status', status: 429, retryAfter: '7200', match: /^POST/ }],
  ['that a firewall answers for', { do: 'status', status: 403, match: /^POST/ }],
];

for (const [what, fault] of refusals)
  t.test(
    `with a changelog ${what} no removal waits: the list is compared, and the changelog is read later`,
    async (t) => {
      const mirror = await openWithQueue(t);
      const off = mirror.server.faults.add(fault);
      const before = serialOf(mirror);
      mirror.index.removeProject('alpha');
      mirror.clock.advance(hourMs / 6);
      await mirror.run();
      t.same(mirror.page('beta').versions, ['1.0', '2.0']);
      t.notOk(existsSync(join(mirror.web, 'simple/alpha')));
      t.match(mirror.warnings(), [/no changelog, so the list of projects is compared instead/]);
      t.equal(serialOf(mirror), before, 'what happened is still to be read');
      mirror.index.quarantineRelease('beta', '2.0');
      await mirror.run();
      t.same(mirror.page('beta').versions, ['1.0']);
      off();
      await mirror.runLater();
      t.same(mirror.warnings(), []);
      t.equal(serialOf(mirror), mirror.index.serial);
      t.same(mirror.problems(), []);
    },
  );

t.test('a run without changelog and list reports that it knows no changes', async (t) => {
  const mirror = await openWithQueue(t);
  mirror.server.faults.add({ do: 'status', status: 403, match: /^POST|simple\/$/ });
  await t.rejects(mirror.runLater(), UnreachableError);
  t.same(mirror.page('beta').versions, ['1.0', '2.0']);
});

for (const [what, fault] of [
  ['a page of HTML', { do: 'html-200', match: /^POST/ }],
  ['a redirect', { do: 'redirect', location: 'https://elsewhere.example/pypi', match: /^POST/ }],
] as const) {
  t.test(`while ${what} answers instead of the changelog, the list is compared`, async (t) => {
    const mirror = await openSynced(t);
    const off = mirror.server.faults.add(fault);
    release(mirror, 'alpha', '2.0');
    await mirror.runLater();
    t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
    t.match(mirror.warnings(), [
      /no changelog, so the list of projects is compared instead: \S+\/pypi: changelog_since/,
    ]);
    off();
    release(mirror, 'alpha', '3.0');
    await mirror.runLater();
    t.equal(mirror.requested()[0], 'changelog_since_serial', 'which is asked again at once');
    t.same(mirror.page('alpha').versions, ['1.0', '2.0', '3.0']);
    t.same(mirror.warnings(), []);
  });
}

t.test('one malformed row hides no other: the list is compared, and removed projects go at once', async (t) => {
  const mirror = await openSynced(t);
  release(mirror, 'alpha', '2.0');
  mirror.index.removeProject('beta');
  mirror.index.journal.push(['alpha', null, 0, 'update', -5]);
  await mirror.runLater();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.notOk(existsSync(join(mirror.web, 'simple/beta')));
  t.match(mirror.warnings(), [
    /list of projects is compared instead: \S+\/pypi: .*expected serials after \d+, found -5/,
  ]);
  release(mirror, 'alpha', '3.0');
  await mirror.runLater();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0', '3.0']);
  t.same(mirror.warnings(), [], 'and the changelog is read again from behind it');
});

for (const [at, value] of [
  [2, 9_000_000_000_000_000],
  [2, -5],
  [2, 1e12],
  [1, 'x'.repeat(100_000)],
  [4, 9_000_000_000_000_000],
] as const)
  t.test(
    `one value of a row that is ${String(value).slice(0, 20)} at ${at} hides no removal, and no quarantine`,
    async (t) => {
      const mirror = await openSynced(t);
      mirror.index.removeProject('beta');
      mirror.index.quarantine('gamma');
      mirror.index.addRole('alpha', 'somebody');
      const row = mirror.index.journal.pop() ?? ['alpha', null, 0, 'update', 0];
      mirror.index.journal.push(row.map((cell, place) => (place === at ? value : cell)) as unknown as typeof row);
      for (let run = 0; run < 2; run += 1) {
        await mirror.runLater();
        t.notOk(existsSync(join(mirror.web, 'simple/beta')));
        t.same(mirror.filenames('gamma'), []);
        t.match(mirror.text('removed.json'), /beta/);
      }
      t.same(mirror.problems(), []);
    },
  );

t.test('rows in another order are read in that of their serials', async (t) => {
  const mirror = await openSynced(t);
  const { journal } = mirror.index;
  const from = journal.length;
  release(mirror, 'alpha', '2.0');
  mirror.index.removeProject('beta');
  journal.push(...journal.splice(from).reverse());
  await mirror.runLater();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.notOk(existsSync(join(mirror.web, 'simple/beta')));
  t.equal(serialOf(mirror), mirror.index.serial);
  t.same(mirror.warnings(), []);
});

for (const [what, fault] of [
  ['that cannot be read', { do: 'truncate-length', match: /^POST/ }],
  ['that refuses calls', { do: 'status', status: 400, match: /^POST/ }],
] as const)
  t.test(`a changelog ${what} is reported for an hour, then the list is compared`, async (t) => {
    const mirror = await openSynced(t);
    release(mirror, 'alpha', '2.0');
    mirror.index.removeProject('beta');
    mirror.server.faults.add(fault);
    await t.rejects(mirror.runLater(), NonsenseError);
    await mirror.runLater();
    t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
    t.notOk(existsSync(join(mirror.web, 'simple/beta')));
    t.match(mirror.warnings(), [/no changelog, so the list of projects is compared instead/]);
  });

for (const leap of [90_000, 49_000_000])
  t.test(
    `one row that jumps by ${leap} is not believed, the rows before it are, and each run reports it`,
    async (t) => {
      const mirror = await openSynced(t);
      release(mirror, 'beta', '2.0');
      const right = mirror.index.serial;
      mirror.index.journal.push(['alpha', null, 0, 'update', right + leap]);
      for (let run = 0; run < 3; run += 1) {
        await t.rejects(mirror.runLater(), {
          name: 'NonsenseError',
          message: /the changelog: the serial jumps from 10\d\d to (?:91|49001)0\d\d, and is not believed/,
        });
        t.same(mirror.page('beta').versions, ['1.0', '2.0'], 'what came before it is learned');
        t.equal(serialOf(mirror), right);
      }
      mirror.index.journal.splice(mirror.index.journal.findIndex((row) => row[4] > right));
      release(mirror, 'beta', '3.0');
      await mirror.runLater();
      t.same(mirror.page('beta').versions, ['1.0', '2.0', '3.0']);
    },
  );

t.test('a jump that the list confirms is believed', async (t) => {
  const mirror = await openSynced(t);
  for (let row = 0; row < 150_000; row += 1) mirror.index.addStrayRow(null, null, null);
  release(mirror, 'beta', '2.0');
  mirror.index.journal.splice(0, 150_000);
  await mirror.runLater();
  t.equal(serialOf(mirror), mirror.index.serial);
  t.same(mirror.page('beta').versions, ['1.0', '2.0']);
});

t.test('a jump for which enough time has passed is believed', async (t) => {
  const mirror = await openSynced(t);
  for (let row = 0; row < 150_000; row += 1) mirror.index.addStrayRow(null, null, null);
  release(mirror, 'beta', '2.0');
  mirror.index.journal.splice(0, 150_000);
  mirror.server.faults.add({ do: 'status', status: 500, match: /simple\/$/ });
  await t.rejects(mirror.runLater(), NonsenseError);
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.same(mirror.page('beta').versions, ['1.0', '2.0']);
});

t.test('a single entry of the list does not confirm a jump', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'xmlrpc-off' });
  await mirror.run();
  const { meta, projects } = mirror.page();
  mirror.index.addRole('alpha', 'somebody');
  const far = projects.map(({ name }) => ({ name, '_last-serial': name === 'alpha' ? 49_000_000 : 1 }));
  const body = JSON.stringify({ meta: { ...meta, '_last-serial': mirror.index.serial }, projects: far });
  const contentType = 'application/vnd.pypi.simple.v1+json';
  mirror.server.faults.add({ do: 'body', body, contentType, match: /^GET \/simple\/$/ });
  await mirror.runLater();
  t.same(mirror.parkings(), []);
});
