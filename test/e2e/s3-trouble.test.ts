/** What an administrator sees of an object store that fails, or that is not the one where the mirror lies. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { pep381run } from '../../src/cli/run/pep381run.ts';
import { onlyEvery, someCases } from '../fixtures/every-case.ts';
import { openFaultyProxy, slowDown } from '../fixtures/faulty-proxy.ts';
import { objectStoreOrReason } from '../fixtures/object-store.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { killAtEnd, run, start, until } from './program.ts';
import { programHere } from './run-here.ts';
import { type MirrorInBucket, openMirrorInBucket } from './s3-mirror.ts';

const needsStore = objectStoreOrReason();
const programs = await openBundle();
const program = join(programs, 'pep381run');
const silent = { code: 0, stdout: '', stderr: '' };

/** Turns the lease on that these mirrors do without otherwise. */
function haveLease(target: string): void {
  const path = join(target, 'mirror.toml');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/lease = .*/, 'lease = "30m"'));
}

/** Puts the state of a backup in place of that of `target`. */
function restoreState(backup: string, target: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(target, `state.db${suffix}`), { force: true });
  cpSync(backup, join(target, 'state.db'));
}

/** Returns what is right for a mirror of the same upstream: the content of one on a disk. */
async function onDisk(mirror: MirrorInBucket): ReturnType<MirrorInBucket['content']> {
  return { problems: [], published: (await mirror.onDisk()).published };
}

