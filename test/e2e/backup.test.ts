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
import { systemClock } from '../../src/cli/program/system-clock.ts';
import { SqliteStateStore } from '../../src/state/sqlite/sqlite-state-store.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { openMirrored, openSample } from './opened-sample.ts';
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
  const { server, target, mirror, begin } = await openMirrored(t, program);
  const state = join(target, 'state.db');
  const folder = folderBeside(target);
  const copy = join(folder, 'state.db');
  writeFileSync(copy, 'an earlier copy');
  for (const name of ['later-one', 'later-two']) server.index.publish(makeWheel({ name, version: '1.0' }));
  const release = server.faults.add({ do: 'stall', after: 100, match: /later_two-1\.0/ });
  const running = begin();
  await until('what is committed in the WAL', () => existsSync(join(target, 'web/simple/later-one/index.html')));
  await until('the state knows it', () => projectsIn(state) === 14);
  const backedUp = await run(program, ['--backup', copy, target]);
  t.match(backedUp, { code: 0, stderr: '', stdout: /^\/\S+\/state\.db is copied to \/\S+ \(\d+ KiB\)\.\n$/ });
  t.equal(projectsIn(copy), 14);
  t.same(
    readdirSync(folder).filter((name) => !/-(?:wal|shm)$/.test(name)),
    ['state.db'],
  );
  t.equal(statSync(copy).mode & 0o777, 0o600);
  running.kill('SIGKILL');
  await running.ended;

  // The mirror goes on, and then loses its state.
  release();
  server.index.removeProject('sample-pure');
  t.equal((await mirror('-q')).code, 0);
  t.ok(existsSync(join(target, 'web/simple/later-two')));
  for (const name of readdirSync(target)) if (/^state\.db/.test(name)) rmSync(join(target, name));
  copyFileSync(copy, state);
  const { code, stderr } = await mirror();
  t.equal(code, 0);
  t.match(stderr, /state\.db: its last run began at .* it was restored from a backup, or lost its end/);
  t.same(await run(join(programs, 'pep381checkfiles'), ['-q', target]), { code: 0, stdout: '', stderr: '' });
  t.same(
    ['later-one', 'later-two', 'sample-pure'].map((name) => existsSync(join(target, 'web/simple', name))),
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
  const { target, mirror } = await openSample(t, program);
  const folder = folderBeside(target);
  const tell = (file: string, of = target): Promise<Ended> => run(program, ['-q', '--backup', file, of]);
  const [file, missing] = [join(folder, 'file'), join(folder, 'not/there')];
  writeFileSync(file, 'an earlier copy');
  for (const path of [target, join(folder, 'folder')]) mkdirSync(path, { recursive: true });
  t.match(await tell(file), { code: 2, stderr: /nothing is known of this mirror yet/ });
  await mirror('-q', '--project', 'sample-pure');
  const wrong: [string, number, RegExp][] = [
    [join(folder, 'folder'), 2, /--backup: \S+: expected the path of a file, found a folder/],
    [missing, 2, /--backup: \S+: ENOENT/],
    [join(target, 'state.db'), 2, /--backup: \S+: is the state itself; name a file on another disk/],
    [join(target, 'state.db-wal'), 2, /is the state itself/],
    [join(target, 'web/state.db'), 2, /everybody could read it there/],
  ];
  for (const [path, code, error] of wrong) {
    const ended = await tell(path);
    t.match(ended, { code, stdout: '', stderr: error }, path);
    t.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr);
  }
  writeFileSync(join(target, 'state.db'), 'no database');
  t.match(await tell(file), { code: 4, stderr: /state\.db\b.*: file is not a database/ });
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
