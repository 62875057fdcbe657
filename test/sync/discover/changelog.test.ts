import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { NonsenseError, UnreachableError, UsageError } from '../../../src/core/errors.ts';
import { mirrorState } from '../../fixtures/mirror-state.ts';
import { fingerprint } from '../../fixtures/reader-check.ts';
import { syncedCopies } from '../../fixtures/synced-copies.ts';
import { named, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { openSampleServer } from '../../sample/sample-server.ts';

const openSynced = syncedCopies(t);

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;

const release = (mirror: TestMirror, name: string, version: string) =>
  mirror.index.publish(makeWheel({ name, version }));

t.test('changes during the transfer of the list are read from the changelog', async (t) => {
  const mirror = await openTestMirror(t);
  let changed = false;
  await mirror.run({
    report: ({ type }) => {
      if (type !== 'queued' || changed) return;
      changed = true;
      release(mirror, 'delta', '1.0');
      mirror.index.removeProject('gamma');
    },
  });
  t.notOk(existsSync(join(mirror.web, 'simple/delta')));
  await mirror.runLater();
  t.same(mirror.page('delta').versions, ['1.0']);
  t.notOk(existsSync(join(mirror.web, 'simple/gamma')));
  t.same(mirror.problems(), []);
});

t.test('a project created after an old list was made is not lost', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.freezeList();
  release(mirror, 'delta', '1.0');
  await mirror.run();
  mirror.server.faults.clear();
  await mirror.runLater();
  t.same(mirror.page('delta').versions, ['1.0']);
  t.same(mirror.problems(), []);
});

t.test('--reconcile with an old list loses no change that the changelog had', async (t) => {
  const mirror = await openSynced(t);
  mirror.server.faults.freezeList();
  release(mirror, 'delta', '1.0');
  await mirror.runLater({ settings: { reconcile: true } });
  mirror.server.faults.clear();
  await mirror.runLater();
  t.same(mirror.page('delta').versions, ['1.0']);
  t.same(mirror.problems(), []);
});

t.test('a changelog of more than one page is read to its end', async (t) => {
  const mirror = await openSynced(t);
  release(mirror, 'alpha', '2.0');
  for (let row = 0; row < 50_000; row += 1) mirror.index.addStrayRow(null, null, null);
  release(mirror, 'beta', '2.0');
  await mirror.runLater();
  t.same(
    mirror.requested().filter((path) => path.startsWith('changelog')),
    ['changelog_since_serial', 'changelog_since_serial'],
  );
  t.same(
    [mirror.page('alpha').versions, mirror.page('beta').versions],
    [
      ['1.0', '2.0'],
      ['1.0', '2.0'],
    ],
  );
  t.equal(
    mirror.remembered((state) => mirrorState(state).serial),
    mirror.index.serial,
  );
});

t.test('an upstream with shorter pages is followed from run to run', async (t) => {
  const mirror = await openTestMirror(t, { changelogPageSize: 3 });
  await mirror.run();
  release(mirror, 'alpha', '2.0');
  release(mirror, 'beta', '2.0');
  release(mirror, 'delta', '1.0');
  await mirror.runLater();
  await mirror.runLater();
  await mirror.runLater();
  t.same(mirror.page('delta').versions, ['1.0']);
  t.same(mirror.problems(), []);
});

t.test('rows without a project, or with an invalid name, are ignored', async (t) => {
  const mirror = await openSynced(t);
  mirror.index.addStrayRow(null, null, null);
  mirror.index.addStrayRow('', null, 'create');
  mirror.index.addStrayRow('../../etc', '1.0', 'new release');
  mirror.index.addStrayRow('alpha', null, null);
  await mirror.runLater();
  t.same(mirror.requested(), ['changelog_since_serial', '/simple/alpha/', ...Array(4).fill('/simple/alpha/')]);
  t.equal(
    mirror.remembered((state) => mirrorState(state).serial),
    mirror.index.serial,
  );
});

