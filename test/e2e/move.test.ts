/** Mirrors move into a bucket of a real object store and back, while they are disturbed. */
import { appendFileSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { pep381run } from '../../src/cli/run/pep381run.ts';
import { onlyEvery, someCases } from '../fixtures/every-case.ts';
import { type ObjectStore, objectStoreOrReason, openObjectStore } from '../fixtures/object-store.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import type { SampleIndex } from '../sample/sample-index.ts';
import { sampleIndex } from '../sample/sample-projects.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { addStorage, BucketTree, type Hold, removeStorage, storeEnvironment, writeConfig } from './moved-mirror.ts';
import { type Ended, killAtEnd, run, start, until } from './program.ts';
import { mirrorInto, programHere } from './run-here.ts';
import { publishedTree, stateOf } from './tree.ts';

const needsStore = objectStoreOrReason();
const programs = needsStore.skip === false ? await openBundle() : '';
const program = join(programs, 'pep381run');
const quiet = { code: 0, stdout: '', stderr: '' };
const root = t;
let opened: Promise<ObjectStore> | undefined;

interface Moving {
  readonly store: ObjectStore;
  readonly tree: BucketTree;
  readonly server: SampleServer;
  readonly target: string;
  run(...options: string[]): ReturnType<typeof run>;
  /** Does in this process what pep381run does with these options. */
  call(...options: string[]): Promise<Ended>;
  start(...options: string[]): ReturnType<typeof start>;
  /** Returns the files that were asked of upstream since the last call. */
  downloads(): string[];
  /** Tells mirror.toml of the bucket. */
  addStorage(): void;
  /** Returns what another mirror of the same upstream publishes. */
  undisturbed(): Promise<Record<string, string>>;
}

let prefixes = 0;

/** Returns the sample projects without some whose files differ from those of others only in their names and sizes. */
function mixedIndex(): SampleIndex {
  const index = sampleIndex();
  for (const name of ['sample-pre', 'sample-platform', 'sample-large']) index.removeProject(name);
  return index;
}

/** Mirrors `index` to the disk. */
async function openMoving(t: Test, hold: Hold, index: SampleIndex = mixedIndex()): Promise<Moving> {
  opened ??= openObjectStore({ teardown: (end) => root.teardown(end) });
  const store = await opened;
  prefixes += 1;
  const prefix = `mirror-${prefixes}`;
  const server = await openSampleServer({ index });
  t.teardown(() => server.close());
  const folder = t.testdir();
  const target = join(folder, 'mirror');
  writeConfig(target, server.url);
  const env = storeEnvironment(store);
  const moving: Moving = {
    ...{ store, server, target },
    tree: await BucketTree.open(t, store, prefix),
    run: (...options) => run(program, [...options, target], { env }),
    call: (...options) => programHere(pep381run, [...options, target], env),
    start: (...options) => {
      const running = start(program, [...options, target], { env });
      killAtEnd(t, running);
      return running;
    },
    downloads: () => server.requests.splice(0).flatMap(({ path }) => (path.startsWith('/packages/') ? [path] : [])),
    addStorage: () => addStorage(target, store, prefix, hold),
    undisturbed: async () => {
      const other = join(folder, 'other');
      writeConfig(other, server.url);
      await mirrorInto(other, server.url);
      return publishedTree(other);
    },
  };
  await mirrorInto(target, server.url);
  moving.downloads();
  return moving;
}

/** Returns only the files of a tree, of all that is served or of packages/. */
function filesOf(tree: Record<string, string>, below = ''): Record<string, string> {
  const isFile = ([path, hash]: [string, string]): boolean => hash !== 'folder' && path.startsWith(below);
  return Object.fromEntries(Object.entries(tree).filter(isFile));
}

/** Without the files that tell of runs, and without twins of pages, which all pages have in a bucket. */
function lasting(tree: Record<string, string>): Record<string, string> {
  const varies =
    /^(?:simple\/[^/]+\/.*\.gz|last-modified|(?:mirror-status|removed|changes)\.json|changes(?:\/.*)?|(?:status\/)?index\.html|not-found\.html)$/;
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !varies.test(path)));
}

