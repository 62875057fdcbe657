/**
 * Everything that a fresh clone needs before anything else: the dependencies of package-lock.json, and, for those who
 * ask, Apache and libfaketime for the tests that need the real ones. Does nothing when all is there.
 */
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { orFail, root, run } from './run.mjs';

const oldest = [20, 18, 1];

/** Ends this process where Node is too old. */
export function checkNode() {
  const found = process.versions.node.split('.').map(Number);
  const differs = found.findIndex((part, index) => part !== oldest[index]);
  if (differs < 0 || found[differs] > oldest[differs]) return;
  console.error(`pep381client needs Node.js ${oldest.join('.')} or later; this is ${process.versions.node}`);
  process.exit(1);
}

/** npm writes the hidden lock file last. The addon is missing when an install script was not allowed to run. */
export function isInstalled() {
  const installed = `${root}node_modules/.package-lock.json`;
  if (!existsSync(installed) || !existsSync(`${root}node_modules/better-sqlite3/build/Release/better_sqlite3.node`)) {
    return false;
  }
  return statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
}

/** npm empties what a link leads to, which may be another checkout's. */
function refuseLink() {
  if (lstatSync(`${root}node_modules`, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  console.error(
    'node_modules is a symbolic link, and npm would empty what it leads to: remove it, or make it a folder',
  );
  process.exit(1);
}

/** The packages, without what their install scripts make. */
export async function installPackages() {
  refuseLink();
  await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts']);
}

/** What the install scripts make: the SQLite addon, which takes more than a minute where it has to be compiled. */
export async function runInstallScripts() {
  await run('npm', ['rebuild']);
}

const testPackages = [
  { name: 'apache2', places: ['/usr/sbin/apache2', '/usr/sbin/httpd'] },
  { name: 'libfaketime', places: [`/usr/lib/${gnuMachine()}/faketime`, '/usr/lib/faketime', '/usr/lib64/faketime'] },
];

/** Where these cannot be installed the tests say what they skip; under CI=true they fail. */
export async function installTestPrograms() {
  const missing = testPackages.filter(({ places }) => !places.some((place) => existsSync(place)));
  const names = missing.map(({ name }) => name);
  if (names.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error(`Without root and apt-get ${names.join(' and ')} cannot be installed: some tests will be skipped`);
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const ignoreFailure = () => {};
  await run('apt-get', ['update', '-q'], env).catch(ignoreFailure);
  await run('apt-get', ['install', '-qy', '--no-install-recommends', ...names], env).catch(ignoreFailure);
}

/** What Debian calls folders of libraries by. */
function gnuMachine() {
  return { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch] ?? `${process.arch}-linux-gnu`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  checkNode();
  if (!isInstalled()) await orFail(installPackages().then(runInstallScripts));
}