t.test('if the changelog is retired, the list is compared, and the changelog is tried again after a day', async (t) => {
  const mirror = await openTestMirror(t);
  const { faults } = mirror.server;
  await mirror.run();
  faults.add({ do: 'xmlrpc-fault', code: -32500, text: 'RuntimeError: PyPI no longer supports this method.' });
  release(mirror, 'alpha', '2.0');
  mirror.index.removeProject('gamma');
  await mirror.runLater();
  t.match(mirror.warnings(), [/no changelog, so the list of projects is compared instead/]);
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.notOk(existsSync(join(mirror.web, 'simple/gamma')));
  t.same(mirror.problems(), []);

  await mirror.runLater();
  t.same(mirror.requested(), ['/simple/']);
  t.match(mirror.server.requests, [{ status: 304 }], 'an unchanged list costs little');
  faults.clear();
  release(mirror, 'beta', '2.0');
  await mirror.runLater();
  t.same(mirror.page('beta').versions, ['1.0', '2.0']);
  t.notOk(mirror.requested().some((path) => path.startsWith('changelog')));

  mirror.clock.advance(dayMs);
  release(mirror, 'beta', '3.0');
  await mirror.run();
  t.equal(mirror.requested()[0], 'changelog_since_serial');
  t.same(mirror.page('beta').versions, ['1.0', '2.0', '3.0']);
  await mirror.runLater();
  t.same(mirror.requested(), ['changelog_since_serial']);
  t.same(mirror.problems(), []);
});

for (const status of [404, 405] as const) {
  t.test(`an index that answers ${status} to XML-RPC is mirrored by its list`, async (t) => {
    const mirror = await openTestMirror(t);
    mirror.server.faults.add({ do: 'xmlrpc-off', status });
    await mirror.run();
    t.same(mirror.problems(), []);
    t.equal(
      mirror.remembered((state) => mirrorState(state).serial),
      mirror.index.serial,
      "the serial is the list's own",
    );
    await mirror.runLater();
    t.same(mirror.requested(), ['/simple/']);
    t.match(mirror.server.requests, [{ status: 304 }]);
    release(mirror, 'alpha', '2.0');
    await mirror.runLater();
    t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
    t.equal(mirror.page().meta['_last-serial'], mirror.index.serial, 'and moves with it');
    t.same(mirror.problems(), []);
  });
}

t.test('without a changelog each of the chosen projects is requested', async (t) => {
  const mirror = await openTestMirror(t);
  const settings = { projects: named('alpha', 'beta') };
  mirror.server.faults.add({ do: 'xmlrpc-off' });
  await mirror.run({ settings });
  release(mirror, 'alpha', '2.0');
  await mirror.runLater({ settings });
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.notOk(mirror.requested().includes('/simple/'));
  t.same(mirror.problems(), []);
});

t.test('with chosen projects a changelog that returns is not read from its beginning', async (t) => {
  const mirror = await openTestMirror(t);
  const settings = { projects: named('alpha') };
  mirror.server.faults.add({ do: 'xmlrpc-off' });
  await mirror.run({ settings });
  mirror.server.faults.clear();
  mirror.clock.advance(dayMs + hourMs);
  await mirror.run({ settings });
  t.same(mirror.requested(), ['changelog_last_serial', '/simple/alpha/']);
  await mirror.runLater({ settings });
  t.same(mirror.requested(), ['changelog_since_serial']);
});

t.test('a failing changelog is waited for, and after an hour the list is compared', async (t) => {
  const mirror = await openSynced(t);
  mirror.server.faults.add({ do: 'status', status: 502, match: /^POST/ });
  release(mirror, 'alpha', '2.0');
  const before = fingerprint(mirror.web);
  mirror.clock.advance(60_000);
  await t.rejects(mirror.run(), UnreachableError);
  t.same(mirror.requested(), Array(5).fill('changelog_since_serial'), 'asked five times');
  t.same(fingerprint(mirror.web), before);
  mirror.clock.advance(30 * 60_000);
  await t.rejects(mirror.run(), UnreachableError);
  mirror.clock.advance(30 * 60_000);
  await mirror.run();
  t.match(mirror.warnings(), [/no changelog/]);
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  mirror.server.faults.clear();
  release(mirror, 'alpha', '3.0');
  await mirror.runLater();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0', '3.0']);
  t.same(mirror.warnings(), []);
  t.equal(
    mirror.remembered((state) => mirrorState(state).changelogDownSince),
    undefined,
  );
});

