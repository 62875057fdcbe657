/** Disks that are full, read-only, or hold something else where a folder is needed: exit code 4 and one clear line. */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readerProblems } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openBundle } from './bundle.ts';
import { damage } from './damage.ts';
import { openCopies, openMirrored, openSample } from './opened-sample.ts';
import { each, run } from './program.ts';
import { runHere } from './run-here.ts';
import { openSmallDisk, smallDiskOrReason } from './small-disk.ts';
import { publishedTree, stateOf, treeOf } from './tree.ts';

const canMount = smallDiskOrReason();
const programs = await openBundle();
const program = join(programs, 'pep381run');

t.test('a file where a folder is needed is named in one line, and exit code 4 tells cron', async (t) => {
  const index = new SampleIndex();
  for (const name of ['sample-base', 'sample-other']) index.publish(makeWheel({ name, version: '1.0' }));
  const { server } = await openSample(t, program, index);
  const folder = t.testdir();
  const places = ['run', 'staging', 'trash', 'web', 'web/simple', 'web/packages', 'web/simple/sample-base'];
  await each(places, async (place) => {
    const target = join(folder, place.replaceAll('/', ' '));
    mkdirSync(join(target, place, '..'), { recursive: true });
    writeFileSync(join(target, place), 'in the way');
    const { code, stdout, stderr } = await run(program, ['-q', '--upstream', server.url, target]);
    t.equal(code, 4, place);
    t.equal(stdout, '');
    const [first = '', ...more] = stderr.trimEnd().split('\n');
    t.ok(first.startsWith(`pep381run: error: ${target}`), first);
    t.ok(more.length <= 1 && !/error/.test(more.join()), 'and the reason is told once');
    rmSync(join(target, place));
    const next = await runHere('-q', '--upstream', server.url, target);
    t.same(next, { code: 0, stdout: '', stderr: '' }, 'once it is out of the way the next run completes');
    t.same(readerProblems(join(target, 'web')), []);
  });
});

t.test('a file system without inodes is reported as that, not as a full disk', canMount, async (t) => {
  const disk = openSmallDisk(t, '40m,nr_inodes=40');
  const { server } = await openSample(t, program, smallIndex());
  const args = ['-q', '--all', '--upstream', server.url, join(disk.folder, 'target')];
  const { code, stderr } = await run(program, args);
  t.equal(code, 4);
  t.match(stderr, /: ENOSPC \([^)]*\); the file system has free bytes, but no inode for another file \(df -i\): /);
  disk.remount('nr_inodes=4000');
  t.same(await run(program, args), { code: 0, stdout: '', stderr: '' });
});

t.test('a state that is no database is reported with advice, and the advice works', async (t) => {
  const { target, mirror } = await openMirrored(t, program, smallIndex);
  const before = publishedTree(target);
  writeFileSync(join(target, 'state.db'), 'not a database, but as long as one '.repeat(300));
  for (const name of ['state.db-wal', 'state.db-shm']) rmSync(join(target, name), { force: true });
  const { code, stderr } = await mirror('-q');
  t.equal(code, 4);
  t.match(stderr, /^pep381run: error: [^\n]+state\.db: file is not a database; move the file away: [^\n]+\n$/);
  rmSync(join(target, 'state.db'));
  t.equal((await mirror('-q')).code, 0);
  t.same(publishedTree(target), before);
  t.equal(stateOf(target).files.length, 4, 'everything was compared and is known again');
});

t.test('every program reports files whose disk is not mounted, and the advice brings lost files back', async (t) => {
  const { target, mirror, server } = await openMirrored(t, program, smallIndex);
  rmSync(join(target, 'web/packages'), { recursive: true });
  mkdirSync(join(target, 'web/packages'));
  const before = treeOf(join(target, 'web'));
  const reason =
    /^(?:pep381\w+|processlogs): error: [^\n]+packages: holds no file, but [^\n]+ knows \d+ files; is the disk mounted\?/;
  const starts = [
    ['pep381run', '-q', '--upstream', server.url, target],
    ['pep381checkfiles', '-q', '--repair', target],
    ['pep381checkfiles', '--rebuild', target],
    ['processlogs', target, join(target, 'access.log')],
  ] as const;
  // One after the other: of two checks at the same time one is skipped.
  for (const [name, ...args] of starts) {
    t.match(await run(join(programs, name), args), { code: 4, stdout: '', stderr: reason }, name);
  }
  t.same(treeOf(join(target, 'web')), before);
  renameSync(join(target, 'state.db'), join(target, 'state.db.lost'));
  t.equal((await mirror('-q')).code, 0);
  t.same(damage(join(target, 'web'), server.index), []);
  t.same(stateOf(target).files.length, 4);
});

