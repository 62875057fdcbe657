/** Renders `local-stats/summary.json`, the sums over all published days, for people and for pages that draw them. */
import { otherLabel } from '../formats/logs/user-agent.ts';
import type { StatsStore, SumKind } from '../state/stats-store.ts';

const named = 100;
/**
 * Limit for the names of a kind per day, whatever earlier versions have remembered. Further names are added up as
 * others.
 */
const maxNamesOfDay = 1000;

type Counts = Map<string, number>;

interface DaySummary {
  readonly day: string;
  downloads: number;
  bytes: number;
}

/** Returns the summary of everything in `state`. It is the same for the same logs, however often they were read. */
export function renderSummary(state: StatsStore): Buffer {
  const days = new Map<string, DaySummary>();
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
  const summary = {
    // Days whose sums were forgotten are left out: their files have the counts.
    days: [...days.values()].filter(({ downloads }) => downloads > 0),
    projects: ranked(sums.project),
    files: ranked(sums.file),
    installers: installers(sums.installer),
    python: ranked(sums.python),
    systems: ranked(sums.system),
    lines: { read: total(sums.line), counted, skipped },
  };
  return Buffer.from(`${JSON.stringify(summary, undefined, 1)}\n`);
}

function installers(counts: Counts): object[] {
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

function ranked(counts: Counts): { readonly name: string; readonly downloads: number }[] {
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
