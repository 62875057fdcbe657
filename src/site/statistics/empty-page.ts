/** `local-stats/index.html` while no day is published, apart from the charts because every first run makes it. */
import { type Html, html } from '../html.ts';
import { renderPage } from '../layout.ts';

/** What the frame needs to know of the page of statistics. */
export const statisticsFrame = {
  title: 'Download statistics',
  current: 'statistics',
  root: '../',
  description: 'How often projects and files were downloaded from this mirror, by day, installer, Python and system',
} as const;

/** Returns the page with `soFar`, a sentence about what was counted, and `more` below it. */
export function renderEmptyStatistics(
  soFar = 'No downloads have been counted yet: processlogs counts them in the logs of the web server.',
  more: Html = html``,
): string {
  return renderPage(
    { ...statisticsFrame, asOf: undefined },
    html`<div class="panel">
<p>${soFar}</p>
<p>A day appears here as soon as the logs of the web server hold an earlier and a later day as well: where they are
read daily, on the third day.</p>
</div>
${more}`,
  );
}
