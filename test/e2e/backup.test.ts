/** `pep381run --backup`, and what a mirror becomes from the copy. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { backUp } from '../../src/cli/inspect/open-backup.ts';
import { systemClock } from '../../src/cli/program/system-clock.ts';
import { SqliteStateStore } from '../../src/state/sqlite/sqlite-state-store.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { openMirrored } from './opened-sample.ts';
import { type Ended, run, until } from './program.ts';

const programs = await openBundle();
const program = join(programs, 'pep381run');

function projectsIn(state: string): number {
  const store = new SqliteStateStore(state, systemClock, { readOnly: true });
  try {
    return store.totals().projects;
  } finally {
    store.close();
  }
}

function folderBeside(target: string): string {
  const folder = join(dirname(target), 'copies');
  mkdirSync(folder, { recursive: true });
  return folder;
}

t.test('a copy made during a run is whole, and the next run makes the mirror of it right', async (t) => {
  const { server, target, mirror, begin } = await openMirrored(t, program, smallIndex);
  const state = join(target, 'state.db');
  const folder = folderBeside(target);
  const copy = join(folder, 'state.db');
  writeFileSync(copy, 'an earlier copy');
  for (const name of ['later-one', 'later-two']) server.index.publish(makeWheel({ name, version: '1.0' }));
  const release = server.faults.add({ do: 'stall', after: 100, match: /later_two-1\.0/ });
  const running = begin();
  await until('what is committed in the WAL', () => existsSync(join(target, 'web/simple/later-one/index.html')));
  await until('the state knows it', () => projectsIn(state) === 4);
  const backedUp = await run(program, ['--backup', copy, target]);
  t.match(backedUp, { code: 0, stderr: '', stdout: /^\/\S+\/state\.db is copied to \/\S+ \(\d+ KiB\)\.\n$/ });
  t.equal(projectsIn(copy), 4);
  t.same(
    readdirSync(folder).filter((name) => !/-(?:wal|shm)$/.test(name)),
    ['state.db'],
  );
  t.equal(statSync(copy).mode & 0o777, 0o600);
  running.kill('SIGKILL');
  await running.ended;

  // The mirror goes on, and then loses its state.
  release();
  server.index.removeProject('beta');
  t.equal((await mirror('-q')).code, 0);
  t.ok(existsSync(join(target, 'web/simple/later-two')));
  for (const name of readdirSync(target)) if (/^state\.db/.test(name)) rmSync(join(target, name));
  copyFileSync(copy, state);
  const { code, stderr } = await mirror();
  t.equal(code, 0);
  t.match(stderr, /state\.db: its last run began at .* it was restored from a backup, or lost its end/);
  t.same(await run(join(programs, 'pep381checkfiles'), ['-q', target]), { code: 0, stdout: '', stderr: '' });
  t.same(
    ['later-one', 'later-two', 'beta'].map((name) => existsSync(join(target, 'web/simple', name))),
    [true, true, false],
  );
  t.same(await mirror('-q'), { code: 0, stdout: '', stderr: '' }, 'and that is all');
});

t.test('whatever is wrong with mirror.toml, the state can be copied; quietly, too', async (t) => {
  const { target } = await openMirrored(t, program, smallIndex);
  writeFileSync(join(target, 'mirror.toml'), 'no TOML');
  const copy = join(folderBeside(target), 'state.db');
  t.same(await run(program, ['-q', '--backup', copy, target]), { code: 0, stdout: '', stderr: '' });
  t.equal(projectsIn(copy), 3);
});

t.test('a copy that cannot be made is told in one line, and leaves what was there', async (t) => {
  const { target } = await openMirrored(t, program, smallIndex);
  const folder = folderBeside(target);
  const [file, missing, none] = [join(folder, 'file'), join(folder, 'not/there'), join(folder, 'folder')];
  writeFileSync(file, 'an earlier copy');
  mkdirSync(none);
  const wrong: [string, RegExp, string?][] = [
    [file, /nothing is known of this mirror yet/, none],
    [none, /--backup: \S+: expected the path of a file, found a folder/],
    [missing, /--backup: \S+: ENOENT/],
    [join(target, 'state.db'), /--backup: \S+: is the state itself; name a file on another disk/],
    [join(target, 'state.db-wal'), /is the state itself/],
    [join(target, 'web/state.db'), /everybody could read it there/],
  ];
  for (const [path, message, of = target] of wrong) {
    const command = { kind: 'backup', file: path, target: of, quiet: false } as const;
    t.throws(() => backUp(command, { out: t.fail, err: t.fail }), { name: 'UsageError', message }, path);
  }
  const tell = (path: string): Promise<Ended> => run(program, ['-q', '--backup', path, target]);
  t.match(await tell(none), { code: 2, stdout: '', stderr: /^pep381run: error: --backup: \S+: expected [^\n]+\n$/ });
  writeFileSync(join(target, 'state.db'), 'no database');
  const damaged = /^pep381run: error: [^\n]*state\.db\b[^\n]*: file is not a database[^\n]*\n$/;
  t.match(await tell(file), { code: 4, stdout: '', stderr: damaged });
  t.equal(readFileSync(file, 'utf8'), 'an earlier copy');
  t.same(readdirSync(folder).sort(), ['file', 'folder']);
});

t.test('what a killed backup left is removed by the next one, and what another writes stays', async (t) => {
  const { target } = await openMirrored(t, program, smallIndex);
  const folder = folderBeside(target);
  const { pid } = spawnSync(process.execPath, ['--version']);
  const kept = [`state.db.new-${process.pid}`, 'state.db.new-later', 'other.db.new-1'];
  for (const name of [`state.db.new-${pid}`, ...kept]) writeFileSync(join(folder, name), '');
  const backup = await run(program, ['-q', '--backup', join(folder, 'state.db'), target]);
  t.same(backup, { code: 0, stdout: '', stderr: '' });
  t.same(readdirSync(folder).sort(), ['state.db', ...kept].sort());
});
