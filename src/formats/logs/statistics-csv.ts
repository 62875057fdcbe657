/** `local-stats/*.csv`: the tables of the statistics for spreadsheets and other programs. */
import type { StatsTable } from '../../core/paths.ts';
import { renderCsv } from '../csv.ts';
import type { StatisticsDetails } from './statistics.ts';

export const statisticsTables: readonly StatsTable[] = [
  ...(['days', 'projects', 'files', 'installers', 'python', 'systems'] as const),
];

/** Returns a table as CSV with a header. */
export function renderStatisticsTable(table: StatsTable, statistics: StatisticsDetails): Buffer {
  const { days, projects, files, installers, systems, trends } = statistics;
  switch (table) {
    case 'days':
      return renderCsv(
        ['day', 'downloads', 'bytes'],
        days.map(({ day, downloads, bytes }) => [day, downloads, bytes]),
      );
    case 'projects':
      return renderCsv(
        ['project', 'downloads'],
        projects.map(({ name, downloads }) => [name, downloads]),
      );
    case 'files':
      return renderCsv(
        ['file', 'downloads'],
        files.map(({ name, downloads }) => [name, downloads]),
      );
    case 'installers':
      return renderCsv(
        ['installer', 'version', 'downloads'],
        installers.flatMap(({ name, downloads, versions }) => {
          const rest = versions.reduce((left, version) => left - version.downloads, downloads);
          const rows = versions.map((version) => [name, version.version, version.downloads]);
          return rest > 0 ? [...rows, [name, '', rest]] : rows;
        }),
      );
    case 'python':
      return renderCsv(
        ['day', 'python', 'downloads'],
        days.flatMap(({ day }, at) =>
          trends.python.flatMap(({ name, downloads }) => (downloads[at] ? [[day, name, downloads[at]]] : [])),
        ),
      );
    case 'systems':
      return renderCsv(
        ['system', 'downloads'],
        systems.map(({ name, downloads }) => [name, downloads]),
      );
  }
}
