/**
 * Turns access logs into the published downloads of each day (PEP 381): reads new lines, and publishes complete days.
 */
import { dayMs } from '../core/durations.ts';
import { mapInOrder } from '../core/map-in-order.ts';
import { ownPath, statsDaysFolder, statsSummaryPath } from '../core/paths.ts';
import type { FileStore } from '../files/file-store.ts';
import { projectCandidates } from '../formats/file-name.ts';
import { renderSummary } from '../formats/logs/statistics.ts';
import type { KnownDay } from '../state/stats-store.ts';
import { DownloadStarts } from './download-starts.ts';
import { planDays, publishDay, whyNothing } from './publish-days.ts';
import { readLogs } from './read-logs.ts';
import type { StatsJob, StatsResult } from './stats-job.ts';
import { sumUp, withDetails } from './sum-up.ts';

/** Number of days for which the downloads of a published day are kept, for lines that come late. */
const countsKeptDays = 7;
const sumsKeptDays = 366;
/**
 * Number of days that are published at the same time: one is read while another is compressed. All at once would need
 * much memory.
 */
const daysAtOnce = 2;
/**
 * Milliseconds that the time of a line may lie in the future: clocks differ, and time zones are mistaken. Later lines
 * are skipped, because a day in the future would complete all days before it.
 */
const maxAheadMs = dayMs;

/** Counts the new lines in the logs at `paths`, and publishes the days that are complete. Throws StorageError. */
export async function processLogs(paths: readonly string[], job: StatsJob): Promise<StatsResult> {
  const { logs, state, clock } = job;
  const until = endOfDay(clock.now() + maxAheadMs);
  const closed = new Set(state.days().flatMap(({ day, closed }) => (closed ? [day] : [])));
  const { failures, notices, downloads } = await readLogs(paths, logs, state, {
    closed,
    until,
    starts: new DownloadStarts(state.starts()),
    projectOf: (path, filename) => {
      const candidates = projectCandidates(filename);
      return state.holderOf(path, filename, candidates) ?? candidates[0] ?? 'unknown';
    },
  });
  const days = state.days().filter(({ day }) => Date.parse(`${day}T00:00:00Z`) < until * 1000);
  const published: string[] = [];
  for await (const { day, isPublished } of mapInOrder(planDays(days), daysAtOnce, (day) => publishDay(day, job))) {
    if (isPublished) published.push(day);
    else notices.push(`${day} is left as it was published: that counts more downloads than these logs.`);
  }
  if (published.length === 0) notices.push(whyNothing(days));
  const newest = days.at(-1)?.day;
  if (newest !== undefined) state.forget(daysBefore(newest, countsKeptDays), daysBefore(newest, sumsKeptDays));
  const problem = await publishStatistics(days, job);
  return { published, notices, failures: problem === undefined ? failures : [...failures, problem], downloads };
}

/**
 * Publishes the sums over all published days. The summary comes last: while it is as it was, the pages are those of
 * today, too. Returns what kept the pages from being published, or undefined.
 */
async function publishStatistics(
  days: readonly KnownDay[],
  { state, files, publishPages }: StatsJob,
): Promise<string | undefined> {
  const statistics = sumUp(state);
  const summary = renderSummary(statistics);
  const isNew = (await files.read(statsSummaryPath))?.equals(summary) !== true;
  let problem: string | undefined;
  if (isNew || (await files.size(ownPath('local-stats/index.html'))) === undefined) {
    problem = await publishPages(withDetails(state, statistics, days, await publishedDays(files)));
  }
  if (isNew) await files.publish([{ path: statsSummaryPath, body: summary }]);
  return problem;
}

/** Returns the days that have a file, whoever wrote it. */
async function publishedDays(files: FileStore): Promise<string[]> {
  const days: string[] = [];
  for await (const { name, kind } of files.entries(statsDaysFolder)) {
    const day = /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))\.bz2$/.exec(name)?.[1];
    if (day !== undefined && kind === 'file') days.push(day);
  }
  return days.sort();
}

/** Returns the end of the day that contains `ms`, in seconds since 1970. */
function endOfDay(ms: number): number {
  return ((Math.floor(ms / dayMs) + 1) * dayMs) / 1000;
}

function daysBefore(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - count * dayMs).toISOString().slice(0, 10);
}
