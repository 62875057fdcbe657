/** A strip of bars for runs, the latest at the right. How each ended shows in its colour and in its form. */
import { max } from 'd3-array';
import { type Html, html } from '../html.ts';
import { frame, renderFrame, renderGrid } from './chart-frame.ts';
import { seconds } from './chart-values.ts';
import { percent } from './day-axis.ts';

/** `good` is a full bar, `incomplete` an empty one, `failed` a full one with a mark below. */
export type RunOutcome = 'good' | 'incomplete' | 'failed';

export interface RunBar {
  /** When it was: `2026-11-28 01:02`. */
  readonly when: string;
  readonly seconds: number;
  readonly outcome: RunOutcome;
  /** How it ended, in words: `upstream was not reached`. */
  readonly ending: string;
}

export interface RunStrip {
  readonly title: string;
  /** The oldest first. */
  readonly runs: readonly RunBar[];
}

/** The strip is as wide as so many runs, so that few of them have no broad bars. */
const minRuns = 30;
const outcomes = [
  ['good', 'good'],
  ['incomplete', 'incomplete'],
  ['failed', 'failed'],
] as const;

/** Returns the strip as a figure. */
export function renderRunStrip({ title, runs }: RunStrip): Html {
  const { height, top, bottom } = frame;
  const ticks = seconds.ticks(max(runs, (run) => run.seconds) ?? 0);
  const most = ticks.at(-1) ?? 1;
  const places = Math.max(minRuns, runs.length);
  const bars = runs.map((run, at) => {
    const high = Math.max(2, Math.round((run.seconds / most) * (height - top - bottom)));
    const place = places - runs.length + at;
    return html`<g class="run ${run.outcome}"><title>${run.when}: ${run.ending}, ${seconds.full(run.seconds)}</title>${barAt((place + 0.12) / places, 0.76 / places, height - bottom - high, high)}${run.outcome === 'failed' && markAt((place + 0.5) / places)}</g>`;
  });
  const legend = html`<ul class="legend">${outcomes
    .filter(([outcome]) => runs.some((run) => run.outcome === outcome))
    .map(
      ([outcome, name]) =>
        html`<li><svg class="key run ${outcome}" aria-hidden="true" width="12" height="18"><rect x="1" y="1" width="10" height="10"/>${outcome === 'failed' && html`<path d="M2,17L6,12.5L10,17Z"/>`}</svg> ${name}</li>`,
    )}</ul>`;
  const table = {
    columns: ['Run', 'Duration', 'End'],
    rows: runs.map(({ when, ending, ...run }) => [when, seconds.full(run.seconds), ending]).reverse(),
  };
  return renderFrame({ title, summary: summaryOf(runs), legend, table }, [renderGrid(ticks, seconds), bars]);
}

function barAt(x: number, width: number, y: number, height: number): Html {
  return html`<rect x="${percent(x)}" y="${y}" width="${percent(width)}" height="${height}"/>`;
}

/** A small triangle below the bar. It has its place in percent and its size in pixels. */
function markAt(x: number): Html {
  const y = frame.height - frame.bottom + 3;
  return html`<svg x="${percent(x)}" y="${y}" overflow="visible"><path d="M-4,8L0,1L4,8Z"/></svg>`;
}

function summaryOf(runs: readonly RunBar[]): string {
  const last = runs.at(-1);
  if (last === undefined) return 'no run yet';
  const told = outcomes
    .map(([outcome, name]) => ({ name, count: runs.filter((run) => run.outcome === outcome).length }))
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${count} ${name}`);
  return `the last ${runs.length} runs, ${told.join(', ')}; the latest ${last.when}: ${last.ending}, ${seconds.full(last.seconds)}`;
}
