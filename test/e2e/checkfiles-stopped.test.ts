/** The built pep381checkfiles when it is stopped on its way, watched by a person, or refused by the disk. */
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { readerProblems } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openCopies, openMirrored } from './opened-sample.ts';
import { type Ended, killAtEnd, type Running, run, start, until } from './program.ts';
import { checkHere } from './run-here.ts';
import { openSmallDisk, smallDiskOrReason } from './small-disk.ts';
import { runInTerminal, terminalOrReason } from './terminal.ts';
import { stateOf, treeOf } from './tree.ts';

const programs = await openBundle();
const program = join(programs, 'pep381checkfiles');
const checkfiles = (...args: readonly string[]): Promise<Ended> => run(program, args);
const right: Ended = { code: 0, stdout: '', stderr: '' };
const todo = 'Todo list updated; run pep381run now\n';
const paused = '\nCheck paused. Resume by restarting pep381checkfiles.\n';
const needsTerminal = terminalOrReason();
const canMount = smallDiskOrReason();
/** Without a single block on the disk. To read it takes longer than any test waits. */
const endless = 2 ** 40;

interface Stalled extends OpenedSample {
  /** The line about the page that is missing in the first project. */
  readonly finding: string;
  /** Makes the file what it was. */
  shorten(): void;
}

/** A mirror of which the first project lacks its page, and `project` has a file that takes for ever to be read. */
async function openStalled(
  t: Test,
  project: string,
  filename: string,
  makeIndex?: () => SampleIndex,
): Promise<Stalled> {
  const opened = await openMirrored(t, join(programs, 'pep381run'), makeIndex);
  const { target, server } = opened;
  const [first = ''] = server.index
    .projects()
    .map(({ name }) => name)
    .sort();
  rmSync(join(target, 'web/simple', first, 'index.html'));
  const path = server.index.pathOf(project, filename).slice(1);
  const file = join(target, 'web', path);
  const bytes = readFileSync(file);
  const setSize = (size: number): void => {
    const db = new Database(join(target, 'state.db'));
    db.prepare('UPDATE files SET size = ? WHERE path = ?').run(size, path);
    db.close();
  };
  truncateSync(file, endless);
  setSize(endless);
  return {
    ...opened,
    finding: `Missing index.html for ${target}/web/simple/${first}\n`,
    shorten: () => {
      writeFileSync(file, bytes);
      setSize(bytes.length);
    },
  };
}

const large = ['sample-large', 'sample_large-1.0-py3-none-any.whl'] as const;

/** Whether the process has a file of that name open. */
function isReading(pid: number, filename: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).some(
    (fd) => existsSync(join(folder, fd)) && readlinkSync(join(folder, fd)).endsWith(filename),
  );
}

/** Returns the project after which the check of a mirror goes on. */
function positionIn(target: string): string | undefined {
  const db = new Database(join(target, 'state.db'), { readonly: true });
  const value = db.prepare<[], string>("SELECT value FROM mirror WHERE key = 'check'").pluck().get();
  db.close();
  return value === undefined ? undefined : (JSON.parse(value) as { after: string }).after;
}

function begin(t: Test, target: string, ...options: string[]): Running {
  const running = start(program, [...options, target]);
  killAtEnd(t, running);
  return running;
}

