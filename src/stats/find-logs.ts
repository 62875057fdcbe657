/** Finds out which logs there are to be read: those that were given, and those that were missed since the last run. */
import { daySeconds } from '../core/durations.ts';
import { UnreadableLogError } from '../core/errors.ts';
import type { LogSource, OpenLog } from '../files/log-source.ts';
import { AccessLogReader } from '../formats/logs/access-log.ts';
import { LineSplitter } from '../formats/logs/line-splitter.ts';
import type { KnownLog, StatsStore } from '../state/stats-store.ts';
import { headBytes, identifyLog } from './identify-log.ts';

/** An open log. */
export interface FoundLog {
  readonly log: OpenLog;
  readonly head: Buffer;
  /** Seconds since 1970: its first line that can be read. */
  readonly first: number;
  /** What was remembered of it. */
  known: KnownLog | undefined;
}

/** The last line lies within so many bytes. */
const endBytes = 64 * 1024;
/** The first line of a log may have begun before the last one of the log before it: by what a download takes, at most. */
const longestDownload = daySeconds;
/** logrotate is through with a series long before. */
const maxSearches = 4;

/** Opens the log at `path`; undefined when it cannot be read, which is told in `failures`. `others` are open, too. */
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
 * Where the latest log of a series that was read is not among those that were `found`, it and all later ones are looked
 * for. What may be missed all the same is told in `failures`: that log is gone, or later ones cannot be read.
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
  // Again where something has changed: what is renamed meanwhile may have been looked for where it was not yet, or no more.
  for (let searches = 0, isNew = true; isNew && searches < maxSearches; searches += 1) {
    isNew = false;
    unreadable = [];
    for (const { path, modified } of await source.rotated(name)) {
      if (given.has(path) || seen.has(`${modified} ${path}`)) continue;
      isNew = true;
      // What was not written to since then was not asked for, and nothing is missed in it.
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

/** Whether a log that was not given, and was `modified` then, is the latest one that was read, or may hold later lines. */
async function isWanted({ log, known, first }: FoundLog, modified: number, latest: KnownLog): Promise<boolean> {
  const earliest = latest.latest - longestDownload;
  // One that was rotated when the latest began may have been written to for as long as its downloads took.
  if (known !== undefined) return known.latest >= earliest;
  if (first >= latest.latest) return true;
  return (first >= earliest || modified >= latest.latest) && times(await log.end(endBytes)).last > latest.latest;
}

/** Seconds since 1970: the first and the latest of the lines in `bytes`; Infinity and 0 when none tells a time. */
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

/** Does `work`, and tells in `failures` what could not be read. */
export async function tolerate(failures: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UnreadableLogError)) throw error;
    failures.push(error.message);
  }
}
