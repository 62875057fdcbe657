/** Numbers as people read them. */
import { daySeconds } from '../../core/durations.ts';

/** `3723` seconds → `1 h 02 min`. */
export function showSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < daySeconds) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / daySeconds)} d ${pad(Math.floor((whole % daySeconds) / 3600))} h`;
}

/** `12345` → `12,345`. */
export function showCount(count: number): string {
  // toLocaleString would load the locale data, which takes longer than a run without changes should.
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 file`, `2 files`. */
export function plural(count: number, noun: string): string {
  return `${showCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

/** Milliseconds since 1970 as ISO 8601 has them. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** `2026-11-22T12:00:00.000Z` → `2026-11-22T12:00Z`. */
export function shortTime(iso: string): string {
  return iso.replace(/:\d\d(?:\.\d+)?Z$/, 'Z');
}
