import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { FileStore } from '../../../../src/files/file-store.ts';
import { sync } from '../../../../src/sync/sync.ts';
import { fingerprint, treeOf } from '../../../fixtures/reader-check.ts';
import { syncedCopies } from '../../../fixtures/synced-copies.ts';
import { openMirrorAt, openTestMirror, type TestMirror } from '../../../fixtures/test-mirror.ts';
import { makeWheel } from '../../../sample/distributions.ts';
import { pseudoRandomBytes } from '../../../sample/pseudo-random.ts';
import { SampleIndex } from '../../../sample/sample-index.ts';
import { openSampleServer } from '../../../sample/sample-server.ts';

const openSynced = syncedCopies(t);

const minuteMs = 60_000;
const megabyte = 1 << 20;

/** A mirror of one project `large` with one wheel of 3 MB, which is not fetched yet, and the wheel's path. */
async function openLarge(
  t: Parameters<typeof openTestMirror>[0],
): Promise<{ mirror: TestMirror; path: string; size: number }> {
  const index = new SampleIndex();
  const files = { 'large/data.bin': pseudoRandomBytes('large', 3 * megabyte) };
  const file = index.publish(makeWheel({ name: 'large', version: '1.0', files }));
  return { mirror: await openTestMirror(t, { index }), path: file.path, size: file.content.length };
}

const wheelRequests = (mirror: TestMirror) => mirror.server.requests.filter(({ path }) => path.endsWith('.whl'));
const wheel = /\.whl$/;

/** The bytes of all downloads as a progress display adds them up. */
const progress = (mirror: TestMirror): number => mirror.eventsOf('bytes').reduce((sum, { bytes }) => sum + bytes, 0);

/** What is told of files that are left out. */
const alarms = (mirror: TestMirror): string[] => mirror.eventsOf('alarm').map(({ message }) => message);

t.test('a file with the wrong bytes is fetched three times and never published', async (t) => {
  const mirror = await openTestMirror(t);
  const beta = mirror.pathOf('beta', 'beta-1.0-py3-none-any.whl');
  mirror.server.faults.add({ do: 'corrupt', match: /beta-1\.0-py3-none-any\.whl$/ });
  t.same([...(await mirror.run()).parked], []);
  t.match(alarms(mirror), [
    /^beta: "beta-1\.0-py3-none-any\.whl": .* expected \d+ bytes with sha256 [0-9a-f]{64}, found \d+ bytes with [0-9a-f]{64}; it is left out/,
  ]);
  t.equal(mirror.requested().filter((path) => path === `/${beta}`).length, 3);
  t.notOk(existsSync(join(mirror.web, beta)));
  t.same(mirror.filenames('beta'), []);
  t.same(mirror.problems(), [], 'the others are published');
  mirror.server.faults.clear();
  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.ok(existsSync(join(mirror.web, beta)));
});

t.test('a file that arrives damaged once is fetched again at once', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'corrupt', match: wheel, times: 1 });
  const result = await mirror.run();
  t.equal(result.parked.size, 0);
  t.same(mirror.problems(), []);
});

t.test('a file that is shorter than listed is not published', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'truncate-length', by: 1, match: /beta.*\.whl$/ });
  t.equal((await mirror.run()).parked.size, 0);
  t.match(alarms(mirror), [/expected \d+ bytes/]);
  t.same(mirror.filenames('beta'), []);
  t.same(mirror.problems(), []);
});

t.test('a file that is longer than listed is not published', async (t) => {
  const mirror = await openTestMirror(t);
  const content = mirror.index.blob(`/${mirror.pathOf('beta', 'beta-1.0-py3-none-any.whl')}`)?.content;
  if (content === undefined) throw new Error('beta has no wheel');
  mirror.server.faults.add({ do: 'body', body: Buffer.concat([content, Buffer.from('x')]), match: /beta.*\.whl$/ });
  t.equal((await mirror.run()).parked.size, 0);
  t.match(alarms(mirror), [/expected \d+ bytes with sha256 \w+, found \d+ bytes with/]);
  t.same(mirror.filenames('beta'), []);
  t.same(mirror.problems(), []);
});

t.test('a file that never ends is given up', async (t) => {
  const { mirror, size } = await openLarge(t);
  mirror.server.faults.add({ do: 'endless', match: wheel });
  await mirror.run();
  t.match(alarms(mirror), [/more than \d+ bytes, and the index promises \d+;/]);
  t.same(mirror.filenames('large'), []);
  t.ok(mirror.server.traffic.bytesSent < 40 * size);
  t.same(mirror.problems(), []);
});

