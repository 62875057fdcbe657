/** A real file system that a test can fill: memory, mounted for the test alone. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { Test } from 'tap';

/** A mounted file system. */
export interface SmallDisk {
  readonly folder: string;
  /** Mounts it again with other options, such as `size=20m` or `ro`. */
  remount(options: string): void;
}

/** Mounts one of `size` (`2m`) until `t` ends, or says why that cannot be done here. */
export function openSmallDisk(t: Test, size: string): SmallDisk | string {
  if (process.getuid?.() !== 0) return 'only root may mount a file system';
  const folder = `${t.testdir()}/disk`;
  mkdirSync(folder);
  const refused = mount('-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', folder);
  if (refused !== undefined) return `no file system can be mounted here: ${refused}`;
  t.teardown(() => spawnSync('umount', ['-l', folder]));
  return {
    folder,
    remount: (options) => {
      const problem = mount('-o', `remount,${options}`, folder);
      if (problem !== undefined) throw new Error(problem);
    },
  };
}

/** What `mount` complains of. */
function mount(...args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}
