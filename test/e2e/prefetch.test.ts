/** Several machines fill a bucket of a real object store for the one that publishes. */
import { join } from 'node:path';
import t from 'tap';
import { pep381run } from '../../src/cli/run/pep381run.ts';
import { type ObjectStore, objectStoreOrReason, openObjectStore } from '../fixtures/object-store.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { addStorage, BucketTree, storeEnvironment, writeConfig } from './moved-mirror.ts';
import { killAtEnd, start, until } from './program.ts';
import { mirrorInto, programHere } from './run-here.ts';
import { publishedTree, stateOf } from './tree.ts';

const needsStore = objectStoreOrReason();
const program = needsStore.skip === false ? join(await openBundle(), 'pep381run') : '';
const quiet = { code: 0, stdout: '', stderr: '' };
const shares = ['1/3', '2/3', '3/3'] as const;

/** Returns an index of which the third share has `beta`, and `huge`, which is uploaded in parts. */
function index(): SampleIndex {
  const made = smallIndex();
  made.create('empty');
  made.publish(makeSdist({ name: 'provenance', version: '1.0' }), { provenance: true });
  made.publish(makeWheel({ name: 'provenance', version: '1.0' }), { provenance: true });
  for (let at = 0; at < 15; at += 1) made.publish(makeWheel({ name: `many-${at}`, version: '1.0' }));
  const files = { 'huge/data.bin': pseudoRandomBytes('huge', 12 << 20) };
  made.publish(makeWheel({ name: 'huge', version: '1.0', files }));
  return made;
}

let opened: Promise<ObjectStore> | undefined;

/** Returns the bucket of all tests. */
function openStore(): Promise<ObjectStore> {
  opened ??= openObjectStore(t);
  return opened;
}

/** Returns how often each file was downloaded as a whole. */
function downloads({ requests }: SampleServer): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { path, method, status } of requests) {
    if (method === 'GET' && path.startsWith('/packages/') && status === 200)
      counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  return counts;
}

t.test('three machines fetch, one of them is killed, and another one publishes', needsStore, async (t) => {
  const store = await openStore();
  const tree = await BucketTree.open(t, store, 'mirror');
  const server = await openSampleServer({ index: index() });
  t.teardown(() => server.close());
  const folder = t.testdir();
  const env = storeEnvironment(store);
  const open = (name: string): string => {
    const target = join(folder, name);
    writeConfig(target, server.url);
    addStorage(target, store, 'mirror', 'files');
    return target;
  };
  const argsOf = (share: string) => ['--all', '--prefetch', share, open(`share-${share.replace('/', '-')}`)];
  const begin = (share: string) => {
    const running = start(program, argsOf(share), { env });
    killAtEnd(t, running);
    return running;
  };

  const last = server.faults.add({ do: 'stall', after: 7 << 20, match: /huge-1\.0-py3-none-any\.whl$/ });
  const [first, second, killed] = shares.map(begin);
  await until('a file of the third share, and a part of another', async () => {
    const keys = await tree.keys();
    return keys.some((key) => key.endsWith('beta-1.0-py3-none-any.whl')) && (await tree.openUploads()) > 0;
  });
  killed?.kill('SIGKILL');
  t.match(await killed?.ended, { code: 'SIGKILL' });
  last();
  t.match(await first?.ended, { code: 0, stderr: '' });
  t.match(await second?.ended, { code: 0, stdout: /Fetched \d+ files? /, stderr: '' });
  const fetched = await tree.keys('web/');
  t.same(
    fetched.filter((key) => !key.startsWith('web/packages/')),
    [],
    'no page, only files',
  );
  t.same(await tree.keys('prefetch/'), ['prefetch/1-of-3', 'prefetch/2-of-3', 'prefetch/3-of-3']);

  // It goes on, and skips what it had.
  const there = new Set(fetched.map((key) => `/${key.slice('web/'.length)}`));
  const before = [...downloads(server)].flatMap(([path, count]) => (count > 1 ? [path] : []));
  t.same(before, [], 'nothing is downloaded twice');
  server.requests.length = 0;
  t.match(await programHere(pep381run, argsOf('3/3'), env), { code: 0, stderr: '' });
  const twice = [...downloads(server).keys()].filter((path) => there.has(path) && !path.endsWith('.provenance'));
  t.same(twice, [], 'the kill cost only what was not in the bucket yet');
  t.equal(await tree.openUploads(), 0);

  server.requests.length = 0;
  const target = open('publisher');
  t.same(await programHere(pep381run, ['-q', '--all', target], env), quiet);
  // Nothing tells the hash of provenance, so that it is asked for again.
  const again = [...downloads(server).keys()].filter((path) => !path.endsWith('.provenance'));
  t.same(again, [], 'the machine that publishes downloads nothing');

  const other = join(folder, 'other');
  writeConfig(other, server.url);
  await mirrorInto(other, server.url);
  const wanted = publishedTree(other);
  const files = Object.entries(wanted).filter(([path, hash]) => path.startsWith('packages/') && hash !== 'folder');
  t.strictSame(await tree.served(), Object.fromEntries(files));
  const pages = (of: Record<string, string>) => Object.entries(of).filter(([path]) => !path.startsWith('packages'));
  t.strictSame(pages(publishedTree(target)), pages(wanted));
  t.same(stateOf(target).files, stateOf(other).files);

  // One that helps an existing mirror is noticed by its mark.
  server.index.publish(makeSdist({ name: 'later-1', version: '1' }));
  server.index.publish(makeSdist({ name: 'later-2', version: '1' }));
  t.match(await programHere(pep381run, argsOf('1/1'), env), { code: 0, stderr: '' });
  server.requests.length = 0;
  t.same(await programHere(pep381run, ['-q', target], env), quiet);
  t.same([...downloads(server).keys()], []);
});

