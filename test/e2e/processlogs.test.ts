/** The built processlogs: its contract with 1.5's users, and the logs of a real Apache. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { bzip2 } from '../../src/cli/logs/bzip2.ts';
import { ask } from '../apache/ask.ts';
import { logLine as loggedLine } from '../apache/log-line.ts';
import { blobFolder, writeSmallMirror } from '../apache/small-mirror.ts';
import { apacheOrReason, openApache } from '../fixtures/apache.ts';
import { onlyEvery } from '../fixtures/every-case.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { programsOrReason } from '../fixtures/programs.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { logLine, logOf } from '../stats/log-text.ts';
import { openBundle } from './bundle.ts';
import { type Ended, run } from './program.ts';
import { logsHere } from './run-here.ts';
import { treeOf } from './tree.ts';

const programs = await openBundle();
const processlogs = (...args: readonly string[]): Promise<Ended> => run(join(programs, 'processlogs'), args);
const usage = 'Usage: processlogs <pypi-targetdir> logfile [logfile...]\n';
const days = ['2026-11-20', '2026-11-21', '2026-11-22'];

function newTarget(t: Pick<Test, 'testdir'>, logs: Readonly<Record<string, string>> = {}): string {
  return t.testdir({ target: { web: {}, 'mirror.toml': '' }, ...logs });
}

const needsBzip2 = programsOrReason('bzip2');
const needsPython = programsOrReason('python3');

/** The rows of a day as Python reads them. */
function rowsInPython(file: string): string[][] {
  const script = `import bz2, csv, io, json, sys
text = bz2.open(sys.argv[1], 'rt', newline='').read()
print(json.dumps(list(csv.reader(io.StringIO(text, newline='')))))`;
  return JSON.parse(spawnSync('python3', ['-c', script, file], { encoding: 'utf8' }).stdout) as string[][];
}

t.test("wrong usage is told in 1.5's words, on standard output, with exit code 0", async (t) => {
  const root = newTarget(t, { empty: '' });
  mkdirSync(join(root, 'folder'));
  const rows: readonly (readonly [readonly string[], string])[] = [
    [[], usage],
    [[join(root, 'target')], usage],
    [[join(root, 'missing'), 'x.log'], `${join(root, 'missing')} does not exist\n${usage}`],
    [[join(root, 'folder'), 'x.log'], `Not a pypi mirror (${join(root, 'folder')}/web does not exist)\n${usage}`],
    [['--compat', '2', root, 'x.log'], `--compat knows 1.5 only\n${usage}`],
    [['--quite', root, 'x.log'], `no such option: --quite; did you mean --quiet?\n${usage}`],
  ];
  const before = treeOf(root);
  for (const [at, [args, stdout]] of rows.entries())
    t.same(await (at === 0 ? processlogs : logsHere)(...args), { code: 0, stdout, stderr: '' });
  t.same(treeOf(root), before);
});

t.test('a program that was copied without a part says so, after everything else is done', async (t) => {
  const root = newTarget(t, { log: logOf(days) });
  const copied = join(root, 'programs');
  cpSync(programs, copied, { recursive: true });
  rmSync(join(copied, 'statistics.js'));
  const ended = await run(join(copied, 'processlogs'), ['-q', join(root, 'target'), join(root, 'log')]);
  t.match(ended, {
    code: 1,
    stdout: '',
    stderr: /^processlogs: statistics\.js, which belongs beside the program, .*\n$/,
  });
  t.ok(existsSync(join(root, 'target/web/local-stats/days/2026-11-21.bz2')));
  t.ok(existsSync(join(root, 'target/web/local-stats/summary.json')));
  t.same(await logsHere('-q', join(root, 'target'), join(root, 'log')), { code: 0, stdout: '', stderr: '' });
  t.ok(existsSync(join(root, 'target/web/local-stats/index.html')), 'and makes up for it when it is there');
});

