/** Sums up what was counted on all published days, for `local-stats/`. */
import type {
  DayDownloads,
  InstallerDownloads,
  NamedDownloads,
  Statistics,
  StatisticsDetails,
  Trend,
} from '../formats/logs/statistics.ts';
import { otherLabel } from '../formats/logs/user-agent.ts';
import type { KnownDay, StatsStore, SumKind } from '../state/stats-store.ts';

const named = 100;
/**
 * Limit for the names of a kind per day, whatever earlier versions have remembered. Further names are added up as
 * others.
 */
const maxNamesOfDay = 1000;
/** Number of projects, and of files, of which the trend is told. */
const maxTrends = 15;

type Counts = Map<string, number>;

/** Returns the sums of everything in `state`. They are the same for the same logs, however often they were read. */
export function sumUp(state: StatsStore): Statistics {
  const days = new Map<string, { -readonly [member in keyof DayDownloads]: DayDownloads[member] }>();
  for (const { day, published } of state.days()) if (published) days.set(day, { day, downloads: 0, bytes: 0 });
  const sums: Record<SumKind, Counts> = {
    line: new Map(),
    python: new Map(),
    system: new Map(),
    project: new Map(),
    file: new Map(),
    installer: new Map(),
  };
  let [group, place] = ['', 0];
  for (const { day, kind, name: own, count, bytes } of state.sums()) {
    place = group === day + kind ? place + 1 : 0;
    group = day + kind;
    const name = place < maxNamesOfDay ? own : otherLabel;
    const summary = days.get(day);
    if (kind === 'line') addTo(sums.line, name, count);
    else if (summary !== undefined) addTo(sums[kind], name, count);
    if (summary === undefined) continue;
    if (kind === 'line') summary.bytes += bytes;
    if (kind === 'installer') summary.downloads += count;
  }
  const { counted = 0, ...skipped } = Object.fromEntries([...sums.line].sort());
  return {
    // Days whose sums were forgotten are left out: their files have the counts.
    days: [...days.values()].filter(({ downloads }) => downloads > 0),
    projects: ranked(sums.project),
    files: ranked(sums.file),
    installers: installers(sums.installer),
    python: ranked(sums.python),
    systems: ranked(sums.system),
    lines: { read: total(sums.line), counted, skipped },
  };
}

/**
 * Returns the statistics with what the pages show of them beside. `known` are the days of the logs, `published` those
 * that have a file.
 */
export function withDetails(
  state: StatsStore,
  statistics: Statistics,
  known: readonly KnownDay[],
  published: readonly string[],
): StatisticsDetails {
  const { days, projects, files, python, systems } = statistics;
  const trendsOf = (kind: SumKind, names: readonly NamedDownloads[]): Trend[] =>
    names.map(({ name }) => {
      const counts = state.countsOf(kind, name, days[0]?.day ?? '');
      return { name, downloads: days.map(({ day }) => counts.get(day) ?? 0) };
    });
  const [first, last] = [known[0]?.day, known.at(-1)?.day];
  return {
    ...statistics,
    published,
    seen: first === undefined || last === undefined ? undefined : [first, last],
    trends: {
      projects: trendsOf('project', projects.slice(0, maxTrends)),
      files: trendsOf('file', files.slice(0, maxTrends)),
      python: trendsOf('python', python),
      systems: trendsOf('system', systems),
    },
  };
}

function installers(counts: Counts): InstallerDownloads[] {
  const versions = new Map<string, Counts>();
  for (const [agent, count] of counts) {
    const [name = '', version = ''] = agent.split('/', 2);
    const known = versions.get(name) ?? new Map<string, number>();
    versions.set(name, known);
    addTo(known, version, count);
  }
  return ranked(new Map([...versions].map(([name, known]) => [name, total(known)]))).map((installer) => ({
    ...installer,
    versions: ranked(versions.get(installer.name) ?? new Map())
      .filter(({ name }) => name !== '')
      .map(({ name: version, downloads }) => ({ version, downloads })),
  }));
}

function ranked(counts: Counts): NamedDownloads[] {
  return [...counts]
    .map(([name, downloads]) => ({ name, downloads }))
    .sort((a, b) => b.downloads - a.downloads || (a.name < b.name ? -1 : 1))
    .slice(0, named);
}

function total(counts: Counts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function addTo(counts: Counts, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}