t.test(
  'a project without room on the disk is left out as a whole, reported, and fetched when there is more',
  canMount,
  async (t) => {
    const disk = openSmallDisk(t, '2m');
    const { server } = await openSample(t, program);
    const target = join(disk.folder, 'target');
    const args = ['-q', '--all', '--upstream', server.url, target];
    for (const attempt of ['the first run', 'the next one']) {
      const { code, stdout, stderr } = await run(program, args);
      t.equal(code, 1, attempt);
      t.equal(stdout, '');
      const lines = stderr.trimEnd().split('\n');
      t.match(lines.at(-1), /^\d+ projects? published.* failed and stays? queued/);
      for (const line of lines.slice(0, -1))
        t.match(line, /^[a-z-]+: needs [\d.]+ [KM]?i?B more: the disk has [\d.]+ [KM]?i?B free beyond/);
      t.same(damage(join(target, 'web'), server.index), []);
    }
    disk.remount('size=40m');
    t.same(await run(program, args), { code: 0, stdout: '', stderr: '' });
    t.same(readerProblems(join(target, 'web')), []);
    t.same(readdirSync(join(target, 'staging')), []);
    t.same(stateOf(target).queue, []);
  },
);

t.test('a disk that fills up during a run leaves the mirror as it is', canMount, async (t) => {
  const disk = openSmallDisk(t, '8m');
  const { server, copyTo } = await openCopies(program, smallIndex);
  t.teardown(() => server.close());
  const target = join(disk.folder, 'target');
  const args = ['-q', '--upstream', server.url, target];
  copyTo(target);
  const before = publishedTree(target);
  const ballast = join(disk.folder, 'ballast');
  fill(ballast);
  server.index.yank('alpha', '1.0', 'late');
  server.index.removeProject('beta');
  const { code, stderr } = await run(program, args);
  t.equal(code, 4);
  t.match(stderr, /; free some space and run again/);
  t.same(damage(join(target, 'web'), server.index), []);
  t.same({ ...before, ...publishedTree(target) }, { ...publishedTree(target), ...before }, 'no page is another one');
  rmSync(ballast);
  t.same(await run(program, args), { code: 0, stdout: '', stderr: '' });
  t.same(readerProblems(join(target, 'web')), []);
});

t.test('a read-only disk is reported as such', canMount, async (t) => {
  const disk = openSmallDisk(t, '20m');
  const { server, copyTo } = await openCopies(program, smallIndex);
  t.teardown(() => server.close());
  const target = join(disk.folder, 'target');
  const args = ['-q', '--upstream', server.url, target];
  copyTo(target);
  server.index.removeProject('beta');
  const before = treeOf(target);
  disk.remount('ro');
  const { code, stdout, stderr } = await run(program, args);
  t.equal(code, 4);
  t.equal(stdout, '');
  t.match(stderr, /^pep381run: error: [^\n]+: cannot be written to: EROFS: read-only file system[^\n]*\n$/);
  t.same(treeOf(target), before);
  const fresh = await run(program, ['--upstream', server.url, join(disk.folder, 'new')]);
  t.equal(fresh.code, 4);
  t.match(fresh.stderr, /^pep381run: error: [^\n]+: cannot be created: [^\n]+\n$/);
  disk.remount('rw');
  t.equal((await run(program, args)).code, 0);
});

/** Writes until there is no space left. */
function fill(path: string): void {
  for (const size of [1 << 20, 1 << 16, 1 << 12]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Full for this size; the next is smaller.
    }
  }
}
