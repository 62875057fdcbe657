/**
 * The programs that some tests need. They are installed with apt-get if that was asked for, otherwise missing ones are
 * printed.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isProgram, run } from './run.mjs';

/** The time to wait for another apt-get: milliseconds between tries, and the number of tries. */
const patience = { pauseMs: 5000, tries: 180 };

/** What Debian's packages ask before they start a service: 101 forbids it. */
const policy = '/usr/sbin/policy-rc.d';

const areThere = (...files) => files.every((file) => existsSync(file));
const libraries = ['/usr/lib', '/usr/lib64', `/usr/lib/${gnuMachine()}`];
const hasLibrary = (name) => libraries.some((folder) => existsSync(`${folder}/${name}`));

/**
 * Checks by the name of the package. For some packages the program alone is not enough: apache2-bin has no settings.
 */
const isThere = {
  adduser: () => isProgram('adduser') || areThere('/usr/sbin/adduser'),
  apache2: () => areThere('/usr/sbin/apache2', '/etc/apache2/mods-available/mime.conf', '/etc/mime.types'),
  bzip2: () => isProgram('bzip2'),
  'ceph-mon': () => isProgram('ceph-mon'),
  'ceph-osd': () => isProgram('ceph-osd'),
  chromium: () => isProgram('chromium') || isProgram('chromium-browser') || isProgram('google-chrome'),
  curl: () => isProgram('curl'),
  'dpkg-dev': () => isProgram('dpkg-shlibdeps'),
  iproute2: () => isProgram('ip'),
  libfaketime: () => hasLibrary('faketime/libfaketimeMT.so.1'),
  mandoc: () => isProgram('mandoc'),
  openssl: () => isProgram('openssl'),
  // Of this package promtool alone is needed, and not the server.
  prometheus: () => isProgram('promtool'),
  radosgw: () => isProgram('radosgw'),
  sudo: () => isProgram('sudo'),
  'python3-pip': () => spawnSync('python3', ['-m', 'pip', '--version']).status === 0,
};

/** Returns the packages that are not installed. */
export function missingPackages() {
  return Object.keys(isThere).filter((name) => !isThere[name]());
}

/**
 * Installs the packages `missing` if `mayInstall` is true, otherwise prints that their tests will be skipped. Rejects
 * if the installation fails.
 */
export async function provideTestPrograms(mayInstall, missing = missingPackages()) {
  if (missing.length === 0) return;
  const names = missing.join(', ');
  if (!mayInstall) {
    console.error(
      `Not installed: ${names}. Tests that need them are skipped; as root npm test -- --install gets them.`,
    );
    return;
  }
  if (process.getuid?.() !== 0 || !isProgram('apt-get')) {
    throw new Error(`Only root can install what tests need, and only with apt-get: ${names}`);
  }
  const packages = missing.filter((name) => name !== 'prometheus');
  if (packages.length > 0) await withoutServices(() => aptInstall(packages));
  if (missing.includes('prometheus')) await installPromtool();
}

/** Calls `install` while no package may start its services. Tests start what they need. */
async function withoutServices(install) {
  if (existsSync(policy)) return install();
  // If this process is killed, the file forbids nothing any more.
  writeFileSync(policy, `#!/bin/sh\nkill -0 ${process.pid} 2>/dev/null && exit 101\nexit 0\n`, { mode: 0o755 });
  try {
    return await install();
  } finally {
    rmSync(policy);
  }
}

/** Installs promtool out of its package, whose other files are a server that would be started. */
async function installPromtool() {
  const folder = mkdtempSync(join(tmpdir(), 'promtool-'));
  try {
    const inFolder = `cd '${folder}' && apt-get download -q prometheus && dpkg -x prometheus_*.deb unpacked`;
    await run('sh', ['-c', inFolder], process.env);
    copyFileSync(join(folder, 'unpacked/usr/bin/promtool'), '/usr/local/bin/promtool');
    chmodSync('/usr/local/bin/promtool', 0o755);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Installs packages. If the lists cannot be updated, the old ones may do; otherwise apt-get reports what is missing.
 */
export async function aptInstall(names, { pauseMs, tries } = patience) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  await whenUnlocked(['update', '-q']).catch(({ message }) => console.error(`${message}; going on with old lists`));
  await whenUnlocked(['install', '-qy', '--no-install-recommends', ...names]);

  /** Runs apt-get until it is not locked out. apt-get itself waits only for some of its locks, and only if told to. */
  async function whenUnlocked(args) {
    for (let left = tries; ; left--) {
      let heard = '';
      try {
        return await run('apt-get', args, env, (text) => {
          heard += text;
        });
      } catch (error) {
        if (left === 0 || !heard.includes('Could not get lock')) throw error;
      }
      await delay(pauseMs);
    }
  }
}

/** Returns Debian's name for this machine in the folders of libraries. */
function gnuMachine() {
  return { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch] ?? `${process.arch}-linux-gnu`;
}
