/** Reads logs, the oldest first, each from where it was read to the last time. */
import type { LogSource } from '../files/log-source.ts';
import { lastOf } from '../formats/lines.ts';
import type { ScannedLines } from '../formats/log-scanner.ts';
import { sentRow } from '../formats/sent-files.ts';
import type { StatsStore } from '../state/stats-store.ts';
import { addMissed, type FoundLog, findLog, tolerate } from './find-logs.ts';
import { LogCounter, type LogCounterOptions } from './log-counter.ts';
import { headBytes, recognize } from './same-log.ts';

const wrongTime = "lines are skipped whose time is more than a day ahead of this machine's clock";

const tooLate = 'lines are not counted, as their days were published more than a week ago and are closed';

/** What could not be done, one line each. */
export interface LogProblems {
  /** Logs that could not be read, and lines that were missed. */
  readonly failures: string[];
  /** Logs with lines of a wrong time. */
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
  const found: FoundLog[] = [];
  try {
    for (const path of paths) {
      const log = await findLog(path, source, state, found, problems.failures);
      if (log !== undefined) found.push(log);
    }
    await addMissed(found, source, state, options.until, problems.failures);
    found.sort((a, b) => a.first - b.first || Buffer.compare(a.head, b.head));
    for (const log of found) {
      await tolerate(problems.failures, async () => {
        const { future, closed } = await readLog(log, found, source, state, options);
        if (future > 0) problems.notices.push(`${log.log.path}: ${wrongTime}: ${future}`);
        if (closed > 0) problems.failures.push(`${log.log.path}: ${tooLate}: ${closed}`);
      });
    }
  } finally {
    for (const { log } of found) await log.close();
  }
  return problems;
}

interface Skipped {
  future: number;
  closed: number;
}

/** Returns how many lines were skipped for their time. */
async function readLog(
  found: FoundLog,
  others: readonly FoundLog[],
  source: LogSource,
  state: StatsStore,
  options: LogCounterOptions,
): Promise<Skipped> {
  const { log } = found;
  const series = source.series(log.path);
  // Once more, as the same log may have been given twice, compressed and not, and another may have taken its place.
  const head = await log.head(headBytes);
  found.known = await recognize(log, head, state, others);
  let { position, latest } = found.known ?? { position: 0, latest: 0 };
  let before: Buffer = Buffer.alloc(0);
  let isEnd = false;
  const skipped: Skipped = { future: 0, closed: 0 };
  while (!isEnd) {
    const counter = new LogCounter(options);
    const remember = (): void => {
      if (position > 0) {
        const progress = { head, series, position, latest, ...(before.length > 0 && { before }) };
        const id = state.count({ id: found.known?.id, ...progress }, counter.days(), options.starts.recent());
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
  }
  return skipped;
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
