/** Statistics for tests: as many days as wanted, with names that were made up to do harm. */
import type { StatisticsDetails } from '../../../src/formats/logs/statistics.ts';

export const hostileNames = [
  `<script>document.title='owned'</script>`,
  `"'><img src="/hit" onerror="document.title='owned'">`,
  '\u202egnp.exe\u2066',
  `=cmd|' /C calc'!A0`,
  'a'.repeat(300),
  '@SUM(1+1)',
  '-2+3',
  '\t=1+1',
  'line\r\nbreak,"quoted"',
  '&lt;b&gt;',
  'שלום-עולם',
] as const;

/** Returns statistics of `count` days until 2026-11-28 with about `perDay` downloads each. */
export function sampleStatistics(count: number, perDay = 1000): StatisticsDetails {
  const days = Array.from({ length: count }, (_, at) => ({
    day: new Date(Date.UTC(2026, 10, 29 - count + at)).toISOString().slice(0, 10),
    downloads: perDay + (at % 7),
    bytes: (perDay + (at % 7)) * 150_000,
  }));
  const all = days.reduce((sum, { downloads }) => sum + downloads, 0);
  const named = (names: readonly string[]) =>
    count === 0 ? [] : names.map((name, at) => ({ name, downloads: Math.ceil(all / (at + 2)) }));
  const trendsOf = (names: readonly string[]) =>
    named(names).map(({ name }, at) => ({
      name,
      downloads: days.map(({ downloads }) => Math.ceil(downloads / (at + 2))),
    }));
  const projects = [...hostileNames, 'numpy', 'unknown'];
  const python = ['3.13', '3.12', '3.14', '3.11', '3.10', '3.9', 'unknown', '2.7'];
  const systems = ['Linux', 'Windows', hostileNames[0]];
  return {
    days,
    projects: named(projects),
    files: named(hostileNames),
    installers: named(['pip', 'uv', hostileNames[1]]).map((installer) => ({
      ...installer,
      versions: [
        { version: '26.2.1', downloads: Math.floor(installer.downloads / 2) },
        { version: hostileNames[3], downloads: 1 },
      ],
    })),
    python: named(python),
    systems: named(systems),
    lines: { read: all, counted: all, skipped: {} },
    trends: {
      projects: trendsOf(projects),
      files: trendsOf(hostileNames),
      python: trendsOf(python),
      systems: trendsOf(systems),
    },
    seen: undefined,
    published: days.map(({ day }) => day),
  };
}