t.test('a download that breaks goes on where it was, in the same run', async (t) => {
  const { mirror, path, size } = await openLarge(t);
  mirror.server.faults.add({ do: 'cut', after: 2 * megabyte, match: wheel, times: 1 });
  await mirror.run();
  t.same(mirror.problems(), []);
  const [first, second, ...more] = wheelRequests(mirror);
  t.same(more, []);
  t.equal(first?.headers.range, undefined);
  t.match(second?.headers, { range: /^bytes=\d{7}-$/, 'if-range': /^".+"$/ });
  t.equal(progress(mirror), size);
  t.ok(readFileSync(join(mirror.web, path)).length === size);
});

t.test('a download that broke goes on in a later run, though runs between had nothing to do', async (t) => {
  const { mirror, size } = await openLarge(t);
  mirror.server.faults.add({ do: 'cut', after: 2 * megabyte, match: wheel, times: 1 });
  let broken = false;
  const result = await mirror.run({
    report: ({ type }) => {
      if (type !== 'bytes' || broken) return;
      broken = true;
      mirror.server.faults.add({ do: 'reset', match: wheel });
    },
  });
  t.same([...result.parked], ['large']);
  mirror.server.faults.clear();
  mirror.clock.advance(minuteMs);
  await mirror.run();
  t.same(wheelRequests(mirror), [], 'not before its time');
  mirror.clock.advance(10 * minuteMs);
  await mirror.run();
  t.match(wheelRequests(mirror), [{ headers: { range: /^bytes=\d{7}-$/, 'if-range': /^".+"$/ }, status: 206 }]);
  t.equal(progress(mirror), size);
  t.same(mirror.problems(), []);
});

for (const [what, fault] of [
  ['ignores the range', { do: 'ignore-range' }],
  ['changed its ETag', { do: 'etag-change' }],
  ['forges the range once', { do: 'wrong-range', times: 1 }],
  ['finds the range impossible', { do: 'status', status: 416, times: 1 }],
] as const) {
  t.test(`a download that broke is complete although upstream ${what}`, async (t) => {
    const { mirror, size } = await openLarge(t);
    mirror.server.faults.add({ do: 'cut', after: 2 * megabyte, match: wheel, times: 1 });
    let broken = false;
    const result = await mirror.run({
      report: (event) => {
        if (broken || event.type !== 'bytes') return;
        broken = true;
        mirror.server.faults.add({ ...fault, match: wheel });
      },
    });
    t.equal(result.parked.size, 0);
    t.ok(wheelRequests(mirror).some(({ headers }) => headers.range !== undefined));
    t.same(mirror.problems(), []);
    t.equal(progress(mirror), size);
  });
}

t.test('a download goes on without a validator that a power cut has made nonsense of', async (t) => {
  const { mirror } = await openLarge(t);
  mirror.server.faults.add({ do: 'cut', after: 2 * megabyte, match: wheel, times: 1 });
  let broken = false;
  await mirror.run({
    report: ({ type }) => {
      if (type !== 'bytes' || broken) return;
      broken = true;
      mirror.server.faults.add({ do: 'reset', match: wheel });
    },
  });
  mirror.server.faults.clear();
  const staging = join(mirror.target, 'staging');
  const kept = readdirSync(staging).filter((name) => name.endsWith('.etag'));
  t.equal(kept.length, 1);
  for (const name of kept) writeFileSync(join(staging, name), '\0'.repeat(34));
  t.same([...(await mirror.runLater()).parked], []);
  t.same(mirror.problems(), []);
});

t.test('an upstream that always forges the range does not keep a file away for ever', async (t) => {
  const { mirror } = await openLarge(t);
  mirror.server.faults.add({ do: 'cut', after: 2 * megabyte, match: wheel, times: 1 });
  mirror.server.faults.add({ do: 'wrong-range', match: wheel });
  await mirror.run();
  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.ok(existsSync(join(mirror.web, 'simple/large')));
});

