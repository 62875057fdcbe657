/**
 * A throwaway copy of this machine: root changes it as it likes, has a network of its own with nothing but the loopback
 * in it, and all of it is gone with the last process. The checkout lies in it at `/srv/checkout`. Where FRESH_DEBIAN names
 * a folder with a Debian, as `npm run test:fresh` makes one, the copy is of that, with the checkout of its root, and with
 * this machine's network, so that Debian's and npm's packages can be had.
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const { FRESH_DEBIAN: fresh } = process.env;
const root = fresh ?? '/';
const checkout = fresh === undefined ? fileURLToPath(new URL('../..', import.meta.url)) : join(fresh, 'root/checkout');
const apart = ['--mount', '--pid', '--fork', '--kill-child', ...(fresh === undefined ? ['--net'] : [])];

/** Whether the machine reaches what packages come from. */
export const reachesPackages = fresh !== undefined;

/** Lays a file system in memory over this one. */
const enter = `
  [ -n "$3" ] || ip link set lo up
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 tmpfs /mnt
  mkdir /mnt/root /mnt/upper /mnt/work /mnt/upper-checkout /mnt/work-checkout
  mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
  mkdir -p /mnt/root/srv/checkout
  mount -t overlay overlay -o "lowerdir=$2,upperdir=/mnt/upper-checkout,workdir=/mnt/work-checkout" /mnt/root/srv/checkout
  mount --rbind /dev /mnt/root/dev
  mount -t proc proc /mnt/root/proc
  mount -t tmpfs tmpfs /mnt/root/run
  npm=$(env | grep -E '^npm_config_(registry|https?_proxy|proxy|noproxy|cafile|nodedir)=' | tr '\\n' ' ')
  exec chroot /mnt/root env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 $npm \\
    sh -c 'cat >/run/script; exec bash /run/script </dev/null 2>&1'`;

/** How a script ended. */
export interface ScriptEnd {
  readonly status: number | null;
  /** What it wrote, in its order. */
  readonly output: string;
}

/** Options for a test that needs such a machine with these programs: skipped, with the reason, where there can be none. */
export function throwawayOrReason(...programs: readonly string[]): { readonly skip: false | string } {
  if (process.getuid?.() !== 0) return { skip: 'only root can copy the machine: run the tests as root, too' };
  const input = `for p in ${programs.join(' ')}; do command -v $p >/dev/null || { echo "$p is not installed"; exit 1; }; done`;
  const { status, stdout, stderr } = spawnSync('unshare', command(), { encoding: 'utf8', input });
  return { skip: status === 0 ? false : (stdout + stderr).trim() || 'a copy of the machine cannot be made here' };
}

/** Runs a script of bash in such a machine. */
export async function onThrowaway(script: string): Promise<ScriptEnd> {
  const child = spawn('unshare', command(), { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(script);
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [out, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, output: out + errors };
}

function command(): string[] {
  return [...apart, 'sh', '-ec', enter, 'sh', root, checkout, fresh ?? ''];
}
