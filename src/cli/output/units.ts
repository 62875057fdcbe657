/** Numbers and times for people. */
import { daySeconds } from '../../core/durations.ts';

/** Returns for example `1 h 02 min` for 3723 seconds. */
export function showSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < daySeconds) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / daySeconds)} d ${pad(Math.floor((whole % daySeconds) / 3600))} h`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

/** Returns milliseconds since 1970 as ISO 8601. */
export function isoTime(ms: number): string {
  // A clock that was wrong may have left a time that no date has.
  return new Date(Math.abs(ms) <= 8.64e15 ? ms : 0).toISOString();
}

/** Returns for example `2026-11-22T12:00Z` for `2026-11-22T12:00:00.000Z`. */
export function shortTime(iso: string): string {
  return iso.replace(/:\d\d(?:\.\d+)?Z$/, 'Z');
}
