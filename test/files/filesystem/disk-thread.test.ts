/** A file store whose small files are created and renamed by a thread: nobody can tell, but by the time that it takes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { StorageError, UnfitFileError } from '../../../src/core/errors.ts';
import type { WebPath } from '../../../src/core/paths.ts';
import type { Write } from '../../../src/files/file-store.ts';
import { DiskThread } from '../../../src/files/filesystem/disk-thread.ts';
import { FilesystemFileStore } from '../../../src/files/filesystem/filesystem-file-store.ts';
import { openSmallDisk, smallDiskOrReason } from '../../e2e/small-disk.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { testFileStore } from '../../fixtures/file-store-suite.ts';
import { treeOf } from '../../fixtures/reader-check.ts';
import { diskThreadProgram, startedDiskThread } from '../../fixtures/started-disk-thread.ts';

const megabyte = 1 << 20;
const at = (path: string): WebPath => path as WebPath;
const x = Buffer.from('x');
const page = (number: number): WebPath => at(`simple/p${number}/index.html`);
const pages = (count: number, bytes: number): Write[] =>
  Array.from({ length: count }, (_, number) => ({ path: page(number), body: Buffer.alloc(bytes, number) }));

function storeWith(target: string, thread: DiskThread | undefined, clock = new FakeClock()): FilesystemFileStore {
  const store = new FilesystemFileStore(target, clock, 'staging', clock, thread);
  store.create();
  return store;
}

async function open(t: Test) {
  const target = t.testdir();
  const thread = await startedDiskThread(target);
  return { target, web: join(target, 'web'), thread, store: storeWith(target, thread) };
}

t.test('FilesystemFileStore with a thread does what a FileStore must', async (t) => {
  const targets = new WeakMap<FakeClock, string>();
  testFileStore(
    t,
    async (t, clock) => {
      const target = targets.get(clock) ?? t.testdir();
      targets.set(clock, target);
      return storeWith(target, await startedDiskThread(target), clock);
    },
    { keepsParts: true },
  );
});

t.test('more bytes than the thread takes at a time are published all the same', async (t) => {
  const { store, target } = await open(t);
  const writes = [
    ...pages(300, 40_000),
    { path: at('simple/large/index.html'), body: Buffer.alloc(5 * megabyte, 'l') },
  ];
  await Promise.all(writes.map((write) => store.publish([write])));
  for (const { path, body } of writes)
    if (!(await store.read(path))?.equals(body as Buffer)) t.fail(`${path} is not what was published`);
  t.equal(treeOf(join(target, 'web')).length, writes.length);
  t.same(readdirSync(join(target, 'staging')), []);
});

t.test('a file for which there is no room is left to the caller', async (t) => {
  const { thread, target } = await open(t);
  const staged = (name: string): string => join(target, 'staging', name);
  t.equal(await thread.create(staged('large'), [Buffer.alloc(3 * megabyte)]), false);
  const many = Array.from({ length: 8 }, (_, number) => thread.create(staged(`${number}`), [Buffer.alloc(megabyte)]));
  const taken = await Promise.all(many);
  t.ok(taken.includes(true) && taken.includes(false), 'some of too many');
  t.same(
    readdirSync(join(target, 'staging')).length,
    taken.filter(Boolean).length,
    'and it creates only what it takes',
  );
  t.equal(await thread.create(staged('later'), [x, Buffer.from('yz')]), true, 'later there is room again');
  t.equal(readFileSync(staged('later'), 'utf8'), 'xyz');
});

interface Trouble {
  readonly what: string;
  prepare(target: string): void;
  readonly path?: string;
  readonly kind?: typeof StorageError;
}

const troubles: readonly Trouble[] = [
  {
    what: 'a link in the place of a folder',
    prepare: (target) => {
      mkdirSync(join(target, 'aside'));
      symlinkSync('../aside', join(target, 'web/packages/ab'));
    },
    path: 'packages/ab/cd/a-1.0.zip',
  },
  {
    what: 'a file in the place of a folder',
    prepare: (target) => writeFileSync(join(target, 'web/simple/a'), 'x'),
    path: 'simple/a/index.html',
  },
  {
    what: 'a folder in the place of the file',
    prepare: (target) => mkdirSync(join(target, 'web/simple/a/index.html/folder'), { recursive: true }),
    path: 'simple/a/index.html',
  },
  { what: 'a name that is too long', prepare: () => {}, path: `simple/${'a'.repeat(300)}/x`, kind: UnfitFileError },
  { what: 'no staging', prepare: (target) => rmSync(join(target, 'staging'), { recursive: true }) },
];

for (const { what, prepare, path = 'simple/a/index.html', kind = StorageError } of troubles)
  t.test(`${what}: the same error as without the thread, and nothing behind it is published`, async (t) => {
    const target = t.testdir();
    const told: string[] = [];
    for (const thread of [undefined, await startedDiskThread(target)]) {
      const store = storeWith(target, thread);
      rmSync(join(target, 'web/simple'), { recursive: true });
      mkdirSync(join(target, 'web/simple'));
      rmSync(join(target, 'web/packages'), { recursive: true });
      mkdirSync(join(target, 'web/packages'));
      rmSync(join(target, 'aside'), { recursive: true, force: true });
      prepare(target);
      const error: unknown = await store
        .publish([path, 'simple/z/index.html'].map((path) => ({ path: at(path), body: x })))
        .catch((error: unknown) => error);
      t.type(error, kind);
      told.push(String(error));
      t.equal(await store.size(at('simple/z/index.html')), undefined);
    }
    t.equal(told[1], told[0]);
  });

t.test('a full disk and one that is read-only: the same errors', smallDiskOrReason(), async (t) => {
  const disk = openSmallDisk(t, '1m');
  const told: string[][] = [];
  for (const thread of [undefined, await startedDiskThread(disk.folder)]) {
    const store = storeWith(disk.folder, thread);
    const errorOf = async (writes: readonly Write[]): Promise<string> =>
      String(await store.publish(writes).catch((error: unknown) => error)).replace(/write-\d+/, 'write');
    const full = await errorOf([{ path: page(1), body: Buffer.alloc(megabyte + (megabyte >> 1)) }]);
    const fullOfMany = await errorOf(pages(200, 10_000));
    await store.tidy(true);
    await store.publish([{ path: page(1), body: x }]);
    disk.remount('ro');
    told.push([full, fullOfMany, await errorOf([{ path: page(2), body: x }])]);
    disk.remount('rw');
  }
  t.match(told[0], [/staging\/write: ENOSPC .*; free some space and run again/, /ENOSPC/, /EROFS .*must be writable/]);
  t.same(told[1], told[0]);
});

t.test('files of several mounts are renamed by one task', smallDiskOrReason(), async (t) => {
  const target = openSmallDisk(t, '4m').folder;
  mkdirSync(join(target, 'web/packages'), { recursive: true });
  openSmallDisk(t, '4m', join(target, 'web/packages'));
  const store = storeWith(target, await startedDiskThread(target));
  const blob = at(`packages/ab/cd/${'0'.repeat(60)}/a-1.0.zip`);
  const file = await store.stage('key', blob);
  file.begin(false, undefined);
  await file.write(x);
  await file.finish();
  await store.publish([{ path: blob, body: file }, { path: at(`${blob}.metadata`), body: x }, ...pages(2, 10)]);
  t.same(
    [blob, at(`${blob}.metadata`), page(0), page(1)].filter((path) => !treeOf(join(target, 'web')).includes(path)),
    [],
  );
  t.same(await store.leftovers(true), []);
});

t.test('what somebody put in staging, or removed from the tree, is no obstacle', async (t) => {
  const { store, target, web } = await open(t);
  writeFileSync(join(target, 'theirs'), 'theirs');
  symlinkSync('../theirs', join(target, 'staging/write-1'));
  await store.publish([{ path: page(1), body: x }]);
  rmSync(join(web, 'simple/p1'), { recursive: true });
  await store.publish([{ path: page(1), body: x }]);
  await store.discard([page(1)]);
  await store.publish([{ path: page(1), body: x }]);
  t.same(treeOf(web), [page(1)]);
  t.equal(readFileSync(join(target, 'theirs'), 'utf8'), 'theirs');
});

for (const [what, text] of [
  ['missing', undefined],
  ['cut off', 'const x = {'],
  ['empty', ''],
] as const)
  t.test(`with a program of the thread that is ${what}, the files are published without it`, async (t) => {
    const target = t.testdir();
    const program = join(target, 'disk.js');
    if (text !== undefined) writeFileSync(program, text);
    const store = storeWith(target, new DiskThread(program, join(target, 'web'), 0));
    for (let round = 0; round < 20; round += 1) await store.publish(pages(10, 10));
    t.equal(treeOf(join(target, 'web')).length, 10);
  });

/** A thread that dies of its first task of this kind, after `before` was done. */
const dying = (kind: string, before = ''): string => `
  const { parentPort } = require('node:worker_threads');
  const { writeFileSync } = require('node:fs');
  parentPort.on('message', (task) => {
    if (task.kind === '${kind}' && (task.files ?? task.renames).length > 1) { ${before} throw new Error('injected'); }
    for (const { path, start, end } of task.files ?? [])
      writeFileSync(path, new Uint8Array(task.memory.slice(start, end)));
    parentPort.postMessage({ errors: new Map(), touched: new Set() });
  });
  parentPort.postMessage('ready');`;

