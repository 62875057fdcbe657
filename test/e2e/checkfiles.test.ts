/** The built pep381checkfiles: its contract with 1.5's users, beside real runs, and when it is stopped. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { smallIndex } from '../fixtures/small-index.ts';
import { type Distribution, makeSdist, makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openMirrored } from './opened-sample.ts';
import { type Ended, killAtEnd, type Running, run, start, until } from './program.ts';
import { checkHere } from './run-here.ts';
import { publishedTree, stateOf, treeOf } from './tree.ts';

const programs = await openBundle();
const pep381run = join(programs, 'pep381run');
const program = join(programs, 'pep381checkfiles');
const checkfiles = (...args: readonly string[]): Promise<Ended> => run(program, args);
const right: Ended = { code: 0, stdout: '', stderr: '' };
const todo = 'Todo list updated; run pep381run now\n';

/** The place of a file of the sample. */
function blobOf({ server, target }: OpenedSample, project: string, filename: string): string {
  return join(target, 'web', server.index.pathOf(project, filename));
}

const wheel = 'beta-1.0-py3-none-any.whl';

t.test("wrong usage is reported in 1.5's words, with exit code 2", async (t) => {
  for (const [check, args, reason] of [
    [checkHere, [], 'You have to specify a target directory'],
    [checkfiles, ['--quik', 'a'], 'no such option: --quik; did you mean --quick?'],
  ] as const) {
    const usage = 'Usage: pep381checkfiles [OPTIONS] TARGET\n\n';
    const stderr = `${usage}pep381checkfiles: error: ${reason}\n`;
    t.same(await check(...args), { code: 2, stdout: '', stderr });
  }
});

