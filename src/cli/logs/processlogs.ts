/** The program processlogs, which counts the downloads of each day from the logs of the web server. */
import { join, resolve } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import type { LogSource, OpenLog } from '../../files/log-source.ts';
import { copyState, logsResultsState } from '../../state/mirror-state.ts';
import type { LogsResult } from '../../state/program-results.ts';
import { change } from '../../state/state-section.ts';
import { processLogs } from '../../stats/process-logs.ts';
import { processLogs15 } from '../../stats/process-logs-1.5.ts';
import type { StatsJob, StatsResult } from '../../stats/stats-job.ts';
import { readConfigFile } from '../config/config-file.ts';
import { type LogsCommand, logsHelp, logsUsage, parseLogsOptions } from '../config/logs-options.ts';
import { type Settings, settingsFrom } from '../config/settings.ts';
import { writeMetrics } from '../metrics/write-metrics.ts';
import { lines } from '../output/lines.ts';
import { exitCodes } from '../program/exit-codes.ts';
import type { Program } from '../program/program.ts';
import { systemClock } from '../program/system-clock.ts';
import type { MirrorOwner } from '../storage/mirror-owner.ts';
import { openLease } from '../storage/open-lease.ts';
import { openExpectedState } from '../target/open-expected-state.ts';
import { refuseRoot } from '../target/owner.ts';
import { type HeldLock, holdLock, stalledHolderText } from '../target/program-lock.ts';
import { isThere, lockOf, openTarget, pathsOf, prepareTarget, type Target } from '../target/target.ts';
import { expandBraces } from './expand-braces.ts';
import { openMirrorStats, openStatsFiles, openStatsStore, openStatsThreads } from './open-stats.ts';

type RunCommand = LogsCommand & { kind: 'run' };

/** The program `processlogs`. */
export const processlogs: Program<RunCommand> = {
  name: 'processlogs',
  help: logsHelp,
  usage: logsUsage,
  parse: parseLogsOptions,
  run,
  // 1.5 too printed the error and exited with 0.
  tellUsage({ message }) {
    if (message !== '') lines.out(message);
    lines.out(logsUsage);
    return exitCodes.ok;
  },
};

/** Makes the two checks of 1.5, with its messages. A machine that has always stood by has no tree. */
function checkTarget(target: string): void {
  if (!isThere(target)) throw new UsageError(`${target} does not exist`);
  if (isThere(pathsOf(target).standby)) return;
  if (!isThere(join(target, 'web'))) throw new UsageError(`Not a pypi mirror (${target}/web does not exist)`);
}

async function run(command: RunCommand): Promise<number> {
  checkTarget(command.target);
  const root = resolve(command.target);
  const paths = expandBraces(command.logs);
  refuseRoot({ root, state: join(root, 'state.db') });
  const settings = settingsFrom(readConfigFile(join(root, 'mirror.toml')).given);
  process.umask(settings.umask);
  // Targets of 1.5 are allowed here, because only the files of days are written into them.
  if (command.as15) return printResult(command, await processLogs15(paths, openStatsFiles(root)));
  const target = openTarget(root);
  prepareTarget(target, settings.stateMode);
  // Two processes would count the same lines twice. A sync run has another lock, and does no harm.
  const lock = holdLock(lockOf(target, 'stats'));
  if (lock === undefined) {
    const problem = stalledHolderText(lockOf(target, 'stats'), 'processlogs');
    if (problem !== undefined) {
      lines.err(`processlogs: error: ${problem}`);
      return exitCodes.incomplete;
    }
    if (!command.quiet) lines.out('Currently already running; processing logs is skipped');
    return exitCodes.ok;
  }
  try {
    return await runAsOwner(command, paths, target, settings, lock);
  } finally {
    lock.release();
  }
}

/** Counts on the machine that publishes the mirror. Another one leaves the logs as they are. */
async function runAsOwner(
  command: RunCommand,
  paths: readonly string[],
  target: Target,
  settings: Settings,
  lock: HeldLock,
): Promise<number> {
  const { signal } = new AbortController();
  const owner = await openLease({ target, settings, clock: systemClock, signal, mayTake: false });
  if (owner?.kind === 'standby') {
    if (!command.quiet) lines.out(owner.reason);
    return exitCodes.ok;
  }
  try {
    return await runWithMemory(command, paths, target, settings, lock, owner);
  } finally {
    await owner?.close();
  }
}

async function runWithMemory(
  command: RunCommand,
  paths: readonly string[],
  target: Target,
  settings: Settings,
  { progress }: HeldLock,
  owner: MirrorOwner | undefined,
): Promise<number> {
  const startedMs = Date.now();
  const threads = openStatsThreads();
  const { job, close } = await openMirrorStats(target, settings, threads, owner?.mayWrite);
  const logs = watchedLogs(job.logs, progress);
  const state = openStatsStore(target);
  try {
    const result = await processLogs(paths, { ...job, logs, state });
    const exitCode = printResult(command, result);
    await remember(target, { startedMs, finishedMs: Date.now(), exitCode, failures: result.failures.length }, result, {
      metricsFile: settings.metricsFile,
      files: job.files,
      hasLease: owner !== undefined,
    });
    return exitCode;
  } finally {
    state.close();
    await close();
    await threads?.close();
  }
}

/** Remembers the result for monitoring, and writes the metrics. */
async function remember(
  target: Target,
  lastLogs: LogsResult,
  { downloads: more }: StatsResult,
  {
    metricsFile,
    files,
    hasLease,
  }: {
    readonly metricsFile: string | undefined;
    readonly files: StatsJob['files'];
    readonly hasLease: boolean;
  },
): Promise<void> {
  const state = openExpectedState(target, systemClock);
  try {
    const { downloads = 0 } = state.get(logsResultsState);
    state.set(change(logsResultsState, { lastLogs, downloads: downloads + more }));
    // The next run copies it.
    if (hasLease && more > 0) state.set(change(copyState, { copyDue: true }));
    const problem = await writeMetrics(metricsFile, { root: target.root, state, files });
    if (problem !== undefined) lines.err(`processlogs: Warning: ${problem}`);
  } finally {
    state.close();
  }
}

/**
 * Prints the result. As in 1.5 cron gets no output when days were published, but a person on a terminal is told which.
 */
function printResult({ quiet }: RunCommand, { published, notices, failures }: StatsResult): number {
  for (const failure of failures) lines.err(`processlogs: ${failure}`);
  if (!quiet) {
    for (const notice of notices) lines.out(notice);
    if (published.length > 0 && process.stdout.isTTY) lines.out(`Published ${published.join(', ')}.`);
  }
  return failures.length > 0 ? exitCodes.incomplete : exitCodes.ok;
}

/** `source`, which calls `progress` for each piece that is read. */
function watchedLogs(source: LogSource, progress: () => void): LogSource {
  return {
    series: (path) => source.series(path),
    rotated: (series) => source.rotated(series),
    open: async (path) => watchedLog(await source.open(path), progress),
  };
}

function watchedLog(log: OpenLog, progress: () => void): OpenLog {
  return {
    path: log.path,
    head: (bytes) => log.head(bytes),
    before: (position, bytes) => log.before(position, bytes),
    end: (bytes) => log.end(bytes),
    read: (position) => watched(log.read(position), progress),
    scan: (position) => watched(log.scan(position), progress),
    isCut: () => log.isCut(),
    close: () => log.close(),
  };
}

async function* watched<T>(pieces: AsyncIterable<T>, progress: () => void): AsyncIterable<T> {
  for await (const piece of pieces) {
    progress();
    yield piece;
  }
}
