/**
 * Everything that a fresh clone needs before anything else: the dependencies of package-lock.json, and, when asked
 * with --with-apache, Apache for the tests that run against the real one. Does nothing when all is there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const oldest = [20, 18, 1];

checkNode();
if (!isInstalled()) run('npm', ['ci', '--no-audit', '--no-fund']);
if (process.argv.includes('--with-apache') && !hasApache()) installApache();

function checkNode() {
  const found = process.versions.node.split('.').map(Number);
  const differs = found.findIndex((part, index) => part !== oldest[index]);
  if (differs < 0 || found[differs] > oldest[differs]) return;
  console.error(`pep381client needs Node.js ${oldest.join('.')} or later; this is ${process.versions.node}`);
  process.exit(1);
}

/** npm writes the hidden lock file last. The addon is missing when an install script was not allowed to run. */
function isInstalled() {
  const installed = `${root}node_modules/.package-lock.json`;
  if (!existsSync(installed) || !existsSync(`${root}node_modules/better-sqlite3/build/Release/better_sqlite3.node`)) {
    return false;
  }
  return statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
}

function hasApache() {
  return ['/usr/sbin/apache2', '/usr/sbin/httpd'].some((program) => existsSync(program));
}

/** Where it cannot be installed the tests say what they skip; under CI=true they fail. */
function installApache() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error('Apache is missing and cannot be installed without root and apt-get: its tests will be skipped');
    return;
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { stdio: 'inherit', env: environment };
  spawnSync('apt-get', ['update', '-q'], options);
  spawnSync('apt-get', ['install', '-qy', '--no-install-recommends', 'apache2'], options);
}

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