t.test('a redirect to an allowed host is followed', async (t) => {
  const mirror = await openTestMirror(t);
  const files = await openSampleServer({ index: mirror.index });
  t.teardown(() => files.close());
  const path = mirror.index.pathOf('beta', 'beta-1.0-py3-none-any.whl');
  mirror.server.faults.add({ do: 'redirect', location: files.url + path, status: 302, match: /beta.*\.whl$/ });
  await mirror.run({ fileHosts: [new URL(files.url).host] });
  t.same(mirror.problems(), []);
  t.match(files.requests, [{ path, status: 200 }]);
});

t.test('a redirect to another host is refused without connecting to it', async (t) => {
  const mirror = await openTestMirror(t);
  let connections = 0;
  const stranger = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  t.teardown(() => stranger.close());
  const address = stranger.address();
  const port = typeof address === 'object' ? address?.port : 0;
  for (const location of [
    `http://127.0.0.1:${port}/packages/x`,
    `//127.0.0.1:${port}/x`,
    'file:///etc/passwd',
    'https://%/',
  ]) {
    mirror.server.faults.clear();
    mirror.server.faults.add({ do: 'redirect', location, match: /beta.*\.whl$/ });
    await mirror.runLater();
    t.same(mirror.filenames('beta'), [], location);
    t.match(
      mirror.remembered((state) => state.rejectedFiles.latest(9)),
      [{ problem: /redirected to .+, which file-hosts does not allow$/ }],
    );
    mirror.clock.advance(24 * 60 * minuteMs);
  }
  t.equal(connections, 0);
  t.same(mirror.problems(), []);
});

t.test('redirects without end are given up', async (t) => {
  const mirror = await openTestMirror(t);
  const path = mirror.index.pathOf('beta', 'beta-1.0-py3-none-any.whl');
  mirror.server.faults.add({ do: 'redirect', location: path, match: /beta.*\.whl$/ });
  await mirror.run();
  t.same(mirror.filenames('beta'), []);
  t.ok(wheelRequests(mirror).filter((request) => request.path === path).length < 10);
});

t.test('a file that upstream lists and does not have is left out', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'status', status: 404, match: /beta.*\.whl$/ });
  t.equal((await mirror.run()).parked.size, 0);
  t.match(alarms(mirror), [
    /^beta: "beta.*\.whl": .*: listed, but upstream answers that it does not exist; it is left/,
  ]);
  t.same(mirror.filenames('beta'), []);
  t.same(mirror.problems(), []);
});

t.test('one file that fails does not lose the others of its project', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'status', status: 404, match: /alpha.*\.whl$/ });
  await mirror.run();
  t.same(mirror.filenames('alpha'), ['alpha-1.0.tar.gz']);
  mirror.server.faults.clear();
  await mirror.runLater();
  t.same(
    mirror
      .requested()
      .filter((path) => path.startsWith('/packages/'))
      .map((path) => path.split('/').at(-1)),
    ['alpha-1.0-py3-none-any.whl', 'alpha-1.0-py3-none-any.whl.metadata'],
  );
  t.same(mirror.problems(), []);
});

t.test('core metadata with the wrong hash is never published', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'body', body: 'Metadata-Version: 9\n', match: /beta.*\.metadata$/ });
  t.equal((await mirror.run()).parked.size, 0);
  t.match(alarms(mirror), [/^beta: "beta.*\.whl\.metadata": .*: expected sha256 [0-9a-f]{64}, found [0-9a-f]{64};/]);
  t.equal(mirror.page('beta').files[0]?.['core-metadata'], false, 'but the file is right');
  t.same(mirror.problems(), []);
  mirror.server.faults.clear();
  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.ok(mirror.page('beta').files[0]?.['core-metadata']);
});

t.test('core metadata that upstream does not have is not announced', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'status', status: 404, match: /beta.*\.metadata$/ });
  const result = await mirror.run();
  t.equal(result.parked.size, 0);
  t.match(mirror.warnings(), [/\.metadata: announced, but upstream answers that it does not exist$/]);
  t.equal(mirror.page('beta').files[0]?.['core-metadata'], false);
  t.same(mirror.problems(), []);
});

t.test('core metadata that appears later is fetched without the file', async (t) => {
  const mirror = await openTestMirror(t);
  const off = mirror.alterFile('beta', (file) => ({
    ...file,
    'core-metadata': false,
    'data-dist-info-metadata': false,
  }));
  await mirror.run();
  t.equal(mirror.page('beta').files[0]?.['core-metadata'], false);
  off();
  mirror.index.addRole('beta', 'somebody');
  await mirror.runLater();
  t.ok(mirror.page('beta').files[0]?.['core-metadata']);
  t.same(
    mirror.requested().filter((path) => path.startsWith('/packages/')),
    [`${mirror.index.pathOf('beta', 'beta-1.0-py3-none-any.whl')}.metadata`],
  );
  t.same(mirror.problems(), []);
});