for (const hold of someCases(['files', 'everything'] as const, 2, 1)) {
  t.test(`there and back with hold = "${hold}"`, needsStore, async (t) => {
    const m = await openMoving(t, hold);
    const before = filesOf(publishedTree(m.target));
    t.match(await m.call('--move-to', 's3'), { code: 2, stderr: /\[storage\] is missing/ });
    t.match(await m.call('--move-to', 'tape'), { code: 2, stderr: /expected s3 or disk, found "tape"/ });
    m.addStorage();
    t.match(await m.call('--move-to', 'disk'), { code: 0, stdout: /is on the disk already/ });
    const refused = await m.run('-q');
    t.equal(refused.code, 2);
    t.match(refused.stderr, /expected the mirror to be in s3:.* found it on the disk; pep381run --move-to s3 moves it/);

    const moved = await m.run('--move-to', 's3');
    t.match(moved, { code: 0, stderr: '' });
    t.match(moved.stdout, /^Moving \d+ files .* to s3:\/\/\S+ \(hold = "\w+"\)\nCopied \d+ files /);
    t.match(moved.stdout, `rm -r ${m.target}/web/packages`);
    const served = await m.tree.served();
    t.strictSame(lasting(served), hold === 'files' ? filesOf(before, 'packages/') : lasting(before));
    const pages = Object.keys(served).filter((path) => /^simple\/.*(?:html|json)$/.test(path));
    t.same(
      pages.filter((path) => !(`${path}.gz` in served)),
      [],
      'each page has a twin',
    );
    t.same(filesOf(publishedTree(m.target)), before, 'all stays where it was');
    const again = await m.call('--move-to', 's3');
    t.match(again, { code: 0, stdout: /is in s3:.* already/, stderr: '' });
    removeStorage(m.target);
    t.match(await m.call('--move-to', 'disk'), { code: 2, stderr: /\[storage\] is missing/ });
    addStorage(m.target, m.store, 'elsewhere', hold);
    t.match(await m.call('--move-to', 's3'), { code: 2, stderr: /from bucket to bucket it moves by the disk/ });
    removeStorage(m.target);
    m.addStorage();

    rmSync(join(m.target, 'web/packages'), { recursive: true });
    if (hold === 'everything') {
      for (const name of readdirSync(join(m.target, 'web/simple'), { withFileTypes: true }))
        if (name.isDirectory()) rmSync(join(m.target, 'web/simple', name.name), { recursive: true });
      rmSync(join(m.target, 'web/pypi'), { recursive: true });
    }
    t.same(await m.call('-q'), quiet);
    t.same(m.downloads(), [], 'nothing is fetched again, also no sidecar');
    m.server.index.publish(makeWheel({ name: 'sample-base', version: '77' }));
    m.server.index.publish(makeSdist({ name: 'brand-new', version: '1' }));
    m.server.index.removeProject('sample-yanked');
    t.same(await m.run('-q'), quiet);
    const fetched = m.downloads().filter((path) => !/\.(?:metadata|provenance)$/.test(path));
    t.equal(fetched.length, 2, 'nothing is fetched again but what is new');

    const back = await m.run('--move-to', 'disk');
    t.match(back, { code: 0, stdout: /Remove \[storage\]/, stderr: '' });
    for (const options of [['-q'], ['--restore', 'sample-app']])
      t.match(await m.call(...options), { code: 2, stderr: /or remove \[storage\]/ }, options.join(' '));
    removeStorage(m.target);
    m.server.index.removeProject('brand-new');
    t.same(await m.run('-q'), quiet);
    t.same(m.downloads(), []);
    t.strictSame(filesOf(publishedTree(m.target)), filesOf(await m.undisturbed()));

    // What the bucket still has of the first time must not come back: a project was removed since.
    m.addStorage();
    t.match(await m.call('--move-to', 's3'), { code: 0, stderr: '' });
    const twice = await m.tree.served();
    if (hold === 'everything') {
      t.same(
        Object.keys(twice).filter((path) => /^(?:simple|pypi)\/(?:brand-new|sample-yanked)\//.test(path)),
        [],
      );
      t.strictSame(lasting(filesOf(twice, 'simple/')), lasting(filesOf(publishedTree(m.target), 'simple/')));
    }
    t.match(twice, filesOf(publishedTree(m.target), 'packages/'));
    t.same(await m.call('-q'), quiet);
  });
}

/** Returns an index with many small projects and some large files, of which there are fewer in `npm test`. */
function manyFiles(): SampleIndex {
  const index = smallIndex();
  const numbers = Array.from({ length: 150 }, (_, at) => at);
  for (const at of someCases(numbers, 8, 7)) index.publish(makeWheel({ name: `many-${at}`, version: '1.0' }));
  for (const at of someCases([0, 1, 2], 3)) {
    const files = { 'large/data.bin': pseudoRandomBytes(`large-${at}`, 12 << 20) };
    index.publish(makeWheel({ name: `large-${at}`, version: '1.0', files }));
  }
  return index;
}

t.test('a move that is killed goes on', needsStore, async (t) => {
  const m = await openMoving(t, 'everything', manyFiles());
  const before = filesOf(publishedTree(m.target));
  m.addStorage();
  const count = Object.keys(before).length;
  for (const share of someCases([0.02, 0.3, 0.6, 0.9], 4, 1)) {
    const moving = m.start('--move-to', 's3');
    let hasEnded = false;
    void moving.ended.then(() => (hasEnded = true));
    const wanted = count * (share + Math.random() * 0.08);
    await until('objects', async () => hasEnded || (await m.tree.keys('web/')).length >= wanted);
    t.notOk(hasEnded, `${share} of it is there before the end`);
    moving.kill('SIGKILL');
    await moving.ended;
    const refused = await m.call('-q');
    t.match(refused, { code: 2, stderr: /is on its way to s3:.*; pep381run --move-to s3 goes on with it/ });
    t.match((await m.call('--status')).stdout, /Moving +to s3:.* of \d+ files are there/);
  }
  const stopped = m.start('--move-to', 's3');
  await until('the move', () => stopped.stdout().includes('Moving'));
  stopped.kill('SIGINT');
  t.match(await stopped.ended, { code: 0, stderr: '' });
  t.match(await m.run('--move-to', 's3'), { code: 0, stderr: '' });
  t.strictSame(lasting(await m.tree.served()), lasting(before));
  t.equal(await m.tree.openUploads(), 0, 'no upload is left open');
  t.same(await m.call('-q'), quiet);
  t.same(m.downloads(), []);

  for (const name of ['packages', 'simple', 'pypi']) rmSync(join(m.target, 'web', name), { recursive: true });
  for (const share of someCases([0.1, 0.7], 2)) {
    const moving = m.start('--move-to', 'disk');
    let hasEnded = false;
    void moving.ended.then(() => (hasEnded = true));
    const wanted = count * share;
    const onDisk = (): number =>
      readdirSync(join(m.target, 'web'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
        .length;
    await until('files', () => hasEnded || onDisk() >= wanted);
    t.notOk(hasEnded, `${share} of it is there before the end`);
    moving.kill('SIGKILL');
    await moving.ended;
  }
  // A run in between works as before, and the move looks at all of it again.
  m.server.index.publish(makeWheel({ name: 'many-7', version: '2.0' }));
  t.same(await m.call('-q'), quiet);
  t.match(await m.run('--move-to', 'disk'), { code: 0, stderr: '' });
  removeStorage(m.target);
  t.same(await m.call('-q'), quiet);
  t.same(
    m.downloads().filter((path) => !path.includes('many_7')),
    [],
  );
  t.strictSame(filesOf(publishedTree(m.target)), filesOf(await m.undisturbed()));
});

t.test('what is damaged is not copied, and the next run fetches it again', onlyEvery(needsStore), async (t) => {
  const m = await openMoving(t, 'everything');
  const before = filesOf(publishedTree(m.target));
  const pathOf = (end: string): string => Object.keys(before).find((path) => path.endsWith(end)) ?? end;
  const damaged = pathOf('sample_base-1.10-py3-none-any.whl');
  const sidecar = pathOf('.whl.metadata');
  const gone = pathOf('.tar.gz');
  const page = 'simple/sample-app/index.v1_json';
  appendFileSync(join(m.target, 'web', damaged), 'x');
  writeFileSync(join(m.target, 'web', sidecar), 'something else');
  unlinkSync(join(m.target, 'web', gone));
  writeFileSync(join(m.target, 'web', page), '{}');
  m.addStorage();
  const moved = await m.run('-q', '--move-to', 's3');
  t.equal(moved.code, 1);
  for (const path of [damaged, sidecar, gone, page]) t.match(moved.stderr, path);
  const served = await m.tree.served();
  for (const path of [damaged, sidecar, gone, page]) t.notOk(path in served, path);
  rmSync(join(m.target, 'web/packages'), { recursive: true });
  t.same(await m.run('-q'), quiet);
  t.strictSame(lasting(await m.tree.served()), lasting(before));
  t.same(stateOf(m.target).queue, []);
  t.equal(m.downloads().filter((path) => path.endsWith('.whl') || path.endsWith('.tar.gz')).length, 2);
});

t.test('runs leave a mirror alone that is being moved', onlyEvery(needsStore), async (t) => {
  const m = await openMoving(t, 'files');
  m.addStorage();
  const moving = m.start('--move-to', 's3');
  await until('the move', () => moving.stdout().includes('Moving'));
  m.store.freeze();
  t.same(await m.run(), { ...quiet, stdout: 'The mirror is being moved; mirroring is skipped\n' });
  t.match(await m.run('--move-to', 's3'), { code: 1, stderr: /a run or another move is at work/ });
  m.store.thaw();
  t.match(await moving.ended, { code: 0, stderr: '' });
});