t.test('a thread that dies while it creates files leaves them to the caller', async (t) => {
  const target = t.testdir();
  const program = join(target, 'disk.cjs');
  writeFileSync(program, dying('create', `writeFileSync(task.files[0].path, 'half');`));
  const store = storeWith(target, await startedDiskThread(target, program));
  const writes = pages(50, 1000);
  await store.publish(writes);
  for (const { path, body } of writes) t.same(await store.read(path), body);
});

t.test('a thread that dies while it renames files fails that one time, and what comes next is right', async (t) => {
  const target = t.testdir();
  const program = join(target, 'disk.cjs');
  writeFileSync(program, dying('rename'));
  const store = storeWith(target, await startedDiskThread(target, program));
  await t.rejects(store.publish(pages(2, 1000)), {
    name: 'StorageError',
    message: `${join(target, 'web')}: the thread that renames files has ended (injected); run again`,
  });
  t.same(treeOf(join(target, 'web')), []);
  await store.publish(pages(2, 1000));
  t.equal(treeOf(join(target, 'web')).length, 2);
  await store.tidy(false);
  t.same(readdirSync(join(target, 'staging')), []);
});

t.test('a thread that has no task keeps no program alive, whether it ever had one or not', async (t) => {
  const module = new URL('../../../src/files/filesystem/disk-thread.ts', import.meta.url).href;
  const loader = new URL('../../../scripts/developer/typescript.mjs', import.meta.url).href;
  const folder = t.testdir();
  const script = (then: string): string => `
    const { DiskThread } = await import(${JSON.stringify(module)});
    const thread = new DiskThread(${JSON.stringify(diskThreadProgram)}, ${JSON.stringify(folder)}, 0);
    const create = () => thread.create(${JSON.stringify(join(folder, 'file'))}, []);
    await create();
    ${then}
    console.log('the end');`;
  for (const then of ['', 'while (!(await create())) await new Promise(setImmediate);']) {
    const program = join(folder, 'program.mjs');
    writeFileSync(program, script(then));
    const args = ['--import', loader, program];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
    t.same({ status, stdout, stderr }, { status: 0, stdout: 'the end\n', stderr: '' });
  }
});