t.test('provenance is stored beside its file, and linked where our own address is known', async (t) => {
  const index = new SampleIndex();
  const file = index.publish(makeWheel({ name: 'attested', version: '1.0' }), { provenance: true });
  const mirror = await openTestMirror(t, { index });
  const upstream = `${mirror.server.url}/integrity/attested/1.0/${file.filename}/provenance`;
  await mirror.run();
  t.equal(mirror.text(`${file.path}.provenance`), file.provenance);
  t.equal(mirror.page('attested').files[0]?.provenance, upstream);
  t.same(mirror.problems(), []);
  await mirror.runLater({ settings: { baseUrl: 'http://mirror.example/pypi' } });
  t.equal(mirror.page('attested').files[0]?.provenance, upstream, 'which no client would take by http');
  await mirror.runLater({ settings: { baseUrl: 'https://mirror.example/pypi' } });
  t.equal(mirror.page('attested').files[0]?.provenance, `https://mirror.example/pypi${file.path}.provenance`);
  t.same(mirror.problems(), []);
  t.same(
    mirror.requested().filter((path) => /packages|integrity/.test(path)),
    [],
    'and not fetched again',
  );
});

t.test('provenance that upstream does not have is left to upstream', async (t) => {
  const index = new SampleIndex();
  index.publish(makeWheel({ name: 'attested', version: '1.0' }), { provenance: true });
  const mirror = await openTestMirror(t, { index });
  mirror.server.faults.add({ do: 'status', status: 404, match: /integrity/ });
  const settings = { baseUrl: 'https://mirror.example' };
  const result = await mirror.run({ settings });
  t.equal(result.parked.size, 0);
  t.match(mirror.page('attested').files[0]?.provenance, /^http:\/\/127\.0\.0\.1:\d+\/integrity/);
  t.same(mirror.problems(), []);
});

t.test('a file that is held is never fetched again', async (t) => {
  const mirror = await openSynced(t);
  mirror.index.addRole('alpha', 'somebody');
  await mirror.runLater();
  mirror.index.yank('alpha', '1.0');
  await mirror.runLater({ settings: { reconcile: true } });
  t.same(
    mirror.requested().filter((path) => path.startsWith('/packages/')),
    [],
  );
});

t.test('a file that somebody deleted is fetched again when its project is synced', async (t) => {
  const mirror = await openSynced(t);
  const path = mirror.pathOf('alpha', 'alpha-1.0-py3-none-any.whl');
  rmSync(join(mirror.web, path));
  mirror.index.addRole('alpha', 'somebody');
  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.ok(existsSync(join(mirror.web, path)));
  t.equal(mirror.requested().filter((asked) => asked.endsWith('.tar.gz')).length, 0, 'the one that is there is kept');

  writeFileSync(join(mirror.web, path), 'short');
  mirror.clock.advance(31 * 24 * 60 * minuteMs);
  await mirror.run();
  t.same(mirror.problems(), [], 'one of the wrong size as well, though the page is unchanged');
});

t.test('a file in its place that no state knows is adopted without a download', async (t) => {
  const mirror = await openTestMirror(t);
  const path = mirror.index.pathOf('gamma', 'gamma-1.0.tar.gz');
  mkdirSync(dirname(join(mirror.web, path)), { recursive: true });
  writeFileSync(join(mirror.web, path), mirror.index.blob(path)?.content ?? '');
  const before = fingerprint(join(mirror.web, 'packages'));
  await mirror.run();
  t.notOk(mirror.requested().includes(path));
  t.equal(fingerprint(join(mirror.web, 'packages'))[path.replace('/packages/', '')], Object.values(before)[0]);
  t.same(mirror.problems(), []);
  t.match(
    mirror.remembered((state) => state.totals()),
    { files: 4 },
  );
});

t.test('a file in its place with other bytes is replaced', async (t) => {
  const mirror = await openTestMirror(t);
  const path = mirror.index.pathOf('gamma', 'gamma-1.0.tar.gz');
  const content = mirror.index.blob(path)?.content ?? Buffer.alloc(0);
  mkdirSync(dirname(join(mirror.web, path)), { recursive: true });
  writeFileSync(join(mirror.web, path), Buffer.alloc(content.length));
  await mirror.run();
  t.same(mirror.problems(), []);
});