t.test('a bucket and credentials that are wrong, a lost state, and one from a backup', needsStore, async (t) => {
  const index = smallIndex();
  const mirror = await openMirrorInBucket(t, program, { hold: 'everything', index });
  const { bucket, store } = mirror.public;
  const backup = join(t.testdir(), 'state.db');

  await t.test('a missing bucket and an unknown key are one line and exit code 4 of a first run', async (t) => {
    const path = join(mirror.target, 'mirror.toml');
    const config = readFileSync(path, 'utf8');
    const unknown = { ...mirror.public.env, AWS_ACCESS_KEY_ID: 'nobody' };
    const where = /^pep381run: error: s3:\/\/bucket-\d+-missing\/[^\n]+bucket[^\n]*\n0 projects published, [^,\n]*\n$/i;
    const who =
      /^pep381run: error: s3:\/\/[^\n]*the store does not know the access key[^\n]*\n0 projects published, [^\n]*\n$/;
    writeFileSync(path, config.replace(store.bucket, `${store.bucket}-missing`));
    t.match(await mirror.call(), { code: 4, stdout: '', stderr: where });
    writeFileSync(path, config);
    const ended = await programHere(pep381run, ['-q', '--all', mirror.target], unknown);
    t.match(ended, { code: 4, stdout: '', stderr: who });
  });

  await t.test('a wrong secret is one line and exit code 4, and the next run goes on', async (t) => {
    const wrong = {
      env: { AWS_ACCESS_KEY_ID: store.key, AWS_SECRET_ACCESS_KEY: 'anothersecret', AWS_SESSION_TOKEN: 'sometoken' },
    };
    const told =
      /^pep381run: error: s3:\/\/bucket-\d+\/some\/mirror\/ at http[^\n]+: the secret key does not fit[^\n]*\n/;
    const first = await mirror.mirror(['-q', '--all'], wrong);
    t.match(first, { code: 4, stdout: '', stderr: told });
    // What the run did nevertheless.
    t.match(first.stderr.replace(told, ''), /^0 projects published, 0 files copied [^,\n]*\n$/);
    const right = await mirror.mirror(['--all']);
    t.match(right, { code: 0, stderr: '' });
    t.same(await mirror.problems(), []);

    index.publish(makeWheel({ name: 'alpha', version: '1.1' }));
    const later = await mirror.mirror(['--all', '--log-format', 'json'], wrong);
    t.match(later, { code: 4, stderr: told });
    t.same(await mirror.problems(), [], 'and the mirror is as it was');
    t.same(await mirror.call(), silent);
    t.same(await mirror.content(), await onDisk(mirror));

    const status = [await mirror.call(['--status']), await mirror.call(['--status', '--log-format', 'json'])];
    const said = [first, right, later, ...status, await mirror.call(['--why', 'alpha'])];
    t.strictSame(
      said.map(({ code }) => code),
      [4, 0, 4, 0, 0, 0],
    );
    const files = readdirSync(mirror.target, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const texts = new Map(
      files.map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'latin1')] as const),
    );
    t.ok(texts.has('state.db'));
    for (const [at, text] of said.entries()) texts.set(`output ${at}`, text.stdout + text.stderr);
    let objects = 0;
    for await (const { objects: listed } of bucket.list('')) {
      for (const { key } of listed) {
        objects += 1;
        const found = await bucket.read(key);
        texts.set(key, `${found?.body.toString('latin1')} ${JSON.stringify(found?.headers)}`);
      }
    }
    t.ok(objects > 10, `${objects} objects`);
    const secrets = [store.secret, store.key, 'anothersecret', 'sometoken'];
    const revealed = [...texts].filter(([, text]) => secrets.some((secret) => text.includes(secret)));
    t.same(revealed, [], 'credentials are in no log, state, page, object or message');
  });

  await t.test('a state that is lost with its copies costs no download, and nothing removed stays', async (t) => {
    t.same(await mirror.call(['-q', '--backup', backup]), silent);
    index.removeProject('alpha');
    for (const name of readdirSync(mirror.target))
      if (name !== 'mirror.toml') rmSync(join(mirror.target, name), { recursive: true });
    mirror.server.requests.length = 0;
    const ended = await mirror.call(['--all']);
    t.equal(ended.code, 1, 'upstream has to be without the project for an hour');
    t.match(ended.stderr, /^Warning: state\.db: it is new, and the bucket has the pages of \d+ projects/);
    t.match(ended.stderr, /^alpha: upstream answers that it does not exist/m);
    t.same(
      mirror.server.requests.filter(({ path }) => path.includes('/packages/') && !path.endsWith('.metadata')),
      [],
    );
    const state = new Database(join(mirror.target, 'state.db'));
    state.exec('UPDATE queue SET since = since - 7200000, next_try = 0');
    state.close();
    t.same(await mirror.call(), silent);
    mirror.letCachesExpire();
    t.same(await mirror.call(), silent);
    t.same(await mirror.content(), await onDisk(mirror));
  });

  await t.test('after a backup was restored no page links to what has left the bucket since', async (t) => {
    restoreState(backup, mirror.target);
    index.publish(makeWheel({ name: 'alpha', version: '1.0' }));
    const { code, stderr } = await mirror.call(['--all']);
    t.match({ code, stderr }, { code: 0, stderr: /it was restored from a backup/ });
    t.same(await mirror.content(), await onDisk(mirror));
  });
});

t.test(
  'with files in the bucket, no page links to what has left it since a backup',
  onlyEvery(needsStore),
  async (t) => {
    const index = smallIndex();
    const mirror = await openMirrorInBucket(t, program, { hold: 'files', index });
    t.same(await mirror.call(), silent);
    const backup = join(t.testdir(), 'state.db');
    t.same(await mirror.call(['-q', '--backup', backup]), silent);
    index.removeProject('alpha');
    t.same(await mirror.call(), silent);
    mirror.letCachesExpire();
    t.same(await mirror.call(), silent);
    restoreState(backup, mirror.target);
    index.publish(makeWheel({ name: 'alpha', version: '1.0' }));
    t.match(await mirror.call(['--all']), { code: 0, stderr: /it was restored from a backup/ });
    t.same(await mirror.content(), await onDisk(mirror));
  },
);

