/** The list of the files of PEP 381, one for each day. */
import { plural } from '../../core/counts.ts';
import { type Html, html } from '../html.ts';
import { monthText } from '../words.ts';

/** A longer list is folded up. */
const maxOpen = 62;

/** Returns links to the files of `days`, `YYYY-MM-DD` in order; the latest year and month come first. */
export function renderPublishedDays(days: readonly string[]): Html {
  const years = groups(days, 4);
  const isShort = days.length <= maxOpen;
  return html`<section class="panel" aria-labelledby="files-by-day">
<h2 id="files-by-day">Files of the days</h2>
<p>What was downloaded on a day, by file and client, as <a href="https://peps.python.org/pep-0381/">PEP 381</a> has it:
CSV, compressed by bzip2, with the columns project, file, client and downloads. Programs find the sums of the last year
in <a href="summary.json">summary.json</a>.</p>
${years.map(([year, days], at) => renderYear(year, days, isShort && at === 0))}
</section>`;
}

function renderYear(year: string, days: readonly string[], isOpen: boolean): Html {
  const months = groups(days, 7).map(
    ([month, days]) => html`<dt>${monthText(month)}</dt><dd>${days.map(renderDay)}</dd>\n`,
  );
  return html`<details${isOpen && html` open`}><summary>${year}: ${plural(days.length, 'day')}</summary>
<dl class="days">
${months}</dl>
</details>
`;
}

function renderDay(day: string): Html {
  return html`<a href="days/${day}.bz2">${Number(day.slice(8))}</a>`;
}

/** Returns the days by their first characters, the latest group first. */
function groups(days: readonly string[], length: number): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const day of days) {
    const key = day.slice(0, length);
    const group = found.get(key);
    if (group === undefined) found.set(key, [day]);
    else group.push(day);
  }
  return [...found].reverse();
}