t.test('help and version', async (t) => {
  const help = await processlogs('--help');
  t.equal(help.code, 0);
  for (const option of ['-q', '--quiet', '-h', '--help', '--version', '--compat 1.5']) t.match(help.stdout, option);
  t.match(await processlogs('--version'), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ });
});

t.test('--compat 1.5 gives what 1.5 gave, byte for byte', { skip: recordingsMissing || needsBzip2.skip }, async (t) => {
  const root = newTarget(t);
  const fixtures = new URL('../../../shared/fixtures/processlogs-1.5/', import.meta.url);
  writeFileSync(join(root, 'pypi.log'), gunzipSync(readFileSync(new URL('pypi.log.gz', fixtures))));
  cpSync(new URL('pypi.log.1.gz', fixtures), join(root, 'pypi.log.1.gz'));
  const logs = [join(root, 'pypi.log'), join(root, 'pypi.log.1.gz')];
  t.same(await processlogs('--compat', '1.5', join(root, 'target'), ...logs), { code: 0, stdout: '', stderr: '' });
  const folder = join(root, 'target/web/local-stats/days');
  const expected = readdirSync(new URL('expected', fixtures)).sort();
  t.same(readdirSync(folder).sort(), expected);
  for (const name of expected) {
    const unpack = (path: string): Buffer => spawnSync('bzip2', ['-dc', path], { maxBuffer: 1e8 }).stdout;
    const golden = unpack(fileURLToPath(new URL(`expected/${name}`, fixtures)));
    t.ok(golden.length > 0 && unpack(join(folder, name)).equals(golden), name);
  }
});

t.test('a published day is read by bzip2 and by Python', async (t) => {
  const root = newTarget(t, { 'pypi.log': logOf(days, 3) });
  t.same(await logsHere(join(root, 'target'), join(root, 'pypi.log')), { code: 0, stdout: '', stderr: '' });
  const file = join(root, 'target/web/local-stats/days/2026-11-21.bz2');
  t.test('by bzip2', needsBzip2, async (t) => {
    t.equal(spawnSync('bzip2', ['-t', file]).status, 0);
  });
  t.test('by Python', needsPython, async (t) => {
    t.same(rowsInPython(file), [['foo', 'foo-1.0.tar.gz', 'pip/26.2', '3']]);
  });
});

/** A log that is worth more than one thread, and a day that is: three pieces of 8 MiB, 12,000 files. */
function largeLog(): string {
  const perDay = [500, 24_000, 500];
  const line = (day: string, index: number): string =>
    logLine({
      at: `${day}T${new Date(index * 2000).toISOString().slice(11, 19)}`,
      file: `project-${(index * 7919) % 12_000}-1.0-py3-none-any.whl`,
      status: index % 3 === 0 ? 206 : 200,
      client: `192.0.2.${index % 250}`,
      agent: `pip/26.${index % 4} {${'\\"x\\":1,'.repeat(64)}\\"installer\\":{\\"name\\":\\"pip\\",\\"version\\":\\"26.${index % 4}\\"}}`,
    });
  const lines = days.flatMap((day, at) => Array.from({ length: perDay[at] ?? 0 }, (_, index) => line(day, index)));
  return lines.join('');
}