for (const [signal, code] of [
  ['SIGINT', 0],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  t.test(`${signal} pauses a check at once with exit code ${code}, and the next one is to go on`, async (t) => {
    const { target, finding, shorten, mirrorHere } = await openStalled(t, ...large);
    const running = begin(t, target, '-q');
    await until('the endless file', () => running.stdout() === finding && isReading(running.pid, large[1]));
    running.kill(signal);
    t.same(await running.ended, { code, stdout: `${finding}${todo}${paused}`, stderr: '' });
    t.equal(stateOf(target).queue.length, 1, 'what was found is queued');
    t.equal(positionIn(target), 'sample-extras');
    // What comes then does not depend on the signal.
    if (signal !== 'SIGINT') return;
    shorten();
    const next = await checkfiles(target);
    t.same(next, { ...right, stdout: 'Continuing the check that was interrupted after sample-extras\n' });
    t.same(await mirrorHere('-q'), right);
    t.same(await checkHere(target), right, 'what was found is repaired');
  });
}

/** Returns an index of so many projects that a second thread helps. One in five has a file. */
function manyProjects(): SampleIndex {
  const index = new SampleIndex();
  for (let number = 0; number < 220; number += 1) {
    const name = `p${String(number).padStart(3, '0')}`;
    if (number % 5 === 0) index.publish(makeSdist({ name, version: '1.0' }));
    else index.create(name);
  }
  return index;
}

t.test('a check of so many projects that a second thread helps is paused at once, too', async (t) => {
  const { target, finding, shorten, server } = await openStalled(t, 'p100', 'p100-1.0.tar.gz', manyProjects);
  const { index } = server;
  const running = begin(t, target, '-q');
  await until('the endless file', () => running.stdout() === finding && isReading(running.pid, 'p100-1.0.tar.gz'));
  running.kill('SIGTERM');
  t.same(await running.ended, { code: 143, stdout: `${finding}${todo}${paused}`, stderr: '' });
  shorten();
  const file = join(target, 'web', index.pathOf('p200', 'p200-1.0.tar.gz'));
  truncateSync(file, 1);
  writeFileSync(join(target, 'web/packages/stranger'), 'x');
  const { code, stdout } = await checkfiles('-q', target);
  t.equal(code, 1);
  const said = stdout.split('\n').map((line) => line.replaceAll(join(target, 'web'), '').replace(/\d+ bytes, /, ''));
  t.same(said, [
    `Bad size ${index.pathOf('p200', 'p200-1.0.tar.gz')}: expected found 1 bytes`,
    'Unreferenced file /packages/stranger',
    ...todo.split('\n'),
  ]);
});

t.test('a check does without a second thread where the system starts none', async (t) => {
  const { target, server } = await openMirrored(t, join(programs, 'pep381run'), manyProjects);
  const limit = join(target, '../limit.cjs');
  writeFileSync(
    limit,
    `const threads = require('node:worker_threads');
    threads.Worker = class { constructor() { process.stdout.write('asked\\n'); throw new Error('EAGAIN'); } };
    require('node:module').syncBuiltinESMExports();`,
  );
  const path = server.index.pathOf('p200', 'p200-1.0.tar.gz');
  rmSync(join(target, 'web', path));
  const ended = await run(program, ['-q', target], { node: ['--require', limit] });
  t.same(ended, { code: 1, stdout: `asked\nMissing file ${target}/web${path}\n${todo}`, stderr: '' });
});

t.test('a check that was killed continues near to where it was, and has lost nothing', async (t) => {
  const { target, finding, shorten, mirrorHere } = await openStalled(t, ...large);
  // Every five seconds it remembers where it is.
  const fast = join(target, '../fast.cjs');
  writeFileSync(fast, 'const { now } = Date; let aheadMs = 0; Date.now = () => now() + (aheadMs += 5000);');
  const running = start(program, ['-q', target], { node: ['--require', fast] });
  killAtEnd(t, running);
  await until('its position', () => positionIn(target) !== undefined && isReading(running.pid, large[1]));
  running.kill('SIGKILL');
  t.same(await running.ended, { code: 'SIGKILL', stdout: finding, stderr: '' });
  shorten();
  const after = positionIn(target);
  t.match(after, /^sample-(?:app|archived|base|extras)$/);
  const next = await checkfiles(target);
  t.same(next, { ...right, stdout: `Continuing the check that was interrupted after ${after}\n` });
  t.equal(stateOf(target).queue.length, 1);
  t.same(await mirrorHere('-q'), right);
  t.same(readerProblems(join(target, 'web')), [], 'what was found is repaired');
  t.same(await checkHere(target), right);
});

t.test(
  'a terminal shows how far the check is, and the findings above, which Ctrl-C leaves',
  needsTerminal,
  async (t) => {
    const { target, finding } = await openStalled(t, ...large);
    const terminal = runInTerminal(t, 300, [process.execPath, program, target]);
    await until('the display', () => terminal.screen().some((line) => line.startsWith('  now      sample-large')));
    await until('the speed', () => /GiB, .* [GM]iB\/s/.test(terminal.screen().join()));
    const [found, title, projects, files, now, wrong, ...more] = terminal.screen();
    t.equal(`${found}\n`, finding);
    t.equal(title?.replace(/ {2}[\d.]+ s$/, ''), `Checking ${target}`);
    t.match(projects, /^ {2}projects \[#+\.+\] \d+ of 13 {2}\d+ %$/);
    t.match(files, /^ {2}files {4}\d+, [\d.]+ GiB, [\d.]+ [GM]iB\/s/);
    t.equal(now, '  now      sample-large');
    t.equal(wrong, '  wrong    1 finding, 1 project queued');
    t.same(more, []);

    t.comment('Ctrl-C removes the display and leaves the findings');
    terminal.type('\x03');
    t.equal(await terminal.ended, 0);
    t.same(terminal.screen().join('\n'), `${finding}${todo}${paused}`.trimEnd());
  },
);

t.test('a check that comes to its end leaves the summary', needsTerminal, async (t) => {
  const { target } = await openMirrored(t, join(programs, 'pep381run'));
  const well = runInTerminal(t, 100, [process.execPath, program, target]);
  t.equal(await well.ended, 0);
  t.match(well.screen(), [/^Checked 13 projects, 36 files \([\d.]+ MiB\) in [\d.]+ s: no findings\.$/]);
  t.equal(well.screen().length, 1);
  const quiet = runInTerminal(t, 100, [process.execPath, program, '-q', target]);
  t.equal(await quiet.ended, 0);
  t.same(quiet.screen(), ['']);
});

t.test('a read-only disk is reported in one line, and a full one loses nothing', canMount, async (t) => {
  const disk = openSmallDisk(t, '20m');
  const target = join(disk.folder, 'target');
  const { server, copyTo } = await openCopies(join(programs, 'pep381run'), smallIndex);
  await server.close();
  copyTo(target);
  rmSync(join(target, 'web/simple/alpha/index.html'));
  const before = treeOf(join(target, 'web'));
  disk.remount('ro');
  const { code, stdout, stderr } = await checkfiles(target);
  t.equal(code, 4);
  t.equal(stdout, '');
  t.match(stderr, /^pep381checkfiles: error: [^\n]+: cannot be written to: EROFS[^\n]*\n$/);
  disk.remount('rw');
  t.same(treeOf(join(target, 'web')), before);
  t.equal((await checkfiles('-q', target)).code, 1);
});

t.test('a tree that cannot be written to is checked; only a repair needs to write', canMount, async (t) => {
  const disk = openSmallDisk(t, '20m');
  const { target } = await openMirrored(t, join(programs, 'pep381run'), smallIndex);
  const web = join(target, 'web');
  cpSync(web, disk.folder, { recursive: true, preserveTimestamps: true });
  rmSync(web, { recursive: true });
  symlinkSync(disk.folder, web);
  rmSync(join(target, 'web/simple/alpha/index.html'));
  rmSync(join(target, 'web/local-stats/days'), { recursive: true });
  disk.remount('ro');
  const { code, stdout, stderr } = await checkfiles(target);
  t.equal(code, 1, 'what was found, not what could not be written');
  t.match(stdout, `Missing index.html for ${target}/web/simple/alpha\n`);
  t.match(stderr, /^pep381checkfiles: Warning: the pages for people cannot be renewed: [^\n]*EROFS[^\n]*\n$/);
  t.match(await checkfiles('--repair', target), { code: 4, stdout: '', stderr: /EROFS/ });
  disk.remount('rw');
  t.equal((await checkfiles('-q', '--repair', target)).code, 1);
});