t.test('a mirror that lies elsewhere than the settings say is left alone', needsStore, async (t) => {
  const mirror = await openMirrorInBucket(t, program, { hold: 'files', index: smallIndex() });
  t.same(await mirror.call(), silent);
  const path = join(mirror.target, 'mirror.toml');
  const config = readFileSync(path, 'utf8');
  const before = readFileSync(join(mirror.target, 'state.db'));
  const told = /^pep381\w+: error: [^\n]+mirror\.toml: [^\n]+ --move-to [^\n]+\n$/;
  for (const [what, changed] of [
    ['another bucket', config.replace(/bucket = ".*"/, 'bucket = "other"')],
    ['another prefix', config.replace(/prefix = ".*"/, 'prefix = "other"')],
    ['all of it', config.replace('hold = "files"', 'hold = "everything"')],
    ['no store', config.replace(/\[storage\].*/s, '')],
  ] as const) {
    writeFileSync(path, changed);
    t.match(await mirror.call(['--restore', 'alpha']), { code: 2, stdout: '', stderr: told }, what);
  }
  for (const name of ['pep381run', 'pep381checkfiles']) {
    const ended = await run(join(programs, name), ['-q', mirror.target], { env: mirror.public.env });
    t.match(ended, { code: 2, stdout: '', stderr: told }, name);
  }
  writeFileSync(path, config);
  t.ok(before.equals(readFileSync(join(mirror.target, 'state.db'))), 'nothing was written');
  haveLease(mirror.target);
  t.same(await mirror.call(), silent);
  t.same(await mirror.problems(), []);

  // Who corrects a wrong prefix still has the lease.
  const leased = readFileSync(path, 'utf8');
  writeFileSync(path, leased.replace(/prefix = ".*"/, 'prefix = "other"'));
  t.match(await mirror.call(), { code: 2, stdout: '', stderr: /--move-to/ });
  writeFileSync(path, leased);
  t.match(await mirror.call(['--all']), { code: 0, stdout: /^0 projects published/, stderr: '' });
});

t.test('a run that waits for the store is paused', onlyEvery(needsStore), async (t) => {
  const mirror = await openMirrorInBucket(t, program, { hold: 'files', index: smallIndex() });
  const proxy = await openFaultyProxy(t, mirror.public.store.endpoint);
  mirror.use(proxy.url);
  haveLease(mirror.target);
  proxy.add({ path: /lease/, mishap: slowDown });
  const running = start(program, ['--all', mirror.target], { env: mirror.public.env });
  killAtEnd(t, running);
  await until('a request to the store', () => proxy.seen.length > 1);
  running.kill('SIGTERM');
  t.match(await running.ended, { code: 143, stdout: /^Paused before the object store answered/m, stderr: '' });
  proxy.clear();
  t.same(await mirror.call(), silent);
});

t.test('a gateway that is killed, or freezes, and comes back costs a while', needsStore, async (t) => {
  let wanted: Awaited<ReturnType<typeof onDisk>> | undefined;
  for (const way of ['kill', 'freeze'] as const) {
    const index = smallIndex();
    const mirror = await openMirrorInBucket(t, program, { hold: 'everything', index });
    const { store } = mirror.public;
    const proxy = await openFaultyProxy(t, store.endpoint);
    mirror.use(proxy.url);
    // The run must not end before.
    proxy.add({ method: 'PUT', path: /alpha/, mishap: { delayMs: 500 } });
    const running = start(program, ['-q', '--all', mirror.target], { env: mirror.public.env });
    killAtEnd(t, running);
    await until('a request to the store', () => proxy.seen.length > 3);
    proxy.clear();
    await store[way]();
    const { answered } = proxy;
    await until('a request that fails', () => proxy.seen.length > answered + 1);
    if (way === 'kill') await store.start();
    else store.thaw();
    t.same(await running.ended, silent, way);
    wanted ??= await onDisk(mirror);
    t.same(await mirror.content(), wanted, way);
  }
});