t.test('help and version go to standard output', async (t) => {
  t.match(await checkfiles('-h'), { code: 0, stdout: /^Usage: pep381checkfiles \[OPTIONS\] TARGET\n/, stderr: '' });
  t.match(await checkfiles('--version'), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' });
});

t.test('a folder that is no mirror is refused in one line, and stays as it is', async (t) => {
  const root = t.testdir({
    foreign: { 'thesis.tex': '', web: {} },
    empty: {},
    lost: { web: { simple: {} }, run: {} },
    blank: { web: { simple: { alpha: { 'index.html': '' } } }, 'state.db': '' },
    damaged: { web: {}, 'state.db': 'not a database, but as long as one '.repeat(300) },
  });
  const before = treeOf(root);
  const rows: readonly (readonly [string, number, RegExp])[] = [
    ['foreign', 2, /: is neither empty nor a mirror \(it holds thesis.tex\)/],
    ['empty', 2, /: is no mirror \([^\n]+\/empty\/web does not exist\)$/],
    ['missing', 2, /: is no mirror/],
    ['lost', 4, /lost\/state\.db: is missing; pep381checkfiles --rebuild makes it anew from the tree$/],
    ['blank', 4, /blank\/state\.db: knows nothing of this mirror; pep381run takes over what lies there, and so does/],
    ['damaged', 4, /damaged\/state\.db: file is not a database; .*pep381checkfiles --rebuild/],
  ];
  for (const [name, code, reason] of rows) {
    const ended = await (name === 'foreign' ? checkfiles : checkHere)('--delete-unreferenced', join(root, name));
    t.equal(ended.code, code, name);
    t.equal(ended.stdout, '');
    t.match(ended.stderr, /^pep381checkfiles: error: [^\n]+\n$/);
    t.match(ended.stderr.trimEnd(), reason);
  }
  const after = Object.entries(treeOf(root)).filter(([path]) => !/^damaged\/(?:run|lock)\b/.test(path));
  t.same(Object.fromEntries(after), before);
});

t.test('a check without findings prints nothing and exits with 0', async (t) => {
  const { target } = await openMirrored(t, pep381run);
  t.same(await checkfiles(target), right);
  for (const options of [['-q'], ['--quick', '--subset', 'auto'], ['--repair', '--delete-unreferenced']]) {
    t.same(await checkHere(...options, target), right, options.join(' '));
  }
});

t.test("damage is reported in 1.5's words on standard output, and the next run repairs it", async (t) => {
  const opened = await openMirrored(t, pep381run, smallIndex);
  const { target, mirrorHere } = opened;
  const before = publishedTree(target);
  const [gone, changed] = [blobOf(opened, 'beta', wheel), blobOf(opened, 'gamma', 'gamma-1.0.tar.gz')];
  rmSync(join(target, 'web/simple/alpha/index.html'));
  rmSync(gone);
  const bytes = readFileSync(changed);
  bytes[9] = (bytes[9] ?? 0) ^ 1;
  writeFileSync(changed, bytes);
  const { code, stdout, stderr } = await checkfiles('-q', target);
  t.equal(code, 1);
  t.equal(stderr, '');
  const [page, missing, bad, ...rest] = stdout.split('\n');
  t.equal(page, `Missing index.html for ${target}/web/simple/alpha`);
  t.equal(missing, `Missing file ${gone}`);
  t.equal(bad?.slice(0, -2 * 64 - ', found '.length), `Bad sha256 ${changed}: expected `);
  t.equal(`${rest.join('\n')}`, todo);
  t.same(
    stateOf(target).queue.map((row) => (row as { name: string }).name),
    ['alpha', 'beta', 'gamma'],
  );
  t.equal((await checkHere('-q', target)).code, 1, 'it is still wrong');
  t.same(await mirrorHere('-q'), right);
  t.same(publishedTree(target), before);
  t.same(await checkHere(target), right);
});

t.test('without -q a summary follows the findings; in JSON it is the last object', async (t) => {
  const opened = await openMirrored(t, pep381run, smallIndex);
  rmSync(blobOf(opened, 'beta', wheel));
  const text = await checkfiles(opened.target);
  t.match(text.stdout, /^Missing file [^\n]+\n.*Todo list updated; run pep381run now\nChecked 3 projects, 4 files \(/s);
  t.match(text.stdout, /: 1 finding, 1 project queued\.\n$/);
  const json = await checkHere('--log-format', 'json', opened.target);
  const objects = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const path = opened.server.index.pathOf('beta', wheel).slice(1);
  t.match(objects[0], { type: 'finding', kind: 'missing-file', path, project: 'beta' });
  t.match(objects.at(-2), { type: 'todo', message: todo.trimEnd() });
  t.match(objects.at(-1), { type: 'summary', exitCode: 1, projects: 3, findings: 1, queued: 1 });
});

t.test('a check waits for a run in progress', async (t) => {
  const opened = await openMirrored(t, pep381run, smallIndex);
  const { server, target } = opened;
  server.index.addRole('beta', 'somebody');
  server.faults.add({ do: 'stall', match: /\/simple\/beta\/$/ });
  server.requests.length = 0;
  const running = opened.begin('-q');
  await until('its request', () => server.requests.some(({ path }) => path === '/simple/beta/'));
  const check = begin(t, target);
  await until('the word', () => check.stdout() !== '');
  t.equal(check.stdout(), 'Synchronization in progress, waiting\n');
  running.kill('SIGTERM');
  t.equal((await running.ended).code, 143);
  t.same(await check.ended, { ...right, stdout: 'Synchronization in progress, waiting\n' });
});

t.test('--rebuild makes a lost or damaged state anew, but not while a run is in progress', async (t) => {
  const { target, mirrorHere } = await openMirrored(t, pep381run, smallIndex);
  const before = publishedTree(target);
  const state = join(target, 'state.db');
  const { files } = stateOf(target);
  for (const lose of [() => rmSync(state), () => writeFileSync(state, 'no database '.repeat(1000))]) {
    for (const suffix of ['-wal', '-shm']) rmSync(state + suffix, { force: true });
    lose();
    t.equal((await checkHere(target)).code, 4);
    t.same(await checkfiles('--rebuild', '-q', target), right);
    t.same(stateOf(target).files, files);
  }
  t.same(await mirrorHere('-q'), right);
  t.same(await checkHere(target), right);
  t.same(publishedTree(target), before);
  const lock = new Database(join(target, 'lock/run.db'));
  lock.exec('BEGIN EXCLUSIVE');
  const { code, stderr } = await checkfiles('-q', '--rebuild', target);
  t.same(
    [code, stderr],
    [1, `pep381checkfiles: error: ${target}: a run is at work; rebuild again when it has ended\n`],
  );
  lock.close();
});

t.test('a second check is skipped, and says so', async (t) => {
  const { target } = await openMirrored(t, pep381run, smallIndex);
  const lock = new Database(join(target, 'lock/check.db'));
  lock.exec('BEGIN EXCLUSIVE');
  const skipped = 'Currently already running; checking is skipped\n';
  t.same(await checkfiles(target), { ...right, stdout: skipped });
  t.same(await checkHere('-q', target), right);
  lock.close();
});

t.test('a check does not prevent runs', async (t) => {
  const opened = await openMirrored(t, pep381run, largeIndex);
  const check = begin(t, opened.target, '-q');
  const runs: Ended[] = [];
  for (let number = 0; number < 3; number += 1) {
    opened.server.index.publish(makeSdist({ name: `large-${number}`, version: '2.0' }));
    runs.push(await opened.mirrorHere('-q'));
  }
  t.same(runs, [right, right, right]);
  t.same(await check.ended, right);
  t.same(await checkHere(opened.target), right);
});

let large: readonly Distribution[] | undefined;

/** Returns an index of so many bytes that a check takes a while. It packs them once. */
function largeIndex(): SampleIndex {
  large ??= Array.from({ length: 12 }, (_, number) => {
    const files = { data: pseudoRandomBytes(`large ${number}`, 1 << 20) };
    return makeWheel({ name: `large-${number}`, version: '1.0', files });
  });
  const index = new SampleIndex();
  for (const wheel of large) index.publish(wheel);
  return index;
}

/** Starts a check; killed at the end of the test at the latest. */
function begin(t: Test, target: string, ...options: string[]): Running {
  const running = start(program, [...options, target]);
  killAtEnd(t, running);
  return running;
}
