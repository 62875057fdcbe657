/** Publishes the days that are complete. */
import { localStatsPath } from '../core/paths.ts';
import { type Downloads, localStatsPieces, totalOf } from '../formats/logs/local-stats.ts';
import { labelName, otherLabel } from '../formats/logs/user-agent.ts';
import type { KnownDay, Sum } from '../state/stats-store.ts';
import type { StatsJob } from './stats-job.ts';

/** Number of projects, and of files, that are remembered of a day. */
const maxNamed = 200;
/**
 * Number of installers that are remembered of a day with their versions. Of `maxNamed` others only the names are
 * remembered.
 */
const maxVersions = 500;

/**
 * Returns the days to publish: those with something new, except the oldest and the newest day of all logs so far. The
 * beginning of the oldest may be missing, and the newest still goes on. This is the rule of 1.5, which knew only the
 * logs of one run.
 */
export function planDays(days: readonly KnownDay[]): string[] {
  return days
    .slice(1, -1)
    .filter(({ changed, closed }) => changed && !closed)
    .map(({ day }) => day);
}

/** Publishes `day`, unless the published file counts more downloads: a published day never shrinks. */
export async function publishDay(day: string, job: StatsJob): Promise<{ day: string; isPublished: boolean }> {
  const { state, files, bzip2 } = job;
  const path = localStatsPath(day);
  const before = await files.read(path);
  const most = new MostDownloaded();
  const body = await bzip2.compressPieces(localStatsPieces(most.watch(state.downloads(day))));
  const isLess = before !== undefined && (await publishedTotal(before, job)) > most.total;
  if (!isLess) await files.publish([{ path, body }]);
  state.published(day, most.sums());
  return { day, isPublished: !isLess };
}

/** Returns the number of downloads in a published file, or 0 if it cannot be read. */
async function publishedTotal(file: Buffer, { unpack }: StatsJob): Promise<number> {
  try {
    return totalOf(await unpack(file));
  } catch {
    return 0;
  }
}

/** Returns a sentence for people that tells why no day was published. */
export function whyNothing(days: readonly KnownDay[]): string {
  const [oldest, newest] = [days[0]?.day, days.at(-1)?.day];
  if (oldest === undefined || newest === undefined) return 'Nothing published: no line of the logs tells a time.';
  const missing = `${oldest} may have begun before the first log, and ${newest} may still go on`;
  if (oldest === newest)
    return `Nothing published: ${oldest} is the only day in the logs so far, and may be incomplete.`;
  if (days.length === 2)
    return `Nothing published yet: ${missing}. A day is published once the logs hold an earlier and a later day.`;
  return `Nothing new to publish: ${newest} may still go on, and every complete day is published.`;
}

class MostDownloaded {
  total = 0;
  readonly #counts = {
    project: new Map<string, number>(),
    file: new Map<string, number>(),
    installer: new Map<string, number>(),
  };

  *watch(downloads: Iterable<Downloads>): IterableIterator<Downloads> {
    for (const row of downloads) {
      this.total += row.count;
      add(this.#counts.project, row.project, row.count);
      add(this.#counts.file, row.filename, row.count);
      add(this.#counts.installer, row.agent, row.count);
      yield row;
    }
  }

  sums(): Sum[] {
    const { project, file, installer } = this.#counts;
    // The downloads of a day are the sum over its installers, so none of these may be left out.
    const versions = folded(installer, maxVersions, labelName);
    const kept = {
      project: ranked(project).slice(0, maxNamed),
      file: ranked(file).slice(0, maxNamed),
      installer: folded(versions, maxVersions + maxNamed, () => otherLabel),
    };
    return (['project', 'file', 'installer'] as const).flatMap((kind) =>
      [...kept[kind]].map(([name, count]) => ({ kind, name, count, bytes: 0 })),
    );
  }
}

/** Keeps the `most` highest of `counts`, and adds up the others under the names that `rest` returns. */
function folded(
  counts: ReadonlyMap<string, number>,
  most: number,
  rest: (name: string) => string,
): ReadonlyMap<string, number> {
  const all = ranked(counts);
  const kept = new Map(all.slice(0, most));
  for (const [name, count] of all.slice(most)) add(kept, rest(name), count);
  return kept;
}

function ranked(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}
