/** Chooses and opens the adapters for the statistics of a target. */

import { FilesystemFileStore } from '../files/filesystem/filesystem-file-store.ts';
import { decompressAll } from '../files/logs/bzip2-blocks.ts';
import { LogFiles } from '../files/logs/log-files.ts';
import { SqliteStatsStore } from '../state/sqlite/sqlite-stats-store.ts';
import type { StatsJob } from '../stats/stats-job.ts';
import { bzip2 } from './bzip2.ts';
import { systemClock } from './system-clock.ts';
import type { Target } from './target.ts';

/** Beside the one of sync runs, which tidy theirs. */
const staging = 'staging-stats';

/** All but the memory, for the target at `root`: `--compat 1.5` has none. Throws StorageError. */
export function openStatsFiles(root: string): Omit<StatsJob, 'state'> {
  const files = new FilesystemFileStore(root, systemClock, staging);
  files.create();
  return { logs: new LogFiles(bzip2), files, bzip2, unpack: (file) => decompressAll(file, bzip2.decompress) };
}

/** The memory, and how to close it. Throws StorageError. */
export function openStatsStore({ state }: Target, nativeBinding: string | undefined): StatsJob['state'] {
  return new SqliteStatsStore(state, nativeBinding);
}