t.test('several threads count a large log as one does, and bzip2 and Python read what they compress', async (t) => {
  const text = largeLog();
  t.ok(text.length > 1.6e7);
  const root = newTarget(t);
  for (const name of ['plain', 'packed']) mkdirSync(join(root, name, 'web'), { recursive: true });
  writeFileSync(join(root, 'pypi.log'), text);
  writeFileSync(join(root, 'packed.log'), gzipSync(text, { level: 1 }));
  const quiet = { code: 0, stdout: '', stderr: '' };
  t.same(await processlogs(join(root, 'plain'), join(root, 'pypi.log')), quiet);
  // What is compressed is read by one thread, as is everything without a program that threads could start.
  t.same(await logsHere(join(root, 'packed'), join(root, 'packed.log')), quiet);
  const expected = treeOf(join(root, 'plain/web/local-stats'));
  t.same(treeOf(join(root, 'packed/web/local-stats')), expected);
  t.test('on one processor', onlyEvery(programsOrReason('taskset')), async (t) => {
    const target = join(root, 'target');
    const args = [process.execPath, join(programs, 'processlogs'), target, join(root, 'pypi.log')];
    // Not every container may use the first one.
    const first = /\d+/.exec(
      spawnSync('taskset', ['-cp', `${process.pid}`], { encoding: 'utf8' }).stdout.replace(/.*:/, ''),
    );
    t.equal(spawnSync('taskset', ['-c', `${first}`, ...args], { env: { PATH: process.env.PATH } }).status, 0);
    t.same(treeOf(join(target, 'web/local-stats')), expected);
  });
  const file = join(root, 'plain/web/local-stats/days/2026-11-21.bz2');
  const members = readFileSync(file).toString('latin1').split('BZh11AY&SY').length - 1;
  t.ok(members > 1, `${members} members`);
  t.test('by bzip2', needsBzip2, async (t) => {
    const { stdout } = spawnSync('bzip2', ['-dc', file], { encoding: 'latin1', maxBuffer: 1e8 });
    t.equal(stdout.split('\r\n').length - 1, stdout.split(',pip/26.').length - 1);
  });
  const { days: summed } = JSON.parse(readFileSync(join(root, 'plain/web/local-stats/summary.json'), 'utf8')) as {
    days: { day: string; downloads: number }[];
  };
  t.test('by Python', needsPython, async (t) => {
    const total = rowsInPython(file).reduce((sum, row) => sum + Number(row[3]), 0);
    t.same(
      summed.map(({ downloads }) => downloads),
      [total],
    );
  });
});

t.test('a missing log is one line and exit code 1, after the others', async (t) => {
  const root = newTarget(t, { 'pypi.log': logOf(days) });
  const missing = join(root, 'pypi.log.1');
  const ended = await processlogs('-q', join(root, 'target'), missing, join(root, 'pypi.log'));
  t.same(ended, { code: 1, stdout: '', stderr: `processlogs: ${missing}: no such file\n` });
  t.ok(existsSync(join(root, 'target/web/local-stats/days/2026-11-21.bz2')));
});

t.test('a log in another format is one line and exit code 1, once', async (t) => {
  const json = '{"remote": "192.0.2.1", "path": "/packages/a/b/c/foo-1.0.tar.gz", "status": 200}\n';
  const root = newTarget(t, { 'pypi.log': logOf(days), 'json.log': json.repeat(7) });
  const args = ['-q', join(root, 'target'), join(root, 'json.log'), join(root, 'pypi.log')];
  const stderr = `processlogs: ${join(root, 'json.log')}: 7 of 7 lines cannot be counted: they are not in Apache's format combined, or damaged\n`;
  t.same(await logsHere(...args), { code: 1, stdout: '', stderr });
  t.ok(existsSync(join(root, 'target/web/local-stats/days/2026-11-21.bz2')), 'the other one is read');
  t.same(await logsHere(...args), { code: 0, stdout: '', stderr: '' });
});

t.test('a log that is gone before all its lines were read is one line and exit code 1, once', async (t) => {
  const root = newTarget(t, { 'pypi.log': logOf(days.slice(0, 2)) });
  const args = ['-q', join(root, 'target'), join(root, 'pypi.log')];
  t.same(await logsHere(...args), { code: 0, stdout: '', stderr: '' });
  writeFileSync(join(root, 'pypi.log'), logOf(days.slice(1)));
  const stderr = `processlogs: ${join(root, 'pypi.log')}: the log that was read until 2026-11-21T12:00Z is gone; what came later in it is not counted\n`;
  t.same(await logsHere(...args), { code: 1, stdout: '', stderr });
  t.same(await logsHere(...args), { code: 0, stdout: '', stderr: '' });
});

