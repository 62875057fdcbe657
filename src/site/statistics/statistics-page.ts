/** `local-stats/index.html`: the downloads that the mirror served, for people. */
import { plural } from '../../core/counts.ts';
import { dayMs } from '../../core/durations.ts';
import type { DayDownloads, StatisticsDetails } from '../../formats/logs/statistics.ts';
import { renderBarChart } from '../charts/bar-chart.ts';
import { bytes, counts, longCount } from '../charts/chart-values.ts';
import { daysAfter, showDay } from '../charts/day-axis.ts';
import { type Html, html } from '../html.ts';
import { renderPage } from '../layout.ts';
import { renderEmptyStatistics, statisticsFrame } from './empty-page.ts';
import { renderPublishedDays } from './published-days.ts';
import { renderPython } from './python-versions.ts';
import { renderInstallers, renderRanking, renderSystems } from './rankings.ts';

/** Below so many days the page says that there will be more to see. */
const fewDays = 7;

/** Returns the page. It depends on the statistics alone, so the same ones leave it as it is. */
export function renderStatisticsPage(statistics: StatisticsDetails): string {
  const { days, seen, published } = statistics;
  const last = days.at(-1)?.day;
  if (last === undefined) {
    const soFar = seen && `No day is complete yet. So far the logs tell of ${span(seen)}.`;
    return renderEmptyStatistics(soFar, renderPublishedDays(published));
  }
  const asOf = Date.parse(`${last}T00:00:00Z`) + dayMs;
  return renderPage({ ...statisticsFrame, asOf }, renderDays(statistics, last));
}

function renderDays(statistics: StatisticsDetails, last: string): Html {
  const { days, projects, files, systems, trends, published } = statistics;
  return html`<p>Downloads of releases from this mirror, as its web server logged them. Days are those of UTC.</p>
${renderTiles(days, last)}
${days.length < fewDays && html`<p class="soft">These statistics began on ${showDay(days[0]?.day ?? last)}. There will be more to see with every day.</p>`}
<section class="panel" aria-labelledby="by-day">
<h2 id="by-day">By day</h2>
${renderBarChart({ title: 'Downloads', column: 'Downloads', kind: counts, values: valuesOf(days, 'downloads') })}
${renderBarChart({ title: 'Bytes sent', column: 'Bytes', kind: bytes, values: valuesOf(days, 'bytes') })}
<p class="small"><a href="days.csv">All days as CSV</a></p>
</section>
<div class="columns">
${renderRanking({ id: 'projects', title: 'Projects', column: 'Project', names: projects, trends: trends.projects, days })}
${renderRanking({ id: 'files', title: 'Files', column: 'File', names: files, trends: trends.files, days })}
</div>
${renderPython(days, trends.python)}
<div class="columns">
${renderInstallers(statistics.installers)}
${renderSystems(systems)}
</div>
${renderPublishedDays(published)}`;
}

function renderTiles(days: readonly DayDownloads[], last: string): Html {
  const lastMonth = days.filter(({ day }) => day > daysAfter(last, -30));
  return html`<dl class="tiles">
${renderTile(showDay(last), days.slice(-1))}
${days.length > 1 && renderTile(lastMonth.length === days.length ? plural(days.length, 'day') : 'Last 30 days', lastMonth)}
${lastMonth.length < days.length && renderTile(isYear(days, last) ? 'Last year' : `Since ${showDay(days[0]?.day ?? last)}`, days)}
</dl>`;
}

function renderTile(name: string, days: readonly DayDownloads[]): Html {
  const downloads = days.reduce((sum, day) => sum + day.downloads, 0);
  const sent = days.reduce((sum, day) => sum + day.bytes, 0);
  return html`<div><dt>${name}</dt><dd>${longCount(downloads)}</dd><dd class="more">${downloads === 1 ? 'download' : 'downloads'}, ${bytes.full(sent)}</dd></div>`;
}

function isYear(days: readonly DayDownloads[], last: string): boolean {
  return (days[0]?.day ?? last) <= daysAfter(last, -364);
}

function valuesOf(days: readonly DayDownloads[], member: 'downloads' | 'bytes') {
  return days.map((day) => ({ day: day.day, value: day[member] }));
}

function span([first, last]: readonly [string, string]): string {
  return first === last ? showDay(first) : `${showDay(first)} to ${showDay(last)}`;
}
