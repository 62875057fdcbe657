/**
 * Processes logs as 1.5 did, byte for byte: without a database, all days in the logs except the oldest and the newest.
 */
import { UnreadableLogError } from '../core/errors.ts';
import { localStatsPath } from '../core/paths.ts';
import { type OldDownload, parseLine15 } from '../formats/logs/line-1.5.ts';
import { LineSplitter } from '../formats/logs/line-splitter.ts';
import { byFile, type Downloads, renderLocalStats } from '../formats/logs/local-stats.ts';
import type { StatsJob, StatsResult } from './stats-job.ts';

type Day = Map<string, Downloads & { count: number }>;

/**
 * Publishes the days of the logs at `paths` as 1.5 did. Days that are published already are replaced. Throws
 * StorageError.
 */
export async function processLogs15(paths: readonly string[], job: Omit<StatsJob, 'state'>): Promise<StatsResult> {
  const days = new Map<string, Day>();
  const failures: string[] = [];
  for (const path of paths) {
    try {
      await readLog(path, job, (download) => count(days, download));
    } catch (error) {
      if (!(error instanceof UnreadableLogError)) throw error;
      failures.push(error.message);
    }
  }
  const published = [...days.keys()].sort().slice(1, -1);
  for (const day of published) {
    const rows = [...(days.get(day)?.values() ?? [])].sort(byFile);
    await job.files.publish([{ path: localStatsPath(day), body: await job.bzip2.compress(renderLocalStats(rows)) }]);
  }
  const why = `Nothing published: downloads of ${days.size} days were found; the oldest and the newest are left out.`;
  const downloads = [...days.values()]
    .flatMap((counts) => [...counts.values()])
    .reduce((sum, { count }) => sum + count, 0);
  return { published, notices: published.length === 0 ? [why] : [], failures, downloads };
}

async function readLog(
  path: string,
  { logs }: Omit<StatsJob, 'state'>,
  see: (download: OldDownload) => void,
): Promise<void> {
  const visit = (bytes: Buffer, start: number, end: number): void => {
    const download = parseLine15(bytes.toString('latin1', start, end));
    if (download !== undefined) see(download);
  };
  const log = await logs.open(path);
  try {
    const lines = new LineSplitter(0, visit, () => {});
    for await (const chunk of log.read(0)) lines.push(chunk);
    const rest = lines.end();
    visit(rest, 0, rest.length);
  } finally {
    await log.close();
  }
}

function count(days: Map<string, Day>, { day: name, project, filename, agent }: OldDownload): void {
  const day = days.get(name) ?? (new Map() as Day);
  days.set(name, day);
  const key = `${filename}\n${agent}\n${project}`;
  const known = day.get(key);
  if (known === undefined) day.set(key, { project, filename, agent, count: 1 });
  else known.count += 1;
}