t.test('a log compressed by a program that is not installed is one line and exit code 1', async (t) => {
  const root = newTarget(t, { 'pypi.log': logOf(days) });
  const log = join(root, 'pypi.log.2.xz');
  writeFileSync(log, Buffer.from('\xfd7zXZ\0\0', 'latin1'));
  const args = [join(programs, 'processlogs'), '-q', join(root, 'target'), log, join(root, 'pypi.log')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: { PATH: root } });
  const line = `processlogs: ${log}: is packed by xz, and the program xz that unpacks it is not there: install it\n`;
  t.same({ status, stdout, stderr }, { status: 1, stdout: '', stderr: line });
  t.ok(existsSync(join(root, 'target/web/local-stats/days/2026-11-21.bz2')), 'the other one is read');
});

t.test('logs compressed by xz and zstd are read', programsOrReason('xz', 'zstd'), async (t) => {
  const root = newTarget(t, { 'pypi.log': logOf(days.slice(1), 3) });
  for (const [name, program, text] of [
    ['pypi.log.2.xz', 'xz', logOf(days.slice(0, 1))],
    ['pypi.log-20261121.zst', 'zstd', logOf(days.slice(0, 2), 4)],
  ] as const) {
    writeFileSync(join(root, name), spawnSync(program, ['-c'], { input: text }).stdout);
  }
  const logs = ['pypi.log.2.xz', 'pypi.log-20261121.zst', 'pypi.log'].map((name) => join(root, name));
  t.same(await logsHere('-q', join(root, 'target'), ...logs), { code: 0, stdout: '', stderr: '' });
  const file = join(root, 'target/web/local-stats/days/2026-11-21.bz2');
  t.match((await bzip2.decompress(readFileSync(file))).toString(), /,7\r\n$/);
});

t.test('a storage error is exit code 4 and one line', async (t) => {
  const root = newTarget(t, { 'pypi.log': logOf(days) });
  mkdirSync(join(root, 'target/state.db'));
  const ended = await processlogs(join(root, 'target'), join(root, 'pypi.log'));
  t.equal(ended.code, 4);
  t.match(ended.stderr, /^processlogs: error: .*state\.db: .*\n$/);
});

