/** Other users of the machine can leave a request in run/, and can do nothing else to a mirror. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { someCases } from '../fixtures/every-case.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { asOrdinaryUser, otherUserOrReason } from '../fixtures/ordinary-user.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { openBundle } from './bundle.ts';
import { hotJournal } from './hot-journal.ts';
import { openMirrored } from './opened-sample.ts';
import { type Ended, run } from './program.ts';
import { checkHere, logsHere, runHere } from './run-here.ts';
import { treeOf } from './tree.ts';

const programs = await openBundle();
const quiet = { code: 0, stdout: '', stderr: '' };
const isRoot = process.getuid?.() === 0;
/** Debian's www-data: whom run/ is opened to. */
const stranger = 33;

interface Opened {
  readonly target: string;
  /** Runs a program of the bundle on the target with these options. */
  start(name: Name, ...options: string[]): Promise<Ended>;
  /** Does the same in this process. */
  startHere(name: Name, ...options: string[]): Promise<Ended>;
}

const here = { pep381run: runHere, processlogs: logsHere, pep381checkfiles: checkHere };
type Name = keyof typeof here;
const allNames: readonly Name[] = ['pep381run', 'processlogs', 'pep381checkfiles'];

/** A mirror that was run once. */
async function openConfigured(t: Test): Promise<Opened> {
  const { target, server } = await openMirrored(t, join(programs, 'pep381run'), smallIndex);
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${server.url}"\n`);
  writeFileSync(join(target, '../access.log'), '');
  const args = (name: Name, options: string[]): string[] =>
    name === 'processlogs' ? [...options, target, join(target, '../access.log')] : [...options, target];
  return {
    target,
    start: (name, ...options) => run(join(programs, name), args(name, options)),
    startHere: (name, ...options) => here[name](...args(name, options)),
  };
}

/** Removes a file that the mirror has, so that a check has something to find. */
function damage(target: string): void {
  rmSync(join(target, 'web/simple/alpha/index.html'));
}

/** Gives what lies in run/ to somebody else, where that is possible. */
function giveAway(target: string): void {
  if (!isRoot) return;
  const run = join(target, 'run');
  spawnSync('chown', ['-Rh', `${stranger}:${stranger}`, run]);
  chownSync(run, 0, stranger);
  chmodSync(run, 0o1775);
}

t.test('a journal planted in run/ deletes nothing, and a lock held there stops nothing', async (t) => {
  const { target, start, startHere } = await openConfigured(t);
  const victim = join(target, 'precious');
  const names = ['lock.db', 'check-lock.db', 'stats-lock.db'];
  const plant = (): void => {
    for (const name of names) {
      const { database, journal } = hotJournal(victim);
      writeFileSync(join(target, 'run', name), database);
      writeFileSync(join(target, 'run', `${name}-journal`), journal);
    }
    writeFileSync(victim, 'of the mirror’s user');
    giveAway(target);
  };
  plant();
  const hijacked = new Database(join(target, 'run/lock.db'));
  hijacked.prepare('SELECT count(*) FROM sqlite_master').get();
  hijacked.close();
  t.notOk(existsSync(victim), 'SQLite deletes what such a journal names');

  plant();
  for (const name of allNames) t.same(await start(name, '-q'), quiet, name);
  t.ok(existsSync(victim));
  for (const name of names) rmSync(join(target, 'run', `${name}-journal`));
  const held = names.map((name) => new Database(join(target, 'run', name)));
  for (const db of held) db.exec('BEGIN EXCLUSIVE');
  damage(target);
  t.match(await startHere('pep381checkfiles', '-q'), { code: 1, stdout: /Missing index\.html/ });
  t.same(await startHere('pep381run', '-q'), quiet);
  writeFileSync(join(target, '../access.log'), 'x');
  t.match(await startHere('processlogs'), { code: 0, stdout: /^(?!Currently)/ });
  for (const db of held) db.close();
});

