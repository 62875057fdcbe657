/** Publishes what `local-stats/` has for people: the page, and its tables as CSV. */
import { statsTablePath } from '../../core/paths.ts';
import type { FileStore, Write } from '../../files/file-store.ts';
import type { StatisticsDetails } from '../../formats/logs/statistics.ts';
import { renderStatisticsTable, statisticsTables } from '../../formats/logs/statistics-csv.ts';
import { publishSite } from '../publish-site.ts';
import { renderStatisticsPage } from './statistics-page.ts';

/** Publishes the page and the tables that have changed. Throws StorageError. */
export async function publishStatistics(files: FileStore, statistics: StatisticsDetails): Promise<void> {
  const writes: Write[] = [];
  for (const table of statisticsTables) {
    const path = statsTablePath(table);
    const body = renderStatisticsTable(table, statistics);
    if ((await files.read(path))?.equals(body) !== true) writes.push({ path, body });
  }
  if (writes.length > 0) await files.publish(writes);
  await publishSite(files, [{ path: 'local-stats/index.html', text: renderStatisticsPage(statistics) }]);
}
