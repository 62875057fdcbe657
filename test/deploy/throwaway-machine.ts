/**
 * A throwaway copy of this machine: root changes it as it likes, has a network of its own with nothing but the loopback
 * in it, and all of it is gone with the last process. The checkout lies in it at `/srv/checkout`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const apart = ['--mount', '--pid', '--fork', '--kill-child', '--net'];

/** Lays a file system in memory over this one. */
const enter = `
  ip link set lo up
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 tmpfs /mnt
  mkdir /mnt/root /mnt/upper /mnt/work /mnt/upper-checkout /mnt/work-checkout
  mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
  mkdir -p /mnt/root/srv/checkout
  mount -t overlay overlay -o "lowerdir=$0,upperdir=/mnt/upper-checkout,workdir=/mnt/work-checkout" /mnt/root/srv/checkout
  mount --rbind /dev /mnt/root/dev
  mount -t proc proc /mnt/root/proc
  mount -t tmpfs tmpfs /mnt/root/run
  exec chroot /mnt/root env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"`;

/** How a script ended. */
export interface ScriptEnd {
  readonly status: number | null;
  /** What it wrote, in its order. */
  readonly output: string;
}

/** Options for a test that needs such a machine with these programs: skipped, with the reason, where there can be none. */
export function throwawayOrReason(...programs: readonly string[]): { readonly skip: false | string } {
  if (process.getuid?.() !== 0) return { skip: 'only root can copy the machine: run the tests as root, too' };
  const look = `for p in ${programs.join(' ')}; do command -v $p >/dev/null || { echo "$p is not installed"; exit 1; }; done`;
  const { status, stdout, stderr } = spawnSync('unshare', [...apart, 'sh', '-ec', enter, checkout, 'sh', '-c', look], {
    encoding: 'utf8',
  });
  return { skip: status === 0 ? false : (stdout + stderr).trim() || 'a copy of the machine cannot be made here' };
}

/** Runs a script of bash in such a machine. */
export async function onThrowaway(script: string): Promise<ScriptEnd> {
  const child = spawn('unshare', [...apart, 'sh', '-ec', enter, checkout, 'bash', '-c', 'exec bash -s 2>&1'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(script);
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [out, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, output: out + errors };
}
