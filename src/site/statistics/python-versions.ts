/** Which versions of Python downloads were for, over time. */
import type { DayDownloads, NamedDownloads, Trend } from '../../formats/logs/statistics.ts';
import { shares } from '../charts/chart-values.ts';
import { maxSeries, renderLineChart } from '../charts/line-chart.ts';
import { type Html, html } from '../html.ts';
import { renderPythonShares } from './rankings.ts';
import { meanOf, minTrendPoints, trendPoints } from './trend-points.ts';

/** Clients that tell no Python are left out: browsers, other mirrors. */
const unknown = 'unknown';

/** Returns the shares of the versions, the most downloaded by a line each. */
export function renderPython(days: readonly DayDownloads[], trends: readonly Trend[]): Html {
  const known = trends.filter(({ name }) => name !== unknown);
  if (known.length === 0) return html``;
  const points = trendPoints(days);
  if (points.length < minTrendPoints) return renderPythonShares(known.map(totalOf));
  const byVersion = known.map(({ name, downloads }) => ({
    name,
    means: points.map((point) => meanOf(downloads, point)),
  }));
  const totals = points.map((_, at) => byVersion.reduce((sum, { means }) => sum + (means[at] ?? 0), 0));
  const first = byVersion.slice(0, byVersion.length > maxSeries ? maxSeries - 1 : maxSeries);
  const rest = byVersion.slice(first.length);
  const others = {
    name: 'others',
    means: points.map((_, at) => rest.reduce((sum, { means }) => sum + (means[at] ?? 0), 0)),
  };
  const series = (rest.length > 0 ? [...first, others] : first).map(({ name, means }) => ({
    name,
    values: means.map((mean, at) => (totals[at] ? mean / totals[at] : undefined)),
  }));
  return html`<section class="panel" aria-labelledby="python">
<h2 id="python">Versions of Python</h2>
${renderLineChart({ title: `Share of downloads by version${points.length < days.length ? ', by week' : ''}`, kind: shares, days: points.map(({ day }) => day), series })}
<p class="small">Of the clients that tell their Python. <a href="python.csv">All days as CSV</a></p>
</section>`;
}

function totalOf({ name, downloads }: Trend): NamedDownloads {
  return { name, downloads: downloads.reduce((sum, count) => sum + count, 0) };
}