t.test('too many XML-RPC requests are answered with the pause that upstream names', async (t) => {
  const mirror = await openSynced(t);
  const text = 'HTTPTooManyRequests: The action could not be performed. Limit may reset in 7 seconds.';
  mirror.server.faults.add({ do: 'xmlrpc-fault', code: -32500, text, times: 2 });
  const started = mirror.clock.now();
  await mirror.run();
  t.ok(mirror.clock.now() - started >= 14_000);
  t.equal(mirror.requested().length, 3);
  t.same(mirror.warnings(), []);
});

t.test('once a day the list reveals changes that the changelog lacks', async (t) => {
  const mirror = await openSynced(t);
  const { serial } = mirror.index;
  release(mirror, 'delta', '1.0');
  mirror.index.removeProject('gamma');
  mirror.index.journal.splice(mirror.index.journal.findIndex((row) => row[4] > serial));
  await mirror.runLater();
  t.same(mirror.requested(), ['changelog_since_serial']);
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.same(mirror.page('delta').versions, ['1.0']);
  t.notOk(existsSync(join(mirror.web, 'simple/gamma')));
  t.same(mirror.problems(), []);
  await mirror.runLater();
  t.same(mirror.requested(), ['changelog_since_serial'], 'then not before a day has passed');
});

t.test('a day without changes costs one request more for the serial and one for the list', async (t) => {
  const mirror = await openSynced(t);
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.match(mirror.server.requests, [
    { rpc: 'changelog_since_serial' },
    { rpc: 'changelog_last_serial' },
    { path: '/simple/', status: 304 },
  ]);
  await mirror.run();
  t.same(mirror.requested(), ['changelog_since_serial']);
});

t.test('a project that is missing from the list but answers with its page stays', async (t) => {
  const mirror = await openSynced(t);
  const list = { ...mirror.page(), projects: mirror.page().projects.slice(1) };
  mirror.server.faults.add({
    do: 'body',
    body: JSON.stringify(list),
    contentType: 'application/vnd.pypi.simple.v1+json',
    match: /^GET \/simple\/$/,
  });
  await mirror.runLater({ settings: { reconcile: true } });
  t.ok(mirror.requested().includes('/simple/alpha/'));
  t.same(mirror.problems(), []);
  t.ok(existsSync(join(mirror.web, 'simple/alpha/index.html')));
});

t.test('an old list removes no project that was created after it', async (t) => {
  const mirror = await openSynced(t);
  mirror.server.faults.freezeList();
  release(mirror, 'delta', '1.0');
  await mirror.runLater();
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.same(mirror.page('delta').versions, ['1.0']);
  t.same(mirror.eventsOf('project-started'), []);
  t.same(mirror.problems(), []);
});

t.test('an old list does not bring back a project that the changelog removed', async (t) => {
  const mirror = await openSynced(t);
  release(mirror, 'beta', '2.0');
  mirror.server.faults.freezeList();
  mirror.index.removeProject('gamma');
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.same(mirror.requested().slice(0, 2), ['changelog_since_serial', '/simple/']);
  t.notOk(existsSync(join(mirror.web, 'simple/gamma')));
  t.same(mirror.parkings(), []);
});

