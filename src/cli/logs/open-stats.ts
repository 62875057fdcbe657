/** Opens the adapters for the statistics of a target. */
import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { UsageError } from '../../core/errors.ts';
import type { Bzip2 } from '../../files/bzip2.ts';
import type { FileStore } from '../../files/file-store.ts';
import { FilesystemFileStore } from '../../files/filesystem/filesystem-file-store.ts';
import { decompressAll } from '../../files/logs/bzip2-blocks.ts';
import { LogFiles } from '../../files/logs/log-files.ts';
import { SqliteStatsStore } from '../../state/sqlite/sqlite-stats-store.ts';
import type { StatsJob } from '../../stats/stats-job.ts';
import type { Settings } from '../config/settings.ts';
import { loadPart } from '../program/load-part.ts';
import { systemClock } from '../program/system-clock.ts';
import { openFiles } from '../storage/open-files.ts';
import { openExpectedState } from '../target/open-expected-state.ts';
import type { Target } from '../target/target.ts';
import { bzip2 } from './bzip2.ts';
import { compressMembers } from './bzip2-members.ts';
import { doStatsTask } from './open-stats-thread.ts';
import { StatsThreads } from './stats-threads.ts';

/** A staging folder apart from that of sync runs, which they tidy. */
const staging = 'staging-stats';
/** Threads at most, with the one that counts: more would only wait for it. */
const maxThreads = 4;

/** The adapters without the state. */
type StatsFiles = Omit<StatsJob, 'state'>;

/** Returns the adapters for `--compat 1.5` and the target at `root`. Throws StorageError. */
export function openStatsFiles(root: string): StatsFiles {
  const files = new FilesystemFileStore(root, systemClock, staging);
  files.create();
  return statsFilesOf(files);
}

function statsFilesOf(files: FileStore): StatsFiles {
  const unpack = (file: Buffer): Promise<Buffer> => decompressAll(file, bzip2.decompress);
  const publishPages: StatsJob['publishPages'] = async (statistics) => {
    const part = await loadPart('statistics.js', () => import('../../site/statistics/publish-statistics.ts')).catch(
      (error: unknown) => {
        // Everything else was done, so that is no wrong usage.
        if (error instanceof UsageError) return error.message;
        throw error;
      },
    );
    if (typeof part === 'string') return part;
    await part.publishStatistics(files, statistics);
    return undefined;
  };
  return { logs: new LogFiles(bzip2), files, bzip2, clock: systemClock, unpack, publishPages };
}

/**
 * Returns the adapters for a mirror, with `threads` for large logs if there are any, and a function that closes them.
 * Throws StorageError, UsageError.
 */
export async function openMirrorStats(
  target: Target,
  settings: Settings,
  threads: StatsThreads | undefined,
  mayWrite: (() => void) | undefined,
): Promise<{ readonly job: StatsFiles; close(): Promise<void> }> {
  const state = openExpectedState(target, systemClock);
  const { signal } = new AbortController();
  const opening = { target, settings, state, clock: systemClock, signal, staging, ...(mayWrite && { mayWrite }) };
  const opened = await openFiles(opening).catch((error: unknown) => {
    state.close();
    throw error;
  });
  const job = statsFilesOf(opened.files);
  const close = async (): Promise<void> => {
    state.close();
    await opened.close();
  };
  if (threads === undefined) return { job, close };
  return { job: { ...job, logs: new LogFiles(bzip2, { pieces: threads }), bzip2: threadedBzip2(threads) }, close };
}

function threadedBzip2(threads: StatsThreads): Bzip2 {
  const compressPieces: Bzip2['compressPieces'] = (pieces) =>
    compressMembers(pieces, (member) => threads.compress(member), bzip2.compress);
  return { ...bzip2, compressPieces };
}

/** Returns threads that run this program, or undefined on machines where they are of no use. The caller closes them. */
export function openStatsThreads(): StatsThreads | undefined {
  const program = process.argv[1];
  const count = Math.min(availableParallelism(), maxThreads);
  return program === undefined || count < 2
    ? undefined
    : new StatsThreads(realpathSync(program), count - 1, doStatsTask);
}

/** Opens the store of counts. The caller closes it. Throws StorageError. */
export function openStatsStore({ state }: Target): StatsJob['state'] {
  return new SqliteStatsStore(state);
}
