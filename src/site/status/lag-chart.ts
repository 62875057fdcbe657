/**
 * How far the mirror was behind, over the last days: it falls with each complete run, and grows until the next. What is
 * drawn is the most in each hour, as the ups and downs of a week would be one dark area.
 */
import { max } from 'd3-array';
import { line } from 'd3-shape';
import { dayMs, hourMs } from '../../core/durations.ts';
import type { RunRecord } from '../../state/run-history.ts';
import { frame, marksHeight, renderFrame, renderGrid, renderMarks } from '../charts/chart-frame.ts';
import { seconds } from '../charts/chart-values.ts';
import { percent } from '../charts/day-axis.ts';
import { type Html, html } from '../html.ts';
import { dayText, timeText } from '../words.ts';

/** Days that are shown. */
const daysShown = 7;
const width = 1000;
/** Share of the width at its ends in which no label has room. */
const margin = 0.05;
const rowsShown = 50;

interface Moment {
  readonly at: number;
  readonly lag: number;
}

/** Returns the chart of the time that the mirror was behind up to `now`; undefined if nothing is known. */
export function renderLagChart(runs: readonly RunRecord[], now: number): Html | undefined {
  const from = now - daysShown * dayMs;
  const moments = mostByHour(momentsOf(runs, now).filter(({ at }) => at >= from));
  if (moments.length < 2) return undefined;
  const ticks = seconds.ticks(max(moments, ({ lag }) => lag / 1000) ?? 0);
  const most = (ticks.at(-1) ?? 1) * 1000;
  const path = line<Moment>()
    .x(({ at }) => ((at - from) / (now - from)) * width)
    .y(({ lag }) => marksHeight - (lag / most) * marksHeight)
    .digits(0)(moments);
  const highest = moments.reduce((top, moment) => (moment.lag > top.lag ? moment : top));
  const full = ({ lag }: Moment): string => seconds.full(lag / 1000);
  return renderFrame(
    {
      title: 'Time behind upstream, the most in each hour of the last week',
      summary: `a line until ${timeText(now)}; most ${full(highest)} on ${timeText(highest.at)}; last ${full(moments.at(-1) ?? highest)}`,
      table: {
        columns: ['Time', 'Behind'],
        rows: moments
          .slice(-rowsShown)
          .map((moment) => [timeText(moment.at), full(moment)])
          .reverse(),
      },
    },
    [renderGrid(ticks, seconds), renderMarks(width, html`<path class="trend" d="${path ?? ''}"/>`), labels(from, now)],
  );
}

/** Before each run ended, the mirror was as old as the complete run before; after it, as old as the last one. */
function momentsOf(runs: readonly RunRecord[], now: number): Moment[] {
  const moments: Moment[] = [];
  let known: number | undefined;
  for (const { finishedMs, results } of [...runs].reverse()) {
    if (results?.completedAt === undefined || finishedMs > now || finishedMs < (moments.at(-1)?.at ?? 0)) continue;
    if (known !== undefined) moments.push({ at: finishedMs, lag: Math.max(0, finishedMs - known) });
    known = results.completedAt;
    moments.push({ at: finishedMs, lag: Math.max(0, finishedMs - known) });
  }
  if (known !== undefined) moments.push({ at: now, lag: Math.max(0, now - known) });
  return moments;
}

/** Returns of each hour the moment at which the mirror was most behind. */
function mostByHour(moments: readonly Moment[]): Moment[] {
  const most: Moment[] = [];
  for (const moment of moments) {
    const last = most.at(-1);
    const isSameHour = last !== undefined && Math.floor(last.at / hourMs) === Math.floor(moment.at / hourMs);
    if (!isSameHour) most.push(moment);
    else if (moment.lag >= last.lag) most[most.length - 1] = moment;
  }
  return most;
}

function labels(from: number, now: number): Html {
  const days = Array.from({ length: daysShown }, (_, at) => (Math.floor(from / dayMs) + 1 + at) * dayMs);
  const texts = days.flatMap((day) => {
    const share = (day - from) / (now - from);
    if (share < margin || share > 1 - margin) return [];
    return [{ share, text: dayText(day).slice(0, -5) }];
  });
  return html`<g class="axis">${texts.map(
    ({ share, text }, index) =>
      html`<text x="${percent(share)}" y="${frame.height - 6}"${index % 2 === 1 && html` class="wide"`}>${text}</text>`,
  )}</g>`;
}
