/** Writes a state with a year of statistics for the benchmark, as large as a day's limits let it become. */
import { SqliteStatsStore } from '../../src/state/sqlite/sqlite-stats-store.ts';
import type { Sum } from '../../src/state/stats-store.ts';

const days = 366;
const lastDay = Date.UTC(2026, 10, 28);
/** What is remembered of a day: see `stats/publish-days.ts`. */
const names = 200;
const installers = 700;
const downloads = 4_000_000_000;

/** Writes the state into the new database at `path`. */
export function writeYearOfStatistics(path: string): void {
  const store = new SqliteStatsStore(path);
  const head = Buffer.alloc(100, 'x');
  const nothing = { files: [], agents: [], counts: new Int32Array(0) };
  let id: number | undefined;
  for (let at = 0; at < days; at += 1) {
    const day = new Date(lastDay - (days - 1 - at) * 86_400_000).toISOString().slice(0, 10);
    const sums = [
      { kind: 'line', name: 'counted', count: downloads, bytes: downloads * 150_000 } as const,
      ...many('python', 12, (rank) => `3.${rank}`),
      ...many('system', 8, (rank) => `System-${rank}`),
    ];
    const progress = { id, head, series: '/log', position: 100 + at, latest: lastDay / 1000 };
    id = store.count(progress, [{ day, downloads: nothing, sums }], new Int32Array(0));
    // The first half of the names is the same every day.
    const own = (kind: string) => (rank: number) => `${kind}-${rank < names / 2 ? rank : `${day}-${rank}`}-1.0.tar.gz`;
    store.published(day, [
      ...many('project', names, own('project')),
      ...many('file', names, own('file')),
      ...many('installer', installers, (rank) => `pip/26.${rank}`),
    ]);
  }
  store.close();
}

function many(kind: Sum['kind'], count: number, nameOf: (rank: number) => string): Sum[] {
  return Array.from({ length: count }, (_, rank) => ({
    kind,
    name: nameOf(rank),
    count: Math.ceil(downloads / (rank + 2) ** 2),
    bytes: 0,
  }));
}
