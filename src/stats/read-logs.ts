/** Reads logs, the oldest first, each from the position where the last run stopped. */
import type { LogSource } from '../files/log-source.ts';
import { lastOf } from '../formats/logs/line-splitter.ts';
import type { ScannedLines } from '../formats/logs/log-scanner.ts';
import { sentRow } from '../formats/logs/sent-file-rows.ts';
import type { DayCounts, StatsStore } from '../state/stats-store.ts';
import { addMissed, type FoundLog, findLog, tolerate } from './find-logs.ts';
import { headBytes, identifyLog } from './identify-log.ts';
import { LogCounter, type LogCounterOptions } from './log-counter.ts';

const wrongTime = "lines are skipped whose day is later than tomorrow by this machine's clock";

const tooLate = 'lines are not counted, as their days were published more than a week ago and are closed';

const anotherFormat = "lines cannot be counted: they are not in Apache's format combined, or damaged";
/**
 * Divisor of the share of unreadable lines that is reported: a tenth. Every log has some lines that were damaged by a
 * crash or sent by an attacker.
 */
const reportedShareDivisor = 10;
/**
 * Number of unreadable lines above which the tenth is that of lines about sent files: nearly all lines may be about
 * pages.
 */
const fewUnreadable = 10;

/** Number of searches at most. Nobody rotates a log more often during a search, and the next run finds the rest. */
const maxSearches = 4;

/** Problems for people, one line each. */
export interface LogProblems {
  /** Logs that could not be read, and lines that were missed. */
  readonly failures: string[];
  /** Logs with lines of a wrong time. */
  readonly notices: string[];
}

/** The result of reading logs. */
export interface ReadLogs extends LogProblems {
  /** The number of downloads that were counted. */
  readonly downloads: number;
}

/**
 * Counts the new lines in the logs at `paths`. If runs were missed and the logs were rotated meanwhile, it also reads
 * the logs between them and the last one that was read. The order of the paths does not matter.
 */
export async function readLogs(
  paths: readonly string[],
  source: LogSource,
  state: StatsStore,
  options: LogCounterOptions,
): Promise<ReadLogs> {
  const failures = new Set<string>();
  const notices: string[] = [];
  let downloads = 0;
  const count = (more: number): void => {
    downloads += more;
  };
  // A log that is copied and truncated between the search and its turn is elsewhere now, so all logs are searched
  // again.
  for (let searches = 1; ; searches += 1) {
    const problems: LogProblems = { failures: [], notices };
    const wasReplaced = await searchAndRead(paths, source, state, options, problems, count);
    for (const failure of problems.failures) failures.add(failure);
    if (!wasReplaced || searches === maxSearches) return { failures: [...failures], notices, downloads };
  }
}

/** Returns true if a log was left out because it had been replaced since the search. The next search finds it. */
async function searchAndRead(
  paths: readonly string[],
  source: LogSource,
  state: StatsStore,
  options: LogCounterOptions,
  problems: LogProblems,
  count: (downloads: number) => void,
): Promise<boolean> {
  const found: FoundLog[] = [];
  let wasReplaced = false;
  try {
    for (const path of paths) {
      const log = await findLog(path, source, state, found, problems.failures);
      if (log !== undefined) found.push(log);
    }
    await addMissed(found, source, state, options.until, problems.failures);
    found.sort((a, b) => a.first - b.first || Buffer.compare(a.head, b.head));
    for (const log of found) {
      await tolerate(problems.failures, async () => {
        const skipped = await readLog(log, found, source, state, options, count);
        wasReplaced ||= skipped === undefined;
        const { future, closed, lines } = skipped ?? nothingSkipped();
        const { all, unreadable } = lines;
        if (exceedsShare(lines)) problems.failures.push(`${log.log.path}: ${unreadable} of ${all} ${anotherFormat}`);
        if (future > 0) problems.notices.push(`${log.log.path}: ${wrongTime}: ${future}`);
        if (closed > 0) problems.failures.push(`${log.log.path}: ${tooLate}: ${closed}`);
      });
    }
    for (const log of found) if (log.log.isCut() && !isWholeElsewhere(log, found)) problems.failures.push(cut(log));
  } finally {
    for (const { log } of found) await log.close();
  }
  return wasReplaced;
}

