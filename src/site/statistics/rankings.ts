/** Tables of names by their downloads. The names come from outside. */
import { showCount } from '../../core/counts.ts';
import { projectName } from '../../core/names.ts';
import type { DayDownloads, InstallerDownloads, NamedDownloads, Trend } from '../../formats/logs/statistics.ts';
import { counts, longCount, shares } from '../charts/chart-values.ts';
import { renderSparkline } from '../charts/sparkline.ts';
import { type Html, html } from '../html.ts';
import { meanOf, minTrendPoints, trendPoints } from './trend-points.ts';

const maxShares = 12;
/** Number of versions that are told of an installer. */
const maxVersions = 4;
/** Characters of a name that are shown. The tables as CSV have it whole. */
const maxNameLength = 120;
/** A version with a smaller share is left to the table as CSV. */
const minShare = 0.005;

export interface Ranking {
  readonly id: 'projects' | 'files';
  readonly title: string;
  readonly column: string;
  readonly names: readonly NamedDownloads[];
  /** Of the first names, which alone are shown. */
  readonly trends: readonly Trend[];
  readonly days: readonly DayDownloads[];
}

/** Returns the most downloaded projects or files, with their trends. */
export function renderRanking({ id, title, column, names, trends, days }: Ranking): Html {
  const points = trendPoints(days);
  const hasTrends = points.length >= minTrendPoints;
  const rows = trends.map((trend, at) => {
    const values = points.map((point) => meanOf(trend.downloads, point));
    return html`<tr><th scope="row" class="name">${id === 'projects' ? renderProject(trend.name) : renderName(trend.name)}</th><td class="number">${countText(names[at]?.downloads ?? 0)}</td>${hasTrends && html`<td class="trend-of-${id}">${renderSparkline(values, wordsOf(values))}</td>`}</tr>\n`;
  });
  return html`<section class="panel" aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
<table>
<thead><tr><th scope="col">${column}</th><th scope="col" class="number">Downloads</th>${hasTrends && html`<th scope="col" class="trend-of-${id}">Trend</th>`}</tr></thead>
<tbody>
${rows}</tbody>
</table>
<p class="small"><a href="${id}.csv">The ${names.length > trends.length ? `first ${names.length}` : 'same'} as CSV</a></p>
</section>`;
}

/** Returns the systems with their shares in all downloads. */
export function renderSystems(systems: readonly NamedDownloads[]): Html {
  const rows = systems.map(({ name, downloads }) => ({ name: renderName(name), downloads }));
  return renderShareTable('systems', 'Systems', 'System', rows);
}

/** Returns the installers with their most used versions. */
export function renderInstallers(installers: readonly InstallerDownloads[]): Html {
  const rows = installers.map(({ name, downloads, versions }) => {
    const most = versions.slice(0, maxVersions).filter((version) => version.downloads >= minShare * downloads);
    const words = most.map((version) => `${version.version} (${shares.full(version.downloads / downloads)})`);
    return {
      name: html`${renderName(name)}${words.length > 0 && html`<span class="versions">${words.join(', ')}</span>`}`,
      downloads,
    };
  });
  return renderShareTable('installers', 'Installers', 'Installer', rows);
}

/** Returns the shares of versions of Python, for as long as there are no trends. */
export function renderPythonShares(versions: readonly NamedDownloads[]): Html {
  const rows = versions.map(({ name, downloads }) => ({ name: renderName(name), downloads }));
  return renderShareTable('python', 'Versions of Python', 'Python', rows);
}

function renderShareTable(
  id: 'installers' | 'systems' | 'python',
  title: string,
  column: string,
  rows: readonly { readonly name: Html; readonly downloads: number }[],
): Html {
  const all = rows.reduce((sum, { downloads }) => sum + downloads, 0) || 1;
  return html`<section class="panel" aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
<table>
<thead><tr><th scope="col">${column}</th><th scope="col" class="number">Downloads</th><th scope="col" class="number">Share</th></tr></thead>
<tbody>
${rows.slice(0, maxShares).map(({ name, downloads }) => renderShare(name, downloads, all))}</tbody>
</table>
<p class="small"><a href="${id}.csv">All as CSV</a></p>
</section>`;
}

function renderShare(name: Html, downloads: number, all: number): Html {
  const share = downloads / all;
  return html`<tr><th scope="row" class="name">${name}</th><td class="number">${countText(downloads)}</td><td class="number">${shares.full(share)}<svg class="share" aria-hidden="true"><rect width="${(share * 100).toFixed(1)}%" height="100%"/></svg></td></tr>\n`;
}

function renderProject(name: string): Html {
  const isLinked = name !== 'unknown' && projectName(name) === name;
  return isLinked ? html`<a href="../simple/${name}/">${name}</a>` : renderName(name);
}

/** Returns a name that does not change the direction of what is beside it. */
function renderName(name: string): Html {
  return html`<bdi>${name.length > maxNameLength ? `${name.slice(0, maxNameLength - 1)}…` : name}</bdi>`;
}

/** A number of more digits has no room on a telephone, and the table as CSV has it. */
function countText(count: number): string {
  return count < 1e9 ? showCount(count) : longCount(count);
}

function wordsOf(values: readonly number[]): string {
  return `from ${counts.short(Math.round(values[0] ?? 0))} to ${counts.short(Math.round(values.at(-1) ?? 0))} a day`;
}