t.test('a store that has enough, fails, or resets connections is asked again', onlyEvery(needsStore), async (t) => {
  const mirror = await openMirrorInBucket(t, program, { hold: 'everything', index: smallIndex() });
  const proxy = await openFaultyProxy(t, mirror.public.store.endpoint);
  mirror.use(proxy.url);
  proxy.add({ method: 'GET', count: 2, mishap: slowDown });
  proxy.add({ method: 'PUT', path: /packages/, count: 3, mishap: slowDown });
  proxy.add({ method: 'PUT', path: /simple/, count: 2, mishap: { status: 500 } });
  proxy.add({ method: 'PUT', path: /alpha.*\.gz/, count: 1, mishap: { reset: 'before' } });
  proxy.add({ method: 'PUT', path: /beta/, count: 2, mishap: { reset: 'after' } });
  t.same(await mirror.call(), silent);
  t.same(await mirror.content(), await onDisk(mirror));
  const counted = Object.values(await mirror.requests()).reduce((sum, count) => sum + count, 0);
  // mirror-status.json tells how the run ended, and what it asked for.
  t.equal(counted, proxy.seen.filter((request) => !request.endsWith('/mirror-status.json')).length);
});

t.test('the requests of each run are no more than what it publishes', needsStore, async (t) => {
  // For hold = "files" s3-mirror.test.ts counts them, too.
  for (const hold of someCases(['files', 'everything'] as const, 2, 1)) {
    const index = smallIndex();
    const mirror = await openMirrorInBucket(t, program, { hold, index });
    const proxy = await openFaultyProxy(t, mirror.public.store.endpoint);
    mirror.use(proxy.url);
    const ofRun = async (): Promise<string[]> => {
      proxy.seen.length = 0;
      t.same(await mirror.call(), silent);
      return proxy.seen.map((request) => request.replace(/\/bucket-\d+\/(?:some\/mirror\/(?:web\/)?)?/, '')).sort();
    };
    const isAll = hold === 'everything';
    const own = isAll ? ['PUT last-modified', 'PUT mirror-status.json'] : [];
    await ofRun();
    t.same(await ofRun(), own, `${hold}: nothing changed`);

    const wheel = makeWheel({ name: 'alpha', version: '1.1' });
    index.publish(wheel);
    const path = index.pathOf('alpha', wheel.filename).slice(1);
    const ofPages = (pages: readonly string[]) => pages.flatMap((page) => [`PUT ${page}`, `PUT ${page}.gz`]);
    const pages = ofPages(['simple/alpha/index.html', 'simple/alpha/index.v1_json', 'simple/index.v1_json']);
    const all = isAll ? [...pages, 'PUT changes.json', 'PUT index.html', 'PUT status/index.html', ...own] : [];
    const others = 'GET ?encoding-type=url&list-type=2&prefix=some%2Fmirror%2Fprefetch%2F';
    const files = [`PUT ${path}`, `PUT ${path}.metadata`, others];
    t.same(await ofRun(), [...files, ...all].sort(), `${hold}: a new release`);

    index.yank('alpha', '1.1', 'broken');
    t.same(await ofRun(), [...all].sort(), `${hold}: a release was yanked`);

    index.removeFile('alpha', wheel.filename);
    const removal = isAll ? ['GET simple/alpha/index.v1_json', 'PUT removed.json'] : [];
    t.same(await ofRun(), [...removal, ...all].sort(), `${hold}: a file was removed`);
    mirror.letCachesExpire();
    const seen = (await ofRun()).map((request) => request.replace(/trash\/[\d-]+/, 'trash'));
    const moved = [`PUT trash/${path}`, `PUT trash/${path}.metadata`, 'POST ?delete='];
    t.same(seen, [...moved, ...own].sort(), `${hold}: and its time has come`);
    t.same(await mirror.problems(), []);
  }
});