t.test('an empty list is refused', async (t) => {
  const mirror = await openSynced(t);
  const before = fingerprint(mirror.web);
  mirror.server.faults.add({
    do: 'body',
    body: '{"meta":{"_last-serial":9999,"api-version":"1.4"},"projects":[]}',
    contentType: 'application/vnd.pypi.simple.v1+json',
    match: /^GET \/simple\/$/,
  });
  await t.rejects(mirror.runLater({ settings: { reconcile: true } }), NonsenseError);
  t.same(fingerprint(mirror.web), before);
  t.match(
    mirror.remembered((state) => state.totals()),
    { projects: 3, queued: 0 },
  );
});

for (const encoding of ['gzip', 'identity'] as const) {
  t.test(`a list that is cut off changes nothing (${encoding})`, async (t) => {
    const mirror = await openSynced(t);
    const before = fingerprint(mirror.web);
    release(mirror, 'aaa', '1.0');
    if (encoding === 'identity') {
      const { meta, projects } = mirror.page();
      const list = JSON.stringify({
        meta,
        projects: [{ name: 'aaa', '_last-serial': mirror.index.serial }, ...projects],
      });
      mirror.server.faults.add({
        do: 'body',
        body: list,
        contentType: 'application/vnd.pypi.simple.v1+json',
        match: /^GET \/simple\/$/,
      });
    }
    const off = mirror.server.faults.add({ do: 'truncate-length', by: 10, match: /^GET \/simple\/$/ });
    await t.rejects(mirror.runLater({ settings: { reconcile: true } }), NonsenseError);
    off();
    mirror.server.faults.add({ do: 'cut', after: 60, match: /^GET \/simple\/$/ });
    await t.rejects(mirror.runLater({ settings: { reconcile: true } }), UnreachableError);
    t.same(fingerprint(mirror.web), before);
    t.equal(
      mirror.remembered((state) => state.totals().queued),
      0,
    );
    mirror.server.faults.clear();
    await mirror.runLater();
    t.same(mirror.page('aaa').versions, ['1.0']);
  });
}

t.test('a list that fails does not keep the changelog from being followed', async (t) => {
  const mirror = await openSynced(t);
  mirror.clock.advance(dayMs);
  release(mirror, 'alpha', '2.0');
  mirror.server.faults.add({ do: 'status', status: 500, match: /^GET \/simple\/$/ });
  await mirror.run();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.match(mirror.warnings(), [/simple\//]);
});

t.test('an invalid name in the list is a warning, and the other projects are mirrored', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({
    do: 'body',
    body: '{"meta":{"_last-serial":1,"api-version":"1.4"},"projects":[{"name":"../up"},{"name":"beta"}]}',
    contentType: 'application/vnd.pypi.simple.v1+json',
    match: /^GET \/simple\/$/,
  });
  await mirror.run();
  t.match(mirror.warnings(), [/the list names "\.\.\/up", which is no project name/]);
  t.same(mirror.problems(), []);
  t.same(mirror.page('beta').versions, ['1.0']);
});

t.test('a changelog whose serials go back is not believed, and the list is compared instead', async (t) => {
  const mirror = await openSynced(t);
  const { serial } = mirror.index;
  mirror.index.journal.push(['alpha', null, 0, 'create', serial + 5], ['beta', null, 0, 'create', serial - 1]);
  await mirror.runLater();
  t.match(mirror.warnings(), [/^no changelog, so the list of projects is compared instead: .* expected serials after/]);
  t.equal(
    mirror.remembered((state) => mirrorState(state).serial),
    serial,
  );
});

t.test('another upstream is refused, and accepted with --reconcile', async (t) => {
  const mirror = await openSynced(t);
  const other = await openSampleServer({ index: mirror.index });
  t.teardown(() => other.close());
  const before = fingerprint(mirror.web);
  const upstream = other.url;
  await t.rejects(mirror.runLater({ settings: { upstream } }), UsageError);
  t.same(fingerprint(mirror.web), before);
  release(mirror, 'alpha', '2.0');
  await mirror.runLater({ settings: { upstream, reconcile: true } });
  t.same(mirror.problems(), []);
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  await mirror.runLater({ settings: { upstream } });
  t.same(mirror.problems(), []);
});