/**
 * Returns true if the log that was cut off is also there as a whole. While a log is being compressed, the original lies
 * beside the compressed file.
 */
function isWholeElsewhere({ log, known }: FoundLog, found: readonly FoundLog[]): boolean {
  const unpacked = log.path.replace(/\.\w+$/, '');
  return found.some(
    (other) =>
      !other.log.isCut() && (other.log.path === unpacked || (known !== undefined && other.known?.id === known.id)),
  );
}

function cut({ log }: FoundLog): string {
  return `${log.path}: is cut off, and the lines behind are not counted; are they elsewhere, or is it still being compressed?`;
}

interface Skipped {
  future: number;
  closed: number;
  readonly lines: LogCounter['lines'];
}

function nothingSkipped(): Skipped {
  return { future: 0, closed: 0, lines: { all: 0, sent: 0, unreadable: 0 } };
}

function exceedsShare({ all, sent, unreadable }: Skipped['lines']): boolean {
  return unreadable * reportedShareDivisor > (unreadable > fewUnreadable ? Math.min(all, sent + unreadable) : all);
}

/**
 * Returns the number of lines that were skipped for their time, or undefined if another log has taken the place of this
 * one.
 */
async function readLog(
  found: FoundLog,
  others: readonly FoundLog[],
  source: LogSource,
  state: StatsStore,
  options: LogCounterOptions,
  count: (downloads: number) => void,
): Promise<Skipped | undefined> {
  const { log } = found;
  const series = source.series(log.path);
  // Identified again: the log may have been given twice, compressed and not, or another may have taken its place.
  const head = await log.head(headBytes);
  const known = await identifyLog(log, head, state, others);
  if (!startsWith(head, found.head) || (found.known !== undefined && known?.id !== found.known.id)) return undefined;
  found.known = known;
  let { position, latest } = found.known ?? { position: 0, latest: 0 };
  let before: Buffer = Buffer.alloc(0);
  let isEnd = false;
  const skipped = nothingSkipped();
  while (!isEnd) {
    const counter = new LogCounter(options);
    const remember = (): void => {
      if (position > 0) {
        const progress = { head, series, position, latest, ...(before.length > 0 && { before }) };
        const days = withCounts(counter.days(), count);
        const id = state.count({ id: found.known?.id, ...progress }, days, options.starts.recent());
        found.known = { ...progress, id, before: found.known?.before };
      }
      counter.clear();
    };
    try {
      for await (const lines of log.scan(position)) {
        counter.count(lines);
        position = lines.position;
        before = lastOf(before, lines.before);
        latest = Math.max(latest, latestOf(lines, options.until));
        if (counter.isFull) remember();
        if (counter.isWornOut) break;
      }
      isEnd = !counter.isWornOut;
    } finally {
      remember();
    }
    skipped.future += counter.future;
    skipped.closed += counter.closed;
    for (const kind of ['all', 'sent', 'unreadable'] as const) skipped.lines[kind] += counter.lines[kind];
  }
  return skipped;
}

/** Yields `days`, and passes the number of downloads of each to `count`. */
function* withCounts(days: Iterable<DayCounts>, count: (downloads: number) => void): Iterable<DayCounts> {
  for (const day of days) {
    for (const sum of day.sums) if (sum.kind === 'line' && sum.name === 'counted') count(sum.count);
    yield day;
  }
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.subarray(0, start.length).equals(start);
}

/**
 * Returns the time of the latest line before `until`, in seconds since 1970. If other lines are later than that, only
 * lines about sent files count.
 */
function latestOf({ latest, sent }: ScannedLines, until: number): number {
  if (latest < until) return latest;
  let found = 0;
  for (let at = sentRow.seconds; at < sent.length; at += sentRow.width) {
    const seconds = sent[at] as number;
    if (seconds < until && seconds > found) found = seconds;
  }
  return found;
}
