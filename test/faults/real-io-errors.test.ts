/**
 * The same of the real system: calls into the kernel that fail where strace can have them fail, those of SQLite among
 * them, and disks that run out of room or of inodes anywhere within a run.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { damage } from '../e2e/damage.ts';
import { each, run } from '../e2e/program.ts';
import { openSmallDisk, smallDiskOrReason } from '../e2e/small-disk.ts';
import { stateOf } from '../e2e/tree.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { filesIn } from './differences.ts';
import { makeMirror, pathOf, place, problemsAfter, runProgram, type Scenario } from './failing-runs.ts';
import { changeFaultIndex, faultIndex } from './fault-index.ts';
import { rounds, seededRandom } from './options.ts';

const index = faultIndex();
const server = await openSampleServer({ index });
t.teardown(() => server.close());
const mirror = (target: string): string[] => ['-q', '--upstream', server.url, target];

const old = await makeMirror('old', mirror);
changeFaultIndex(index);
const updated = await makeMirror('updated', mirror);
const result = (target: string): object => ({
  web: filesIn(target),
  queue: existsSync(join(target, 'state.db')) ? stateOf(target).queue : [],
});
const update: Scenario = {
  program: 'pep381run',
  args: mirror,
  failed: [4],
  begin: (target) => cpSync(old, target, { recursive: true, preserveTimestamps: true }),
  harm: (target) => damage(join(target, 'web'), index),
  heal: [['pep381run', mirror, [0]]],
  goal: result(updated),
  result,
};

/** A call that fails; only where it concerns one of `paths` below the target, if there are any. */
interface Call {
  readonly name: string;
  readonly errors: readonly string[];
  readonly paths?: readonly string[];
  /** About how often it is made. */
  readonly count: number;
}

const database = ['state.db', 'state.db-wal', 'state.db-shm', 'lock/run.db', 'lock/run.db-journal'];
const staged = Array.from({ length: 30 }, (_, at) => `staging/write-${at}`);
const calls: readonly Call[] = [
  { name: 'pwrite64', errors: ['EIO', 'ENOSPC', 'EDQUOT'], paths: database, count: 120 },
  { name: 'pread64', errors: ['EIO'], paths: database, count: 30 },
  { name: 'fdatasync', errors: ['EIO', 'ENOSPC'], count: 12 },
  { name: 'fsync', errors: ['EIO', 'ENOSPC'], count: 12 },
  { name: 'fcntl', errors: ['ENOLCK', 'EIO'], paths: database, count: 60 },
  { name: 'ftruncate', errors: ['EIO', 'ENOSPC'], count: 4 },
  { name: 'openat', errors: ['EMFILE', 'EACCES', 'EIO', 'ENFILE'], paths: [...database, ...staged], count: 8 },
  { name: 'write', errors: ['EIO', 'ENOSPC', 'EDQUOT'], paths: staged, count: 12 },
  { name: 'rename', errors: ['EIO', 'EROFS', 'ENOSPC', 'EACCES'], count: 24 },
  { name: 'mkdir', errors: ['EIO', 'EROFS', 'ENOSPC', 'EACCES', 'EDQUOT'], count: 24 },
  { name: 'unlink', errors: ['EIO', 'EROFS', 'EACCES'], count: 4 },
  { name: 'getdents64', errors: ['EIO', 'EACCES'], count: 8 },
];

function straceOrReason(): { readonly skip: false | string } {
  const { status, error, stderr } = spawnSync('strace', ['-f', '-qq', '-e', 'trace=none', 'true'], {
    encoding: 'utf8',
  });
  return { skip: status === 0 ? false : `strace is not to be had here: ${error?.message ?? stderr.trim()}` };
}

t.test('calls into the kernel that fail', straceOrReason(), async (t) => {
  const random = seededRandom('calls');
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const first = upTo(calls.length);
  let struck = 0;
  const wished = rounds(0.06);
  await each([...Array(wished).keys()], async (number) => {
    const call = calls[(first + number) % calls.length];
    if (call === undefined) return;
    const target = place(`call ${number}`);
    const log = `${target}.log`;
    const at = `${1 + upTo(call.count)}${random() < 0.5 ? '+' : ''}`;
    const error = call.errors[upTo(call.errors.length)];
    const paths = call.paths?.flatMap((path) => ['-P', join(target, path)]) ?? [];
    const inject = `inject=${call.name}:error=${error}:when=${at}`;
    const traced = ['-f', '-qq', '-o', log, '-e', `trace=${call.name}`, '-e', inject, ...paths, process.execPath];
    update.begin(target);
    const problems = await problemsAfter(update, target, () =>
      run(pathOf('pep381run'), mirror(target), { command: 'strace', node: traced }),
    );
    t.same(problems, [], `${call.name} ${at}: ${error}`);
    if (readFileSync(log, 'latin1').includes('(INJECTED)')) struck += 1;
    for (const path of [target, log]) rmSync(path, { recursive: true, force: true });
  });
  t.comment(`${struck} of ${wished} calls failed`);
  t.ok(struck >= 0.3 * wished, 'most of the calls are made');
});

t.test('disks that run out of room or of inodes', smallDiskOrReason(), async (t) => {
  const random = seededRandom('small disks');
  const scenario: Scenario = { ...update, begin: () => {}, failed: [1, 4] };
  for (let round = 0; round < rounds(0.04); round += 1) {
    // What is needed is two megabytes and a hundred inodes.
    const size =
      random() < 0.5 ? `${60 + Math.floor(random() * 2400)}k` : `40m,nr_inodes=${5 + Math.floor(random() * 100)}`;
    const disk = openSmallDisk(t, size);
    const target = join(disk.folder, 'target');
    const problems = await problemsAfter(scenario, target, async () => {
      const ended = await runProgram('pep381run', ['--all', ...mirror(target)]);
      disk.remount('size=40m,nr_inodes=10000');
      return ended;
    });
    t.same(problems, [], `a disk of ${size}`);
  }
});