t.test('all programs work, whatever is in run/', async (t) => {
  const { target, start, startHere } = await openConfigured(t);
  const at = (name: string): string => join(target, 'run', name);
  const planted = join(target, '../planted');
  mkdirSync(planted);
  /** Returns the path of what a command makes, which is called in the folder once. */
  const made = (name: string, command: string, ...args: string[]): string => {
    const path = join(planted, name);
    if (!existsSync(path)) t.equal(spawnSync(command, args, { cwd: planted }).status, 0, command);
    return path;
  };
  // The path of a socket may have no more than a hundred letters.
  const bindSocket = 'import socket; socket.socket(socket.AF_UNIX).bind("socket")';
  const plants: readonly (readonly [string, (path: string) => void])[] = [
    ['pipe, which nobody writes to', (path) => linkSync(made('pipe', 'mkfifo', 'pipe'), path)],
    ['link to nowhere', (path) => symlinkSync(join(target, 'nowhere'), path)],
    ['link to the state', (path) => symlinkSync(join(target, 'state.db'), path)],
    ['socket', (path) => linkSync(made('socket', 'python3', '-c', bindSocket), path)],
    ['folder', (path) => mkdirSync(join(path, 'more'), { recursive: true })],
    ['file that nobody can read', (path) => writeFileSync(path, '', { mode: 0 })],
    [
      'huge file',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 1e12);
      },
    ],
  ];
  for (const [what, plant] of someCases(plants, 2)) {
    rmSync(join(target, 'run'), { recursive: true });
    mkdirSync(join(target, 'run'));
    for (const lock of ['lock.db', 'check-lock.db', 'stats-lock.db']) {
      for (const suffix of ['', '-journal', '-wal', '-shm']) plant(at(lock + suffix));
    }
    plant(at('sync-requested'));
    giveAway(target);
    damage(target);
    // A program that opens the pipe waits for ever.
    const begin = what.startsWith('pipe') ? start : startHere;
    t.match(await begin('pep381checkfiles', '-q'), { code: 1, stdout: /Missing index\.html/ }, what);
    t.same(await begin('processlogs', '-q'), quiet, what);
    t.same(await begin('pep381run', '-q'), quiet, what);
    t.ok(existsSync(join(target, 'web/simple/alpha/index.html')), what);
    t.notOk(existsSync(at('sync-requested')), `${what}: the request is gone`);
    t.notOk(existsSync(join(target, 'nowhere')), what);
  }
});

t.test(
  'a run of the earlier version, with its locks in run/, and one of this version exclude each other',
  async (t) => {
    const { target, start, startHere } = await openConfigured(t);
    rmSync(join(target, 'lock'), { recursive: true });
    const older = ['lock.db', 'check-lock.db', 'stats-lock.db'].map((name) => {
      writeFileSync(join(target, 'run', name), '', { mode: 0o600 });
      return new Database(join(target, 'run', name), { timeout: 0 });
    });
    for (const db of older) db.exec('BEGIN EXCLUSIVE');
    const skipped = /^Currently already running; .* is skipped\n$/;
    for (const name of allNames) {
      t.match(await start(name), { code: 0, stdout: skipped, stderr: '' }, name);
    }
    for (const db of older) db.exec('ROLLBACK');
    for (const name of allNames) t.same(await startHere(name, '-q'), quiet, name);
    const held = ['run.db', 'check.db', 'stats.db'].map((name) => new Database(join(target, 'lock', name)));
    for (const db of held) db.exec('BEGIN EXCLUSIVE');
    for (const db of older) t.throws(() => db.exec('BEGIN EXCLUSIVE'), { code: 'SQLITE_BUSY' });
    for (const db of [...held, ...older]) db.close();
  },
);

t.test(
  'a second program is skipped with 0 while the first one makes progress, and with 1 and a line once it hangs',
  async (t) => {
    const { target, start, startHere } = await openConfigured(t);
    for (const [program, name, older] of [
      ['pep381checkfiles', 'check.db', 'check-lock.db'],
      ['processlogs', 'stats.db', 'stats-lock.db'],
    ] as const) {
      t.same(await startHere(program, '-q'), quiet);
      const path = join(target, 'lock', name);
      t.ok(Date.now() - statSync(path).mtimeMs < 60_000, 'who takes it marks the time');
      const holder = new Database(path);
      holder.exec('BEGIN EXCLUSIVE');
      t.same(await startHere(program, '-q'), quiet, program);
      const hoursAgo = Date.now() / 1000 - 5 * 3600 - 60;
      utimesSync(path, hoursAgo, hoursAgo);
      const { code, stdout, stderr } = await start(program, '-q');
      t.same([code, stdout], [1, ''], program);
      const line = `^${program}: error: \\S+/lock/${name}: another ${program} holds it, and did nothing for 5 hours \\(since `;
      t.match(stderr, new RegExp(line));
      holder.close();
      t.same(await startHere(program, '-q'), quiet, `${older}: and works once that one is gone`);
    }
  },
);

t.test('a lock folder of another user is refused', async (t) => {
  const { target, start, startHere } = await openConfigured(t);
  const folder = join(target, 'lock');
  chmodSync(folder, 0o777);
  t.same(await startHere('pep381run', '-q'), quiet);
  t.equal(lstatSync(folder).mode & 0o777, 0o700);
  rmSync(folder, { recursive: true });
  symlinkSync(join(target, 'run'), folder);
  for (const name of allNames) {
    const line = new RegExp(`^${name}: error: \\S+/lock: expected a folder, found something else; remove it\\n$`);
    t.match(await startHere(name, '-q'), { code: 4, stdout: '', stderr: line });
  }
  rmSync(folder);
  if (!isRoot) return;
  mkdirSync(folder);
  chownSync(folder, stranger, stranger);
  t.match(await start('pep381run', '-q'), { code: 4, stderr: /\/lock: belongs to www-data, expected root, as whom/ });
});

