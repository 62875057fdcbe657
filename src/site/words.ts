/** Numbers and times as pages show them. */
import { plural } from '../core/counts.ts';
import { dayMs, hourMs, minuteMs } from '../core/durations.ts';
import { type Html, html } from './html.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Returns a time in milliseconds for example as `29 Nov 2026, 09:30`, which machines can read as well. */
export function showTime(ms: number): Html {
  return html`<time datetime="${isoText(ms)}">${timeText(ms)}</time>`;
}

/** Returns a time in milliseconds for example as `29 Nov 2026, 09:30`. */
export function timeText(ms: number): string {
  return `${dayText(ms)}, ${isoText(ms).slice(11, 16)}`;
}

/** Returns the day of a time in milliseconds, for example `29 Nov 2026`. */
export function dayText(ms: number): string {
  const time = new Date(Date.parse(isoText(ms)));
  return `${time.getUTCDate()} ${months[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
}

/** Returns for example `Nov 2026` for `2026-11`. */
export function monthText(month: string): string {
  return `${months[Number(month.slice(5, 7)) - 1]} ${month.slice(0, 4)}`;
}

/**
 * Returns a duration in milliseconds in words, rounded down: `less than a minute`, `5 minutes`, `3 hours`, `2 days`.
 */
export function showDuration(ms: number): string {
  if (ms < minuteMs) return 'less than a minute';
  if (ms < hourMs) return plural(Math.floor(ms / minuteMs), 'minute');
  if (ms < 2 * dayMs) return plural(Math.floor(ms / hourMs), 'hour');
  return plural(Math.floor(ms / dayMs), 'day');
}

/** A clock that was wrong may have left a time that no date has. */
function isoText(ms: number): string {
  const isTime = Number.isFinite(ms) && Math.abs(ms) <= 8.64e15;
  return new Date(isTime ? ms : 0).toISOString();
}