t.test('two names for the same bytes are both mirrored', async (t) => {
  const index = new SampleIndex();
  const distribution = makeWheel({ name: 'twin', version: '1.0' });
  index.publish(distribution);
  index.publish({ ...distribution, filename: 'twin-1.0-py2-none-any.whl' });
  index.publish({ ...distribution, name: 'other', filename: 'other-1.0-py3-none-any.whl' });
  const mirror = await openTestMirror(t, { index });
  const result = await mirror.run();
  t.equal(result.parked.size, 0);
  t.same(mirror.problems(), []);
});

t.test('a slow body is given up, however steadily it drips', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'drip', everyMs: 1, match: /beta.*\.whl$/ });
  const result = await mirror.run({
    report: (event) => {
      if (event.type === 'bytes' && event.path.includes('beta') && event.bytes < 10) mirror.clock.advance(2000);
    },
  });
  t.same([...result.parked], ['beta']);
  t.match(mirror.parkings(), [/gave up at \d+ bytes\/s$/]);
  t.same(mirror.problems(), []);
});

t.test('nothing of a finished download stays in staging, though another project is parked', async (t) => {
  const { mirror } = await openLarge(t);
  mirror.index.create('other');
  mirror.server.faults.add({ do: 'html-200', match: /simple\/other\/$/ });
  await mirror.run();
  t.same(treeOf(join(mirror.target, 'staging')), []);
});

t.test('a file that has arrived is dropped if its metadata cannot be had', async (t) => {
  const { mirror } = await openLarge(t);
  mirror.server.faults.add({ do: 'status', status: 500, match: /\.metadata$/ });
  const { parked } = await mirror.run();
  t.equal(parked.size, 1);
  t.same(treeOf(join(mirror.target, 'staging')), []);
});

t.test('a download that breaks at its very beginning is fetched anew', async (t) => {
  const { mirror, size } = await openLarge(t);
  mirror.server.faults.add({ do: 'cut', after: 10, match: wheel, times: 2 });
  const result = await mirror.run();
  t.equal(result.parked.size, 0);
  t.equal(progress(mirror), size);
  t.same(mirror.problems(), []);
});

t.test('the sidecars of many files are not held in memory until they are published', async (t) => {
  const index = new SampleIndex();
  for (let minor = 0; minor < 5; minor += 1) {
    index.publish(makeWheel({ name: 'pkg', version: `1.${minor}` }), { provenance: true });
  }
  const mirror = await openTestMirror(t, { index });
  const inMemory: string[] = [];
  const { mirror: opened, close } = openMirrorAt(mirror.target, mirror.server.url, mirror.clock);
  const publish: FileStore['publish'] = (writes) => {
    inMemory.push(...writes.flatMap(({ path, body }) => (body instanceof Uint8Array ? [path] : [])));
    return opened.files.publish(writes);
  };
  const files = new Proxy(opened.files, {
    get: (target, key) => (key === 'publish' ? publish : Reflect.get(target, key).bind(target)),
  });
  await sync({ ...opened, files });
  await close();
  t.same(
    inMemory.filter((path) => path.startsWith('packages/')),
    [],
  );
  t.same(mirror.problems(), []);
  const asked = mirror.requested().filter((path) => path.includes('pkg-1.0-'));
  t.match(asked, [/\.whl$/, /\.provenance$|\/provenance$/, /\.metadata$/], 'the small one of the two first');
});

t.test('a download that broke begins anew where upstream does not promise the same bytes', async (t) => {
  const { mirror, size } = await openLarge(t);
  // A weak ETag stands for files that are as good as each other, and need not be the same byte for byte.
  mirror.server.faults.add({ do: 'headers', headers: { ETag: 'W/"weak"' }, match: wheel });
  mirror.server.faults.add({ do: 'cut', after: 2 * megabyte, match: wheel, times: 1 });
  await mirror.run();
  t.same(
    wheelRequests(mirror).map(({ headers }) => [headers.range, headers['if-range']]),
    [
      [undefined, undefined],
      [undefined, undefined],
    ],
  );
  t.equal(progress(mirror), size);
  t.same(mirror.problems(), []);
});
