/**
 * `local-stats/days/YYYY-MM-DD.bz2` (PEP 381): how often each file was downloaded on a day, by which client. Inside is
 * CSV as Python's `csv` writes it, with the columns package, filename, useragent and count; as in 1.5 without a header,
 * sorted by file name, agent and package as bytes, lines ended by CR LF. The text is handled as bytes in latin1.
 */

/** One line. */
export interface Downloads {
  readonly project: string;
  readonly filename: string;
  readonly agent: string;
  readonly count: number;
}

/** The order of the lines. */
export function byFile(a: Downloads, b: Downloads): number {
  return order(a.filename, b.filename) || order(a.agent, b.agent) || order(a.project, b.project);
}

/** `rows` as CSV. */
export function renderLocalStats(rows: Iterable<Downloads>): Buffer {
  return Buffer.concat([...localStatsPieces(rows)]);
}

/** `rows` as CSV in pieces of lines, each made when it is asked for. */
export function* localStatsPieces(rows: Iterable<Downloads>): IterableIterator<Buffer> {
  let text = '';
  let file = { project: '', filename: '', text: ',' };
  for (const { project, filename, agent, count } of rows) {
    // The agents of a file follow one another.
    if (filename !== file.filename || project !== file.project) {
      file = { project, filename, text: `${field(project)},${field(filename)}` };
    }
    text += `${file.text},${field(agent)},${count}\r\n`;
    if (text.length < 1 << 16) continue;
    yield Buffer.from(text, 'latin1');
    text = '';
  }
  if (text !== '') yield Buffer.from(text, 'latin1');
}

/** The downloads that a day's CSV counts, whoever wrote it. A header, or a line that is none, counts nothing. */
export function totalOf(csv: Buffer): number {
  let total = 0;
  for (const line of csv.toString('latin1').split('\n')) {
    total += Number(/,(\d{1,15})\r?$/.exec(line)?.[1] ?? 0);
  }
  return total;
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
