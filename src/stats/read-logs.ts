/** Finds out which logs there are to be read and from where on, and reads them, the oldest first. */
import { UnreadableLogError } from '../core/errors.ts';
import type { LogSource, OpenLog } from '../files/log-source.ts';
import { AccessLogReader } from '../formats/access-log.ts';
import { LineSplitter } from '../formats/lines.ts';
import type { ScannedLines } from '../formats/log-scanner.ts';
import { sentRow } from '../formats/sent-files.ts';
import type { KnownLog, StatsStore } from '../state/stats-store.ts';
import { LogCounter, type LogCounterOptions } from './log-counter.ts';

/** A log is known again by so many of its first bytes. */
const headBytes = 4096;

interface FoundLog {
  readonly log: OpenLog;
  readonly head: Buffer;
  readonly known: KnownLog | undefined;
  /** Seconds since 1970: its first line that can be read. */
  readonly first: number;
}

const wrongTime = "lines are skipped whose time is more than a day ahead of this machine's clock";

/** What could not be done, one line each. */
export interface LogProblems {
  /** Logs that were asked for and could not be read. */
  readonly failures: string[];
  /** Logs that were read in part before and are gone, and those with lines of a wrong time. */
  readonly notices: string[];
}

/**
 * Counts what is new in the logs at `paths`, and in those between them and the last one that was read, if a run was
 * missed and the logs were rotated meanwhile. The order of the paths does not matter.
 */
export async function readLogs(
  paths: readonly string[],
  source: LogSource,
  state: StatsStore,
  options: LogCounterOptions,
): Promise<LogProblems> {
  const problems: LogProblems = { failures: [], notices: [] };
  const found = await openAll(paths, source, state, problems.failures);
  try {
    await addMissed(found, source, state, options.until, problems);
    found.sort((a, b) => a.first - b.first || Buffer.compare(a.head, b.head));
    for (const log of found) {
      await tolerate(problems.failures, async () => {
        const future = await readLog(log, source, state, options);
        if (future > 0) problems.notices.push(`${log.log.path}: ${wrongTime}: ${future}`);
      });
    }
  } finally {
    for (const { log } of found) await log.close();
  }
  return problems;
}

async function openAll(
  paths: readonly string[],
  source: LogSource,
  state: StatsStore,
  failures: string[],
): Promise<FoundLog[]> {
  const found: FoundLog[] = [];
  for (const path of paths) {
    await tolerate(failures, async () => {
      const log = await source.open(path);
      try {
        const head = await log.head(headBytes);
        found.push({ log, head, known: state.knownLog(head), first: firstTime(head) });
      } catch (error) {
        await log.close();
        throw error;
      }
    });
  }
  return found;
}

/** Where the latest log of a series that was read is not among those given, it and all later ones are looked for. */
async function addMissed(
  found: FoundLog[],
  source: LogSource,
  state: StatsStore,
  until: number,
  { notices }: LogProblems,
): Promise<void> {
  const series = new Set(found.map(({ log }) => source.series(log.path)));
  for (const name of series) {
    const latest = state.latestLog(name);
    if (latest === undefined || latest.latest >= until || found.some(({ known }) => known?.id === latest.id)) continue;
    const given = new Set(found.map(({ log }) => log.path));
    const others = (await source.rotated(name)).filter((path) => !given.has(path));
    let isThere = false;
    // What cannot be read here was not asked for.
    for (const other of await openAll(others, source, state, [])) {
      isThere ||= other.known?.id === latest.id;
      const isWanted = other.known?.id === latest.id || (other.known === undefined && other.first >= latest.latest);
      if (isWanted) found.push(other);
      else await other.log.close();
    }
    if (!isThere) {
      const end = new Date(latest.latest * 1000).toISOString().slice(0, 16);
      notices.push(`${name}: the log that was read until ${end}Z is gone; what came later in it is not counted`);
    }
  }
}

/** Returns how many lines were skipped for their time. */
async function readLog(
  { log, head }: FoundLog,
  source: LogSource,
  state: StatsStore,
  options: LogCounterOptions,
): Promise<number> {
  // Looked up again, because the same log may have been given twice, compressed and not.
  let { id, position, latest } = state.knownLog(head) ?? { id: undefined, position: 0, latest: 0 };
  const series = source.series(log.path);
  let isEnd = false;
  let future = 0;
  while (!isEnd) {
    const counter = new LogCounter(options);
    const remember = (): void => {
      const progress = { id, head, series, position, latest };
      if (position > 0) id = state.count(progress, counter.days(), options.starts.recent());
      counter.clear();
    };
    try {
      for await (const lines of log.scan(position)) {
        counter.count(lines);
        position = lines.position;
        latest = Math.max(latest, latestOf(lines, options.until));
        if (counter.isFull) remember();
        if (counter.isWornOut) break;
      }
      isEnd = !counter.isWornOut;
    } finally {
      remember();
    }
    future += counter.future;
  }
  return future;
}

/** Seconds since 1970: the latest line before `until`; of the files that were sent, where others are later. */
function latestOf({ latest, sent }: ScannedLines, until: number): number {
  if (latest < until) return latest;
  let found = 0;
  for (let at = sentRow.seconds; at < sent.length; at += sentRow.width) {
    const seconds = sent[at] as number;
    if (seconds < until && seconds > found) found = seconds;
  }
  return found;
}

/** Infinity when no line of `head` tells a time. */
function firstTime(head: Buffer): number {
  const reader = new AccessLogReader();
  let first = Number.POSITIVE_INFINITY;
  const see = (bytes: Buffer, start: number, end: number): void => {
    if (first === Number.POSITIVE_INFINITY && reader.read(bytes, start, end) !== 'unreadable') first = reader.seconds;
  };
  const lines = new LineSplitter(0, see, () => {});
  lines.push(head);
  const rest = lines.end();
  see(rest, 0, rest.length);
  return first;
}

async function tolerate(failures: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UnreadableLogError)) throw error;
    failures.push(error.message);
  }
}
