/** A part of each day in local time, such as `22:00-06:00`. */

export interface DailyWindow {
  /** The text that it was parsed from. */
  readonly text: string;
  /** Minutes since midnight. The window ends on the next day if `to` is not later than `from`. */
  readonly from: number;
  readonly to: number;
}

const dayMinutes = 24 * 60;

/** Returns the window, or undefined if `text` is none or has no length. */
export function parseDailyWindow(text: string): DailyWindow | undefined {
  const [, from = '', to = ''] = /^(\d{1,2}:\d{2})-(\d{1,2}:\d{2})$/.exec(text) ?? [];
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  if (begin === undefined || end === undefined || begin === end % dayMinutes || begin === dayMinutes) return undefined;
  return { text, from: begin, to: end };
}

function minutesOf(time: string): number | undefined {
  const [hours, minutes] = time.split(':').map(Number);
  if (hours === undefined || minutes === undefined || minutes > 59) return undefined;
  const all = hours * 60 + minutes;
  return all <= dayMinutes ? all : undefined;
}

/** Returns the milliseconds until the window closes, by the local time of this machine; 0 if it is closed. */
export function openMs({ from, to }: DailyWindow, nowMs: number): number {
  const now = new Date(nowMs);
  const begin = new Date(now);
  begin.setHours(0, from, 0, 0);
  // Before the first minute of today's window, that of yesterday may still be open.
  if (begin.getTime() > nowMs) begin.setDate(begin.getDate() - 1);
  const end = new Date(begin);
  end.setHours(0, to <= from ? to + dayMinutes : to, 0, 0);
  return Math.max(0, end.getTime() - nowMs);
}
