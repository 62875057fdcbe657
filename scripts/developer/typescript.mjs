/**
 * `node --import=./scripts/developer/typescript.mjs FILE.ts` runs tests, at a third of the cost of tsx per process.
 * Programs that tests start do not load tap's code for coverage, which takes two thirds of the time of a start.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { register } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import processOnSpawn from 'process-on-spawn';

register('./typescript-loader.mjs', import.meta.url);

const ofTap = /"--import=[^"]*@tapjs[^"]*" ?/;

processOnSpawn.addListener((started) => {
  const { NODE_OPTIONS: options = '', ...env } = started.env;
  const others = options.replace(ofTap, '').trim();
  started.env = others === '' ? env : { ...env, NODE_OPTIONS: others };
});

// Tests start programs in temporary folders, and hardened servers do not allow that in /tmp.
if (!mayStartPrograms(tmpdir())) {
  process.env.TMPDIR = ['/var/tmp', '/dev/shm', homedir()].find(mayStartPrograms) ?? tmpdir();
}

/**
 * Returns true if the file system of a folder is mounted without `noexec`, or if that is unknown, as outside of Linux.
 */
function mayStartPrograms(folder) {
  try {
    const path = realpathSync(folder);
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    const above = mounts.map((line) => line.split(' ')).filter(([, at]) => isAbove(at?.replaceAll('\\040', ' '), path));
    const [, , , flags = ''] = above.sort(([, one], [, other]) => one.length - other.length).at(-1) ?? [];
    return !flags.split(',').includes('noexec');
  } catch {
    return true;
  }
}

function isAbove(mountPoint, path) {
  return mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
}
