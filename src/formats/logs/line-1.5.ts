/**
 * Reads a line as 1.5 did, for `--compat 1.5`. 1.5 used one regular expression, which takes minutes for some lines that
 * a hostile client can cause. This code finds the same parts in one pass. Texts are bytes as latin1, as in Python 2.
 */
import { reducedBy15 } from './user-agent-1.5.ts';

/** A download as 1.5 counted it. */
export interface OldDownload {
  /** `YYYY-MM-DD` in the time zone of the log. */
  readonly day: string;
  readonly project: string;
  readonly filename: string;
  readonly agent: string;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** The length of `[dd/mmm/yyyy:hh:mm:ss `, behind which the zone may be any text. */
const dateLength = 22;
const request = '] "GET ';

/** Returns the download that the line `raw` counts as, or undefined. */
export function parseLine15(raw: string): OldDownload | undefined {
  const line = withoutEndingSpace(raw);
  const start = dateIn(line);
  if (start === undefined || !line.endsWith('"')) return undefined;
  // The last position at which the agent can begin. It avoids a search to the end for each of many requests in one
  // line.
  const latest = Math.max(line.lastIndexOf('" "', line.length - 4), line.lastIndexOf('  "', line.length - 4));
  for (let at = line.lastIndexOf(request); at >= start + dateLength; at = line.lastIndexOf(request, at - 1)) {
    const pathStart = at + request.length;
    const pathEnd = endOfPath(line, pathStart);
    if (pathEnd === pathStart || pathEnd + 15 > latest || !isAnswered(line, pathEnd)) continue;
    const agent = agentAfter(line, pathEnd + 15);
    if (agent !== undefined) return download(line, start, line.slice(pathStart, pathEnd), agent);
  }
  return undefined;
}

function withoutEndingSpace(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\n\r\v\f'.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

function dateIn(line: string): number | undefined {
  for (let at = line.indexOf('['); at >= 0; at = line.indexOf('[', at + 1)) {
    const isDate =
      line[at + 3] === '/' &&
      line[at + 7] === '/' &&
      line[at + 12] === ':' &&
      line[at + 15] === ':' &&
      line[at + 18] === ':' &&
      line[at + 21] === ' ';
    if (isDate) return at;
  }
  return undefined;
}

function endOfPath(line: string, start: number): number {
  let end = start;
  while (end < line.length && line[end] !== ' ' && line[end] !== '"') end += 1;
  return end;
}

/** Returns true if ` HTTP/1.x" 200 ` follows. */
function isAnswered(line: string, at: number): boolean {
  return line.startsWith(' HTTP/1', at) && line.startsWith('" 200 ', at + 9);
}

/** Returns the last quoted field, which follows a referer in quotes or none, at the earliest position that fits. */
function agentAfter(line: string, start: number): string | undefined {
  const end = line.length - 1;
  const withReferer = line.indexOf(' "', start);
  const closing = withReferer < 0 ? -1 : line.indexOf('" "', withReferer + 2);
  const without = line.indexOf('  "', start);
  const hasReferer = closing >= 0 && closing + 3 <= end;
  const hasNone = without >= 0 && without + 3 <= end;
  if (!hasReferer && !hasNone) return undefined;
  const isReferer = hasReferer && (!hasNone || withReferer < without);
  const agent = line.slice(isReferer ? closing + 3 : without + 3, end);
  return agent.startsWith('User-Agent: ') ? agent.slice('User-Agent: '.length) : agent;
}

function download(line: string, date: number, path: string, agent: string): OldDownload | undefined {
  const month = months.indexOf(line.slice(date + 4, date + 7).toLowerCase()) + 1;
  const day = line.slice(date + 1, date + 3);
  const year = line.slice(date + 8, date + 12);
  const filename = path.slice(path.lastIndexOf('/') + 1).split('?', 1)[0] ?? '';
  const project = path
    .split('/')
    .filter((part) => part !== '')
    .at(-2);
  // 1.5 crashed on invalid dates and on a bare `/packages`.
  if (month === 0 || !/^\d{6}$/.test(year + day) || project === undefined) return undefined;
  if (!path.startsWith('/packages') || filename === '') return undefined;
  return { day: `${year}-${String(month).padStart(2, '0')}-${day}`, project, filename, agent: reducedBy15(agent) };
}
