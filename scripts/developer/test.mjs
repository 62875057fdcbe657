/**
 * Runs all of `npm test`. On a fresh clone most of the time before the tests goes into compiling the SQLite addon on
 * one core; everything that does not need it runs meanwhile. Arguments are passed to tap, such as test files to run;
 * with them nothing is checked but these tests. `--install`, or CI=true, installs the programs that tests need.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { provideTestNodes } from './nodes.mjs';
import { orFail, root, run } from './run.mjs';
import { buildAddon, checkNode, installPackages } from './setup.mjs';
import { spareAuthorities } from './spare-authorities.mjs';
import { runInPool } from './test-pool.mjs';
import { provideTestPrograms } from './test-programs.mjs';
import { transpiled } from './typescript-loader.mjs';

/** What takes longest begins first: if such a file began last, a core would have nothing to do meanwhile. */
const longest = [
  'test/fuzz/',
  'test/e2e/',
  'test/deploy/',
  'test/apache/',
  'test/scripts/',
  'test/adopt/',
  'test/cgi/',
  'test/check/',
];
/** Files that take longest for what they prove: only `npm run test:faults` runs them. */
const longTests = JSON.parse(readFileSync(join(root, 'scripts/developer/long-tests.json'), 'utf8'));
/** It needs other versions of Node.js. */
const nodesTest = 'test/deploy/nodes.test.ts';
/** Where tap puts the folders of tests. */
const fixtures = join(root, '.tap/fixtures');
/** A file for each process that uses them, named by its number. */
const users = join(root, '.tap/users');
/** Linux's file system in memory, and the room that the tests need there. */
const memory = '/dev/shm';
const neededBytes = 4 * 2 ** 30;

checkNode();
await orFail(test(process.argv.slice(2)));

async function test(args) {
  const mayInstall = args.includes('--install') || process.env.CI === 'true';
  const ofTap = args.filter((arg) => arg !== '--install');
  const isAll = ofTap.every((arg) => arg.startsWith('-'));
  await installPackages();
  await prepareTap();
  // It takes one core for a while, and nothing needs it before the end.
  const checked = ofTap.length > 0 ? Promise.resolve() : check();
  checked.catch(() => {});
  await Promise.all([
    buildAddon(),
    provideTestPrograms(mayInstall),
    mayInstall && (isAll || ofTap.includes(nodesTest)) ? provideTestNodes() : undefined,
  ]);
  preferRealPython();
  spareAuthorities();
  await run('node', ['scripts/developer/build.mjs']);
  await Promise.all(['src', 'test'].flatMap(sourcesIn).map((path) => transpiled(join(root, path))));
  await inMemory(() => runTests(ofTap, checked));
  await checked;
}

/** Runs the tests. Begins no further file once `checked` has rejected. */
async function runTests(ofTap, checked) {
  const isOne = ofTap.length === 1 && /^[^-*].*\.test\.ts$/.test(ofTap[0]);
  if (isOne) await runOne(ofTap[0]);
  else if (ofTap.length > 0) await run('tap', ofTap);
  else {
    const waiting = allTests();
    checked.catch(() => waiting.splice(0));
    await runInPool(waiting, timeoutSeconds());
  }
}

/**
 * Calls `work` while the folders of tests are in memory, if there is a file system there with enough room. The programs
 * flush whatever they write, and on a disk the tests would wait for that most of the time. Tests that run at the same
 * time share the folder, and the last of them removes it.
 */
async function inMemory(work) {
  mkdirSync(users, { recursive: true });
  const mine = join(users, String(process.pid));
  writeFileSync(mine, '');
  try {
    const folder = folderInMemory();
    if (folder !== undefined) process.env.TMPDIR = folder;
    return await work();
  } finally {
    rmSync(mine, { force: true });
    const folder = linkedFolder();
    if (folder !== undefined && !readdirSync(users).some(isAlive)) {
      for (const path of [fixtures, folder]) rmSync(path, { recursive: true, force: true });
    }
  }
}

/** Returns the folder in memory, which is made if there is none yet; undefined if there is no room. */
function folderInMemory() {
  const present = linkedFolder();
  if (present !== undefined && existsSync(present)) return present;
  // Tests that were killed may have left a link to a folder that is gone.
  rmSync(fixtures, { recursive: true, force: true });
  const { bavail, bsize } = existsSync(memory) ? statfsSync(memory) : { bavail: 0, bsize: 0 };
  if (bavail * bsize < neededBytes) return undefined;
  const folder = mkdtempSync(join(memory, 'pep381client-test-'));
  mkdirSync(dirname(fixtures), { recursive: true });
  symlinkSync(folder, fixtures);
  return folder;
}

function linkedFolder() {
  const isLink = lstatSync(fixtures, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? readlinkSync(fixtures) : undefined;
}

/** Returns true if the process with this number is at work. Tests that were killed leave their number. */
function isAlive(pid) {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch ({ code }) {
    return code !== 'ESRCH';
  }
}

/** Runs one file. Its output is the same without tap's runner, which takes longer to start than most files. */
async function runOne(file) {
  const args = ['--enable-source-maps', '--import=./scripts/developer/typescript.mjs', file];
  await run('node', args, { ...process.env, TAP_TIMEOUT: timeoutSeconds() });
}

function timeoutSeconds() {
  return Number(/^timeout: (\d+)$/m.exec(readFileSync(join(root, '.taprc'), 'utf8'))?.[1]);
}

/** Returns all test files, in the order in which they begin. */
function allTests() {
  const isOurs = (path) => !path.startsWith('test/faults/') && !longTests.includes(path);
  const files = sourcesIn('test').filter((path) => path.endsWith('.test.ts') && isOurs(path));
  console.log(`Left to npm run test:faults: ${longTests.join(', ')}`);
  const place = (file) => [...longest, ''].findIndex((start) => file.startsWith(start));
  return files.sort((one, other) => place(one) - place(other) || statSync(other).size - statSync(one).size);
}

/**
 * Builds tap without the plugins that .taprc turns off. If this is left to tap's first run, that run still has them,
 * and each test file takes three seconds longer.
 */
async function prepareTap() {
  const made = readFileSync(join(root, 'node_modules/@tapjs/test/test-built/dist/esm/index.js'), 'utf8');
  const off = [...readFileSync(join(root, '.taprc'), 'utf8').matchAll(/"!(.*)"/g)].map(([, plugin]) => plugin);
  if (off.some((plugin) => made.includes(`from "${plugin}"`))) await run('tap', ['build']);
}

/**
 * Puts the folder of the python3 that runs in the end before all others in PATH: what a version manager has in its
 * place starts dozens of shells each time.
 */
function preferRealPython() {
  const { stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
  const folder = dirname(stdout?.trim() || '.');
  const folders = (process.env.PATH ?? '').split(delimiter);
  if (isAbsolute(folder) && !folders.includes(folder)) process.env.PATH = [folder, ...folders].join(delimiter);
}

async function check() {
  await run('tsc', ['-p', '.']);
  await run('biome', ['check', '.']);
}

function sourcesIn(folder) {
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => path.endsWith('.ts')).map((path) => join(folder, path));
}
