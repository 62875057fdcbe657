/** pep381checkfiles on a mirror in a bucket, as an administrator uses it. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { pep381checkfiles } from '../../src/cli/check/pep381checkfiles.ts';
import { pep381run } from '../../src/cli/run/pep381run.ts';
import { someCases } from '../fixtures/every-case.ts';
import { objectStoreOrReason, openObjectStore } from '../fixtures/object-store.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { openTestBucket } from '../fixtures/test-bucket.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { run } from './program.ts';
import { programHere } from './run-here.ts';

const needsStore = objectStoreOrReason();
const program = join(await openBundle(), 'pep381checkfiles');

t.test('a check of a bucket finds what was replaced, and the next run mends it', needsStore, async (t) => {
  const store = await openObjectStore(t);
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  for (const hold of someCases(['files', 'everything'], 2, 1)) {
    const target = join(t.testdir(), hold);
    mkdirSync(target, { recursive: true });
    const { endpoint, bucket: name } = store;
    const storage = `[storage]\nbucket = "${name}"\nprefix = "${hold}"\nendpoint = "${endpoint}"\nhold = "${hold}"\nlease = false\n`;
    writeFileSync(join(target, 'mirror.toml'), `upstream = "${server.url}"\n${storage}`);
    const env = { AWS_ACCESS_KEY_ID: store.key, AWS_SECRET_ACCESS_KEY: store.secret };
    const mirror = (...options: string[]) => programHere(pep381run, [...options, target], env);
    const check = (...options: string[]) => programHere(pep381checkfiles, [...options, target], env);
    const right = { code: 0, stdout: '', stderr: '' };
    t.same(await mirror('-q', '--all'), right);
    t.same(await check('--quick'), right);
    t.same(await check(), right);
    const bucket = openTestBucket(t, store, `${hold}/`);
    const keys: string[] = [];
    for await (const { objects } of bucket.list('web/packages/')) for (const { key } of objects) keys.push(key);
    const [first = '', second = ''] = keys.filter((key) => !key.endsWith('.metadata'));
    const found = await bucket.read(first);
    await bucket.put(first, Buffer.alloc(found?.bytes ?? 0), found?.headers ?? { contentType: 'x' });
    await bucket.remove([second]);
    const wrong = await run(program, ['--quick', target], { env });
    t.equal(wrong.code, 1);
    t.match(wrong.stdout, `Bad sha256 s3://${name}/${hold}/${first}: expected `);
    t.match(wrong.stdout, `Missing file s3://${name}/${hold}/${second}\n`);
    t.match(wrong.stdout, /\nChecked \d+ projects, .* with \d+ requests to the object store: 2 findings/);
    t.notOk(existsSync(join(target, 'listing.db')));
    const status = JSON.parse((await mirror('--status', '--log-format', 'json')).stdout);
    t.ok(status.store.lastCheck.requests.list > 0);
    t.same(await mirror('-q', '--all'), right);
    t.same(await check(), right);

    const rebuilt = await check('--rebuild');
    t.match(rebuilt, {
      code: 2,
      stdout: '',
      stderr: /^pep381checkfiles: error: --rebuild reads a tree on the disk, .*\n$/,
    });
    renameSync(join(target, 'state.db'), join(target, 'state.db.lost'));
    t.match(await check(), {
      code: 4,
      stdout: '',
      stderr: /state\.db: is missing; pep381run takes over all files .*\n$/,
    });
    server.requests.length = 0;
    t.match(await mirror('-q', '--all'), { code: 0 });
    t.same(
      server.requests.filter(({ path }) => /\.(?:whl|gz)$/.test(path)),
      [],
      'no file is downloaded again',
    );
    t.same(await check(), right);
  }
});
