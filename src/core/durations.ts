/** Spans of time in milliseconds, a day in seconds, and the names of days. */
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
export const daySeconds = 86_400;

/** Returns the day in UTC of a time in milliseconds, as `YYYY-MM-DD`. */
export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