t.test(
  'a share follows the rules, and what cannot be had is left to the machine that publishes',
  needsStore,
  async (t) => {
    const store = await openStore();
    const tree = await BucketTree.open(t, store, 'rules');
    const few = new SampleIndex();
    for (let at = 1; at <= 3; at += 1) few.publish(makeWheel({ name: `many-${at}`, version: '1.0' }));
    const server = await openSampleServer({ index: few });
    t.teardown(() => server.close());
    const env = storeEnvironment(store);
    const target = join(t.testdir(), 'share');
    writeConfig(target, server.url);
    t.match(await programHere(pep381run, ['--prefetch', '1/1', target], env), {
      code: 2,
      stderr: /\[storage\] is missing/,
    });
    for (const wrong of ['0/3', '4/3', '1', '1/0', 'a/b'])
      t.match(await programHere(pep381run, ['--prefetch', wrong, target], env), { code: 2, stderr: /such as 2\/4/ });
    addStorage(target, store, 'rules', 'files');
    const project = ['--project', 'many-1'];
    t.match(await programHere(pep381run, ['--prefetch', '1/1', ...project, target], env), {
      code: 2,
      stderr: /--prefetch and --project cannot be given together/,
    });
    t.match(await programHere(pep381run, ['--prefetch', '1/1', target], env), { code: 4, stderr: /or add --all/ });
    t.same(await tree.keys('web/'), []);
    const path = server.index.pathOf('many-2', 'many_2-1.0-py3-none-any.whl');
    server.faults.add({ do: 'status', status: 404, match: new RegExp(`${path}$`) });
    const ended = await programHere(pep381run, ['-q', '--all', '--prefetch', '1/1', target], env);
    t.equal(ended.code, 1);
    t.match(ended.stderr, /could not be fetched as a whole/);
    t.notOk((await tree.keys('web/')).some((key) => key.endsWith('many_2-1.0-py3-none-any.whl')));
    t.ok((await tree.keys('web/')).some((key) => key.endsWith('many_3-1.0-py3-none-any.whl')));
  },
);