t.test('every program closes the state to other users, and state-mode = "0640" opens it to its group', async (t) => {
  const { target, startHere } = await openConfigured(t);
  const files = ['state.db', 'state.db-wal', 'state.db-shm'].map((name) => join(target, name));
  for (const name of allNames) {
    for (const [setting, mode] of [
      ['', 0o600],
      ['state-mode = "0640"\n', 0o640],
    ] as const) {
      const config = readFileSync(join(target, 'mirror.toml'), 'utf8').replace(/^state-mode.*\n/, '');
      writeFileSync(join(target, 'mirror.toml'), setting + config);
      // Somebody has it open, so that what SQLite keeps beside it stays.
      const reader = new Database(join(target, 'state.db'));
      reader.exec('CREATE TABLE IF NOT EXISTS somebodys (x)');
      for (const path of files) chmodSync(path, 0o644);
      t.same(await startHere(name, '-q'), quiet);
      t.same(
        files.map((path) => statSync(path).mode & 0o777),
        [mode, mode, mode],
        `${name} ${setting}`,
      );
      reader.close();
    }
  }
  t.same(await startHere('pep381checkfiles', '-q', '--rebuild'), quiet);
  t.equal(statSync(join(target, 'state.db')).mode & 0o777, 0o640, 'a state that was made anew has the mode, too');
});

t.test(
  'root does not write into the mirror of another user, and the message names that user',
  otherUserOrReason(),
  async (t) => {
    const sample = await openConfigured(t);
    const folder = openToAll(t).testdir();
    const [target, bundle] = [join(folder, 'target'), join(folder, 'programs')];
    cpSync(dirname(join(programs, 'pep381run')), bundle, { recursive: true });
    cpSync(sample.target, target, { recursive: true });
    const log = join(folder, 'access.log');
    writeFileSync(log, '');
    spawnSync('chown', ['-R', `${stranger}:${stranger}`, target]);
    const before = treeOf(target);
    const why = `${target}: belongs to www-data, who could not change what root leaves there`;
    const advised = (stderr: string): string => /; run (.*)\n$/.exec(stderr)?.[1] ?? '';
    let advice = '';
    for (const [name, ...args] of [
      ['processlogs', '-q', target, log],
      ['pep381checkfiles', '-q', target],
      ['pep381run', '--restore', 'alpha', target],
      ['pep381run', '-q', target],
    ] as const) {
      const command = [join(bundle, name), ...args];
      const { code, stdout, stderr } = await run(join(bundle, name), args);
      t.same([code, stdout], [4, ''], command.join(' '));
      t.equal(stderr, `${name}: error: ${why}; run runuser -u www-data -- ${command.join(' ')}\n`);
      t.same(treeOf(target), before);
      advice = advised(stderr);
    }
    for (const [name, ...args] of [
      ['pep381checkfiles', '--rebuild', target],
      ['processlogs', '--compat', '1.5', target, log],
    ] as const) {
      const { code, stdout, stderr } = await here[name](...args);
      t.same([code, stdout], [4, ''], `${name} ${args.join(' ')}`);
      t.ok(stderr.startsWith(`${name}: error: ${why}; run runuser -u www-data -- `), stderr);
      t.same(treeOf(target), before);
    }
    t.equal((await runHere('--status', target)).code, 0, 'who only looks may be root');
    t.equal((await runHere('--dry-run', '-q', target)).code, 0);
    t.equal(statSync(join(target, 'state.db')).uid, stranger);
    t.same(await run('-c', [advice], { command: 'sh' }), quiet);

    t.comment('what root has left there before is given back by the line');
    chownSync(join(target, 'state.db'), 0, 0);
    const line = advised((await run(join(bundle, 'pep381run'), ['-q', target])).stderr);
    t.match(line, `chown -R www-data ${target} && runuser -u www-data -- `);
    t.same(await run('-c', [line], { command: 'sh' }), quiet);
    const news = join(folder, 'new');
    mkdirSync(news);
    chownSync(news, 65534, 65534);
    t.match(await runHere('-q', news), { code: 4, stderr: /: belongs to nobody, / });
  },
);

t.test('a bandersnatch.conf of another user beside a new target is not used', otherUserOrReason(), async (t) => {
  const folder = openToAll(t).testdir();
  const target = join(folder, 'target');
  const planted = join(folder, 'bandersnatch.conf');
  writeFileSync(planted, `[mirror]\ndirectory = ${target}\nmaster = https://evil.example\n`);
  chownSync(planted, stranger, stranger);
  const { code, stderr } = await runHere('-q', target);
  t.equal(code, 2);
  t.match(
    stderr,
    /^pep381run: error: \S+bandersnatch\.conf: belongs to www-data, and may not decide what \S+ mirrors; [^\n]+\n$/,
  );
  t.notOk(existsSync(target));
});

t.test('no other user can lock anything that a program needs', otherUserOrReason(), async (t) => {
  const { target } = await openConfigured(t);
  const copied = join(openToAll(t).testdir(), 'target');
  cpSync(target, copied, { recursive: true, preserveTimestamps: true });
  const databases = ['state.db', ...Object.keys(treeOf(join(copied, 'lock'))).map((name) => `lock/${name}`)];
  t.ok(databases.length > 1);
  for (const name of databases) {
    const { status } = asOrdinaryUser('test', ['-r', join(copied, name)]);
    t.equal(status, 1, name);
  }
});
