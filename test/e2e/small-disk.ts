/** A real file system that a test can fill: a tmpfs mounted for the test alone. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** A mounted file system. */
export interface SmallDisk {
  readonly folder: string;
  /** Mounts it again with other options, such as `size=20m` or `ro`. */
  remount(options: string): void;
}

/** Returns the options of a test that mounts a file system: it is skipped, with the reason, if that is not allowed. */
export function smallDiskOrReason(): { readonly skip: false | string } {
  if (process.getuid?.() !== 0) return { skip: 'only root may mount a file system: run the tests as root, too' };
  try {
    mount('1m').close();
    return { skip: false };
  } catch (error) {
    return {
      skip: `no file system can be mounted here, not even by root (a container needs CAP_SYS_ADMIN): ${String(error)}`,
    };
  }
}

/** Mounts a file system of `size` (`2m`) until `t` ends, in `folder` or a new folder. */
export function openSmallDisk(t: Test, size: string, folder?: string): SmallDisk {
  const disk = mount(size, folder);
  t.teardown(() => disk.close());
  return disk;
}

/** Mounts the folder `from` at `to` (a bind mount) until `t` ends. */
export function bindFolder(t: Test, from: string, to: string): void {
  execute('--bind', from, to);
  t.teardown(() => spawnSync('umount', ['-l', to]));
}

function mount(size: string, folder = mkdtempSync(join(tmpdir(), 'small-disk-'))): SmallDisk & { close(): void } {
  const close = (): void => {
    spawnSync('umount', ['-l', folder]);
    rmdirSync(folder);
  };
  try {
    execute('-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', folder);
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return { folder, close, remount: (options) => execute('-o', `remount,${options}`, folder) };
}

function execute(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(stderr.trim());
}
