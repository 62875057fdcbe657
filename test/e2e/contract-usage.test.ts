/**
 * What pep381run says to a command line and a target, before it asks upstream anything: the contract of 1.5. All that may
 * be wrong with options and settings is in test/cli/config/.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openBundle } from './bundle.ts';
import { type Ended, run } from './program.ts';
import { runHere } from './run-here.ts';
import { treeOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');
/** Nobody listens there. */
const nowhere = 'http://127.0.0.1:9';
/** Runs the built program in the first of several cases, and in this process in the others. */
const pep381run = (at: number, args: readonly string[]): Promise<Ended> =>
  at === 0 ? run(program, args) : runHere(...args);

t.test('a command line that cannot be understood gets the usage and one reason, and exit code 2', async (t) => {
  const target = join(t.testdir(), 'target');
  const rows: readonly (readonly [string, readonly string[], string])[] = [
    ['no target', ['-q'], 'You have to specify a target directory'],
    ['a misspelt option', ['--qiet', target], 'no such option: --qiet; did you mean --quiet?'],
    ['a value that is missing', [target, '--upstream'], '--upstream requires a value'],
  ];
  for (const [at, [name, args, reason]] of rows.entries()) {
    const { code, stdout, stderr } = await pep381run(at, args);
    t.equal(code, 2, name);
    t.equal(stdout, '', name);
    t.ok(stderr.startsWith(`Usage: pep381run [OPTIONS] TARGET\n\npep381run: error: ${reason}`), stderr);
    t.equal(stderr.split('\n').length, 4, name);
  }
  t.notOk(existsSync(target), 'and nothing was created');
});

t.test('an invalid value is refused in one line: what was expected, what was found', async (t) => {
  const target = join(t.testdir(), 'target');
  const rows: readonly (readonly [string, string, string])[] = [
    ['--workers', 'many', 'expected a whole number from 1 to 100 or "auto", found "many"'],
    ['--upstream', 'pypi.org', 'expected an address such as https://pypi.org, found "pypi.org"'],
    ['--project', '../x', '"../x" is no valid project name'],
    ['--log-format', 'xml', 'expected text or json, found "xml"'],
  ];
  for (const [at, [option, value, reason]] of rows.entries()) {
    const expected = { code: 2, stdout: '', stderr: `pep381run: error: ${option}: ${reason}\n` };
    t.same(await pep381run(at, [option, value, target]), expected, `${option} ${value}`);
  }
  t.notOk(existsSync(target), 'and nothing was created');
});

t.test('an http address that leaves the machine is refused, unless mirror.toml accepts it', async (t) => {
  // A database that cannot be opened ends the run before it asks anybody.
  const folder = t.testdir({ accepting: { 'mirror.toml': 'allow-http = true\n', 'state.db': {} } });
  // No name below .invalid exists anywhere.
  const far = 'http://pypi.invalid';
  const refused = await runHere('--upstream', far, join(folder, 'refusing'));
  const accepted = await runHere('--upstream', far, join(folder, 'accepting'));
  t.equal(refused.code, 2);
  t.match(refused.stderr, 'error: --upstream: expected https, found http://pypi.invalid');
  t.match(refused.stderr, 'anyone on the way could change the files; allow-http = true in mirror.toml accepts that\n');
  t.notOk(existsSync(join(folder, 'refusing')));
  t.equal(accepted.code, 4, 'the address was no obstacle');
});

t.test('help goes to stdout with exit code 0, and names every option', async (t) => {
  for (const [at, args] of [['-h'], ['--help', 'target', '--upstream', nowhere]].entries()) {
    const { code, stdout, stderr } = await pep381run(at, args);
    t.equal(code, 0, args.join(' '));
    t.equal(stderr, '');
    t.match(stdout, /^Usage: pep381run \[OPTIONS\] TARGET\n/);
    const options =
      '-q -h --quiet --help --version --upstream --project --index-only --workers --all --reconcile --dry-run';
    for (const option of options.split(' ')) t.match(stdout, option);
    const long = stdout.split('\n').filter((line) => line.length > 100);
    t.same(long, [], 'no line is long');
  }
});

t.test('a folder that is neither empty nor a mirror is refused in one line and stays as it is', async (t) => {
  const foreign = t.testdir({ 'thesis.tex': 'years of work', web: {} });
  const before = treeOf(foreign);
  for (const [at, option] of ['-q', '--dry-run'].entries()) {
    t.same(await pep381run(at, ['--upstream', nowhere, option, foreign]), {
      code: 2,
      stdout: '',
      stderr: `pep381run: error: ${foreign}: is neither empty nor a mirror (it holds thesis.tex); name another folder\n`,
    });
  }
  t.same(treeOf(foreign), before);
});

t.test('a target that is a file, or lies below one, is refused in one line', async (t) => {
  const folder = t.testdir({ file: 'text' });
  for (const name of ['file', 'file/target']) {
    const target = join(folder, name);
    const { code, stderr } = await runHere('--upstream', nowhere, target);
    t.equal(code, 2, name);
    t.equal(stderr, `pep381run: error: ${target}: expected a folder, found a file\n`);
  }
  t.same(Object.keys(treeOf(folder)), ['file']);
});

t.test('an error in mirror.toml is reported in one line with file, line and advice', async (t) => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['key', 'workers = 2\nworker = 3\n', '2: unknown key worker; did you mean workers?'],
    ['syntax', 'workers = 2\nindex-only = yes\n', '2:14: not valid TOML: '],
    ['value', '\nworkers = 1.5\n', '2: workers: expected a whole number from 1 to 100 or "auto", found 1.5'],
    ['nothing held', '# none\notherwise = "none"\n', ' no project is held, which would remove the whole mirror'],
  ];
  const folder = t.testdir(Object.fromEntries(rows.map(([name, text]) => [name, { 'mirror.toml': text }])));
  const before = treeOf(folder);
  for (const [at, [name, , reason]] of rows.entries()) {
    const { code, stdout, stderr } = await pep381run(at, ['-q', '--upstream', nowhere, join(folder, name)]);
    t.equal(code, 2, name);
    t.equal(stdout, '');
    t.ok(stderr.startsWith(`pep381run: error: ${join(folder, name, 'mirror.toml')}:${reason}`), stderr);
    t.equal(stderr.indexOf('\n'), stderr.length - 1, 'one line');
  }
  t.same(treeOf(folder), before, 'and nothing was created');
});
