/** The axis of a chart over days: which days it spans, where each lies, and which are labelled. */
import { dayMs } from '../../core/durations.ts';
import { type Html, html } from '../html.ts';
import { dayText } from '../words.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** A chart of fewer days has the width of so many. The first days then stand at its right. */
const minDays = 28;
/** Share of the width at its ends in which no label has room. */
const margin = 0.045;

export interface DayAxis {
  /** Number of days that the axis spans. */
  readonly length: number;
  /** Returns how many days after the first one of the axis `day` is. */
  at(day: string): number;
  /** The labels, to be drawn at `y` pixels. */
  labels(y: number): Html;
}

/** Returns the axis from the first to the last of `days`, which are `YYYY-MM-DD` in order and at least one. */
export function dayAxis(days: readonly string[]): DayAxis {
  const last = numberOf(days.at(-1) ?? '1970-01-01');
  const length = Math.max(minDays, last - numberOf(days[0] ?? '1970-01-01') + 1);
  const first = last - length + 1;
  return {
    length,
    at: (day) => numberOf(day) - first,
    labels: (y) => html`<g class="axis">${labels(first, length, y)}</g>`,
  };
}

/** Returns the day `count` days after `day`. */
export function daysAfter(day: string, count: number): string {
  return dayOf(numberOf(day) + count);
}

/** Returns for example `28 Nov 2026` for `2026-11-28`. */
export function showDay(day: string): string {
  return dayText(numberOf(day) * dayMs);
}

function labels(first: number, length: number, y: number): Html[] {
  const days = Array.from({ length }, (_, at) => dayOf(first + at));
  const ticks = length <= 70 ? weeks(days) : starts(days, length <= 500 ? 1 : length <= 1500 ? 3 : 12);
  return ticks
    .filter(({ at }) => at / length > margin / 2 && at / length < 1 - margin)
    .map(({ at, text }, index) => {
      const x = percent((at + 0.5) / length);
      // Every other label has no room on a narrow screen.
      return html`<text x="${x}" y="${y}"${index % 2 === 1 && html` class="wide"`}>${text}</text>`;
    });
}

/** A label every seven days, counted from the last one. */
function weeks(days: readonly string[]): { at: number; text: string }[] {
  return days.flatMap((day, at) => ((days.length - 1 - at) % 7 === 3 ? [{ at, text: showDay(day).slice(0, -5) }] : []));
}

/** A label at the first day of every month, or of each month whose number is one more than a multiple of `step`. */
function starts(days: readonly string[], step: number): { at: number; text: string }[] {
  return days.flatMap((day, at) => {
    const month = Number(day.slice(5, 7)) - 1;
    if (!day.endsWith('-01') || month % step !== 0) return [];
    return [{ at, text: month === 0 ? day.slice(0, 4) : (months[month] ?? '') }];
  });
}

/** Returns a share as an SVG length. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))}%`;
}

function numberOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / dayMs;
}

function dayOf(number: number): string {
  return new Date(number * dayMs).toISOString().slice(0, 10);
}
