/** Lines over days, one for each series. They differ in colour and in their dashes. */
import { max } from 'd3-array';
import { line } from 'd3-shape';
import { type Html, html } from '../html.ts';
import { frame, marksHeight, renderFrame, renderGrid, renderMarks } from './chart-frame.ts';
import type { ValueKind } from './chart-values.ts';
import { dayAxis, showDay } from './day-axis.ts';

export interface Series {
  readonly name: string;
  /** A value for each day; undefined where there is none. */
  readonly values: readonly (number | undefined)[];
}

export interface LineChart {
  /** What is drawn: `Versions of Python`. */
  readonly title: string;
  readonly kind: ValueKind;
  /** `YYYY-MM-DD`, in order; at least one. */
  readonly days: readonly string[];
  /** At most {@link maxSeries}. */
  readonly series: readonly Series[];
}

/** Number of lines that can be told apart. */
export const maxSeries = 6;
const dayWidth = 10;

/** Returns the chart as a figure. */
export function renderLineChart({ title, kind, days, series }: LineChart): Html {
  const axis = dayAxis(days);
  const ticks = kind.ticks(max(series, ({ values }) => max(values, Number)) ?? 0);
  const most = ticks.at(-1) ?? 1;
  const pathOf = line<number | undefined>()
    .defined((value) => value !== undefined)
    .x((_, at) => (axis.at(days[at] ?? '') + 0.5) * dayWidth)
    .y((value) => marksHeight - Math.round(((value ?? 0) / most) * marksHeight))
    .digits(1);
  const paths = series.map(
    ({ name, values }, at) =>
      html`<path class="trend series-${at + 1}" d="${pathOf(values) ?? ''}"><title>${name}</title></path>`,
  );
  // One line needs none.
  const legend =
    series.length > 1 &&
    html`<ul class="legend">${series.map(
      ({ name }, at) =>
        html`<li><svg class="key" aria-hidden="true" width="28" height="10"><path class="trend series-${at + 1}" d="M1,5H27"/></svg> ${name}</li>`,
    )}</ul>`;
  const table = {
    columns: ['Day', ...series.map(({ name }) => name)],
    rows: days.map((day, at) => [day, ...series.map(({ values }) => showValue(values[at], kind))]).reverse(),
  };
  return renderFrame({ title, summary: summaryOf(days, series, kind), legend, table }, [
    renderGrid(ticks, kind),
    // Behind the others comes what is most important: it is drawn last.
    renderMarks(axis.length * dayWidth, paths.reverse()),
    axis.labels(frame.height - 6),
  ]);
}

function summaryOf(days: readonly string[], series: readonly Series[], kind: ValueKind): string {
  const last = days.at(-1);
  if (last === undefined) return '';
  const values = series.map(({ name, values }) => `${name} ${showValue(values.at(-1), kind)}`);
  return `${series.length === 1 ? 'a line' : `${series.length} lines`} until ${showDay(last)}; last ${values.join(', ')}`;
}

function showValue(value: number | undefined, kind: ValueKind): string {
  return value === undefined ? '–' : kind.full(value);
}
