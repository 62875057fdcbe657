/** A bar for each day. */
import { max } from 'd3-array';
import { type Html, html } from '../html.ts';
import { frame, marksHeight, renderFrame, renderGrid, renderMarks } from './chart-frame.ts';
import type { ValueKind } from './chart-values.ts';
import { dayAxis, showDay } from './day-axis.ts';

export interface DayValue {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly value: number;
}

export interface BarChart {
  /** What is drawn: `Downloads a day`. */
  readonly title: string;
  /** What one value is, as the heading of a column: `Downloads`. */
  readonly column: string;
  readonly kind: ValueKind;
  /** At least one, in the order of the days. A day without a value has no bar. */
  readonly values: readonly DayValue[];
}

/** Width of a day, in units of the drawing. */
const dayWidth = 10;
/**
 * Between the bars of more days there is no gap, which would be less than a pixel: they overlap a little, as browsers
 * would show seams.
 */
const maxDaysWithGaps = 120;

/** Returns the chart as a figure. */
export function renderBarChart({ title, column, kind, values }: BarChart): Html {
  const axis = dayAxis(values.map(({ day }) => day));
  const ticks = kind.ticks(max(values, ({ value }) => value) ?? 0);
  const most = ticks.at(-1) ?? 1;
  const width = (axis.length > maxDaysWithGaps ? 1.1 : 0.8) * dayWidth;
  const bars = values.map(({ day, value }) => {
    // A value that is not zero is never invisible.
    const height = value === 0 ? 0 : Math.max(5, Math.round((value / most) * marksHeight));
    return html`<rect x="${axis.at(day) * dayWidth + (dayWidth - width) / 2}" y="${marksHeight - height}" width="${width}" height="${height}"><title>${showDay(day)}: ${kind.full(value)}</title></rect>`;
  });
  const table = {
    columns: ['Day', column],
    rows: values.map(({ day, value }) => [day, kind.full(value)]).reverse(),
  };
  return renderFrame({ title, summary: summaryOf(values, kind), table }, [
    renderGrid(ticks, kind),
    renderMarks(axis.length * dayWidth, html`<g class="bars">${bars}</g>`),
    axis.labels(frame.height - 6),
  ]);
}

function summaryOf(values: readonly DayValue[], kind: ValueKind): string {
  const [first, last] = [values[0], values.at(-1)];
  if (first === undefined || last === undefined) return '';
  if (values.length === 1) return `${kind.full(last.value)} on ${showDay(last.day)}`;
  const highest = values.reduce((most, value) => (value.value > most.value ? value : most));
  return `bars for ${values.length} days from ${showDay(first.day)} to ${showDay(last.day)}; most on ${showDay(highest.day)}, ${kind.full(highest.value)}; last ${kind.full(last.value)}`;
}