t.test('the line in the crontab works with bash and with dash, which does not expand braces', async (t) => {
  const command = (
    readFileSync(new URL('../../apache/crontab', import.meta.url), 'utf8')
      .split('\n')
      .find((line) => line.includes('processlogs')) ?? ''
  )
    .split(' ')
    .slice(5)
    .join(' ');
  for (const shell of ['bash', 'dash'] as const) {
    t.test(shell, programsOrReason(shell), async (t) => {
      const root = newTarget(t, {
        'pypi.log.1': logOf(days.slice(0, 2), 2),
        'pypi.log': logOf(days.slice(1), 5),
      });
      const line = command
        .replace('/usr/local/lib/pep381client', programs)
        .replace('/var/pypi', `'${join(root, 'target')}'`)
        .replace('/var/log/apache2', `'${root}'`);
      const { status, stdout, stderr } = spawnSync(shell, ['-c', line], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: '/nonexistent' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      t.same({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
      const file = join(root, 'target/web/local-stats/days/2026-11-21.bz2');
      t.match((await bzip2.decompress(readFileSync(file))).toString(), /,7\r\n$/);
    });
  }
});

t.test('processlogs works during a run of the mirror, and not beside another processlogs', async (t) => {
  const root = newTarget(t, { 'pypi.log': logOf(days) });
  const target = join(root, 'target');
  mkdirSync(join(target, 'lock'), { mode: 0o700 });
  const hold = (name: string): Database.Database => {
    const db = new Database(join(target, 'lock', name));
    db.exec('BEGIN EXCLUSIVE');
    return db;
  };
  const other = hold('stats.db');
  t.same(await processlogs(target, join(root, 'pypi.log')), {
    code: 0,
    stdout: 'Currently already running; processing logs is skipped\n',
    stderr: '',
  });
  other.close();
  const sync = hold('run.db');
  t.same(await logsHere(target, join(root, 'pypi.log')), { code: 0, stdout: '', stderr: '' });
  sync.close();
  t.ok(existsSync(join(target, 'web/local-stats/days/2026-11-21.bz2')));
});

t.test('the log of a real Apache', { skip: apacheOrReason().skip || needsPython.skip }, async (t) => {
  const root = newTarget(openToAll(t));
  const target = join(root, 'target');
  writeSmallMirror(target);
  // It stands for a file that must not be served, and is no database.
  rmSync(join(target, 'state.db'));
  const apache = await openApache({ target });
  t.teardown(() => apache.close());
  const wheel = `/${blobFolder}/foo_bar-1.0.whl`;
  const pip = `pip/26.2.1 ${JSON.stringify({ installer: { name: 'pip', version: '26.2.1' }, python: '3.14.1', user_data: 'secret "x"' })}`;
  const get = (path: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<unknown> =>
    ask(apache.url, path, { headers, method });
  await get(wheel, { 'User-Agent': pip });
  await get(`/${blobFolder}/foo%20bar%2B1.0.whl?x`, { 'User-Agent': pip });
  await get(wheel, { 'User-Agent': pip }, 'HEAD');
  await get(`${wheel}.metadata`, { 'User-Agent': pip });
  await get(`/${blobFolder}/missing-1.0.whl`, { 'User-Agent': pip });
  await get(wheel, { 'User-Agent': 'curl/8.14.1', Range: 'bytes=0-4', 'X-Client-Address': '192.0.2.9' });
  await get(wheel, { 'User-Agent': 'curl/8.14.1', Range: 'bytes=5-', 'X-Client-Address': '192.0.2.9' });
  // As uv reads metadata where a mirror has none apart, and fetches the wheel then.
  await get(wheel, { 'User-Agent': 'uv/0.9.18', Range: 'bytes=-3' });
  await get(wheel, { 'User-Agent': 'uv/0.9.18', Range: 'bytes=0-1' });
  await get(wheel, { 'User-Agent': 'uv/0.9.18' });
  await get(`/${wheel}`, { 'User-Agent': 'pixi/0.55.0' });
  await get('/last-modified', { 'User-Agent': 'the last one' });
  await loggedLine(apache.log, 'the last one');
  writeFileSync(join(root, 'before.log'), logLine({ at: '2020-01-01' }));
  writeFileSync(join(root, 'after.log'), logLine({ at: midnightAfter(readFileSync(apache.log, 'utf8')) }));
  const logs = [join(root, 'before.log'), apache.log, join(root, 'after.log')];
  t.same(await logsHere(target, ...logs), { code: 0, stdout: '', stderr: '' });
  const folder = join(target, 'web/local-stats/days');
  const rows = readdirSync(folder)
    .filter((name) => name !== '2026-11-21.bz2' || readFileSync(join(folder, name)).length > 4)
    .flatMap((name) => rowsInPython(join(folder, name)));
  t.same(rows.sort(), [
    ['foo-bar', 'foo_bar-1.0.whl', 'Browser', '1'],
    ['foo-bar', 'foo_bar-1.0.whl', 'pip/26.2.1', '1'],
    ['foo-bar', 'foo_bar-1.0.whl', 'pixi/0.55.0', '1'],
    ['foo-bar', 'foo_bar-1.0.whl', 'uv/0.9.18', '1'],
    ['unknown', 'foo bar+1.0.whl', 'pip/26.2.1', '1'],
  ]);
  t.notMatch(JSON.stringify(rows) + readFileSync(join(target, 'web/local-stats/summary.json'), 'utf8'), 'secret');
});

/** The midnight that ends the day, in UTC, of the last line of a log: never more than a day ahead. */
function midnightAfter(log: string): string {
  const [, day = '', time = '', zone = ''] = /.*\[(\d\d\/\w{3}\/\d{4}):([\d:]+ )([-+]\d{4})\]/s.exec(log) ?? [];
  const lastMs = Date.parse(`${day.replaceAll('/', ' ')} ${time}${zone}`);
  const next = new Date(lastMs + 86_400_000).toUTCString();
  return `${next.slice(5, 16).replaceAll(' ', '/')}:00:00:00 +0000`;
}
