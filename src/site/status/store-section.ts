/** What was asked of the object store, on the status page. Its name and address are told to nobody here. */
import { plural, showCount } from '../../core/counts.ts';
import { dayMs } from '../../core/durations.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { requestCount, type StoreUsage, sumOfUsage } from '../../core/store-usage.ts';
import type { Html, HtmlValue } from '../html.ts';
import type { SiteFacts } from '../site-facts.ts';
import { section, table } from './section.ts';

const daysSummed = 30;

/**
 * Returns the requests and bytes of the last run, of the last days, and of the last check; false if there were none.
 */
export function renderStore({ runs, days, lastCheck, now }: SiteFacts): Html | false {
  const lastRun = runs[0]?.results?.store;
  const lastDays = sumOfUsage(days.filter(({ day }) => now - day < daysSummed * dayMs).map(({ store }) => store));
  const rows = [
    ...(lastRun === undefined ? [] : [rowOf('The last run', lastRun)]),
    ...(lastDays === undefined ? [] : [rowOf(`The last ${plural(daysSummed, 'day')}`, lastDays)]),
    ...(lastCheck?.store === undefined ? [] : [rowOf('The last check', lastCheck.store)]),
  ];
  if (rows.length === 0) return false;
  const columns = [
    ['Of'],
    ['Requests', 'number'],
    ['Sent', 'number'],
    ['Received', 'number'],
    ['Repeated', 'number'],
    ['Requests by kind', 'long'],
  ] as const;
  return section('store', 'Object store', table('What was asked of the object store', columns, rows));
}

function rowOf(name: string, usage: StoreUsage): readonly HtmlValue[] {
  const { requests, bytesSent, bytesReceived, retries } = usage;
  const kinds = Object.entries(requests)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${showCount(count)}`);
  return [
    name,
    showCount(requestCount(usage)),
    showBytes(bytesSent),
    showBytes(bytesReceived),
    showCount(retries),
    kinds.join(', '),
  ];
}
