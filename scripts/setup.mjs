/**
 * Everything that a fresh clone needs before anything else: the dependencies of package-lock.json, and, for those who
 * ask, Apache for the tests that run against the real one. Does nothing when all is there.
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

/** Where Apache cannot be installed the tests say what they skip; under CI=true they fail. */
export async function installApache() {
  if (['/usr/sbin/apache2', '/usr/sbin/httpd'].some((program) => existsSync(program))) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error('Apache is missing and cannot be installed without root and apt-get: its tests will be skipped');
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const ignoreFailure = () => {};
  await run('apt-get', ['update', '-q'], env).catch(ignoreFailure);
  await run('apt-get', ['install', '-qy', '--no-install-recommends', 'apache2'], env).catch(ignoreFailure);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  checkNode();
  if (!isInstalled()) await orFail(installPackages().then(runInstallScripts));
}
