/** Lines of access logs for tests. */

/** A file as a mirror serves it. */
export function pathOf(filename: string): string {
  return `/packages/aa/bb/${'c'.repeat(60)}/${filename}`;
}

export interface LineOptions {
  /** `22/Nov/2026:15:09:45 +0000`, or the day only: `2026-11-22`. */
  readonly at: string;
  readonly file?: string;
  readonly status?: number;
  readonly method?: string;
  readonly client?: string;
  readonly agent?: string;
  /** Bytes, as the log has them. */
  readonly size?: string;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** One line, with its end. */
export function logLine(options: LineOptions): string {
  const {
    at,
    file = 'foo-1.0.tar.gz',
    status = 200,
    method = 'GET',
    client = '192.0.2.1',
    agent = 'pip/26.2',
    size = '1000',
  } = options;
  const path = file.startsWith('/') ? file : pathOf(file);
  return `${client} - - [${stamp(at)}] "${method} ${path} HTTP/1.1" ${status} ${size} "-" "${agent}"\n`;
}

/** Lines of several days, `perDay` each, at noon. */
export function logOf(days: readonly string[], perDay = 1): string {
  return days.flatMap((day) => Array.from({ length: perDay }, () => logLine({ at: day }))).join('');
}

/** `2026-11-22` and `2026-11-22T15:09:45` as Apache writes them. */
function stamp(at: string): string {
  if (at.includes('/')) return at;
  const [date = '', time = '12:00:00'] = at.split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  return `${day}/${months[Number(month) - 1]}/${year}:${time} +0000`;
}
