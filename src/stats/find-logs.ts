/** Finds the logs to read: those that were given, and those that were missed since the last run. */
import { daySeconds } from '../core/durations.ts';
import { UnreadableLogError } from '../core/errors.ts';
import type { LogSource, OpenLog } from '../files/log-source.ts';
import { AccessLogReader } from '../formats/logs/access-log.ts';
import { LineSplitter } from '../formats/logs/line-splitter.ts';
import type { KnownLog, StatsStore } from '../state/stats-store.ts';
import { headBytes, identifyLog } from './identify-log.ts';

/** An open log that was found. */
export interface FoundLog {
  readonly log: OpenLog;
  readonly head: Buffer;
  /** Time of its first readable line, in seconds since 1970. */
  readonly first: number;
  /** The state's record of the log, if it was read before. */
  known: KnownLog | undefined;
}

/** Number of bytes at the end of a log that contain its last line. */
const endBytes = 64 * 1024;
/**
 * Maximum duration of a download in seconds. The first line of a log may be that much earlier than the last line of the
 * log before it, because a line has the time when its download began.
 */
const maxDownloadSeconds = daySeconds;
/** Number of searches at most. logrotate finishes a series long before. */
const maxSearches = 4;

/**
 * Opens the log at `path`. Returns undefined if it cannot be read, and adds the reason to `failures`. `others` are the
 * logs that are open already.
 */
export async function findLog(
  path: string,
  source: LogSource,
  state: StatsStore,
  others: readonly FoundLog[],
  failures: string[],
): Promise<FoundLog | undefined> {
  let found: FoundLog | undefined;
  await tolerate(failures, async () => {
    const log = await source.open(path);
    try {
      const head = await log.head(headBytes);
      found = { log, head, known: await identifyLog(log, head, state, others), first: times(head).first };
    } catch (error) {
      await log.close();
      throw error;
    }
  });
  return found;
}

/**
 * Adds missed logs to `found`: if the latest log of a series that was read is not among them, that log and all later
 * ones are searched. Adds to `failures` if lines may still be missed, because that log is gone or later ones cannot be
 * read.
 */
export async function addMissed(
  found: FoundLog[],
  source: LogSource,
  state: StatsStore,
  until: number,
  failures: string[],
): Promise<void> {
  const series = new Set(found.map(({ log }) => source.series(log.path)));
  for (const name of series) {
    const latest = state.latestLog(name);
    if (latest === undefined || latest.latest >= until || found.some(({ known }) => known?.id === latest.id)) continue;
    await tolerate(failures, () => addOfSeries(name, latest, found, source, state, failures));
  }
}

async function addOfSeries(
  name: string,
  latest: KnownLog,
  found: FoundLog[],
  source: LogSource,
  state: StatsStore,
  failures: string[],
): Promise<void> {
  const given = new Set(found.map(({ log }) => log.path));
  const seen = new Set<string>();
  let unreadable: string[] = [];
  let isThere = false;
  // Searches again if something has changed: a log that is renamed meanwhile may be missed under both of its names.
  for (let searches = 0, isNew = true; isNew && searches < maxSearches; searches += 1) {
    isNew = false;
    unreadable = [];
    for (const { path, modified } of await source.rotated(name)) {
      if (given.has(path) || seen.has(`${modified} ${path}`)) continue;
      isNew = true;
      // A log that was not written to since then has no missed lines, so it does not matter if it cannot be read.
      const log = await findLog(path, source, state, found, modified < latest.latest ? [] : unreadable);
      if (log === undefined) continue;
      seen.add(`${modified} ${path}`);
      isThere ||= log.known?.id === latest.id;
      if (await isWanted(log, modified, latest)) found.push(log);
      else await log.log.close();
    }
  }
  for (const failure of unreadable) failures.push(failure);
  if (isThere) return;
  const end = new Date(latest.latest * 1000).toISOString().slice(0, 16);
  failures.push(`${name}: the log that was read until ${end}Z is gone; what came later in it is not counted`);
}

/**
 * Returns true if a log that was not given is the latest one that was read, or may have later lines. `modified` is the
 * time of its last modification.
 */
async function isWanted({ log, known, first }: FoundLog, modified: number, latest: KnownLog): Promise<boolean> {
  const earliest = latest.latest - maxDownloadSeconds;
  // A log that was rotated when the latest one began may have been written to while its downloads lasted.
  if (known !== undefined) return known.latest >= earliest;
  if (first >= latest.latest) return true;
  return (first >= earliest || modified >= latest.latest) && times(await log.end(endBytes)).last > latest.latest;
}

/**
 * Returns the times of the first and the latest line in `bytes`, in seconds since 1970. Infinity and 0 if no line has a
 * time.
 */
function times(bytes: Buffer): { first: number; last: number } {
  const reader = new AccessLogReader();
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  const see = (bytes: Buffer, start: number, end: number): void => {
    if (reader.read(bytes, start, end) === 'unreadable') return;
    if (first === Number.POSITIVE_INFINITY) first = reader.seconds;
    last = Math.max(last, reader.seconds);
  };
  const lines = new LineSplitter(0, see, () => {});
  lines.push(bytes);
  const rest = lines.end();
  see(rest, 0, rest.length);
  return { first, last };
}

/** Runs `work`, and adds the error to `failures` if a log could not be read. */
export async function tolerate(failures: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UnreadableLogError)) throw error;
    failures.push(error.message);
  }
}
