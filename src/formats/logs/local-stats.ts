/**
 * `local-stats/days/YYYY-MM-DD.bz2` (PEP 381): the number of downloads of each file on a day, by client. The content is
 * CSV as Python's `csv` writes it, with the columns package, filename, useragent and count. As in 1.5 there is no
 * header, rows are sorted by the bytes of file name, agent and package, and lines end with CR LF. Texts are bytes as
 * latin1.
 */

/** A row of the file. */
export interface Downloads {
  readonly project: string;
  readonly filename: string;
  readonly agent: string;
  readonly count: number;
}

/** Compares rows in the order of the file. */
export function byFile(a: Downloads, b: Downloads): number {
  return order(a.filename, b.filename) || order(a.agent, b.agent) || order(a.project, b.project);
}

/** Returns `rows` as CSV. */
export function renderLocalStats(rows: Iterable<Downloads>): Buffer {
  return Buffer.concat([...localStatsPieces(rows)]);
}

/** Returns `rows` as CSV in pieces of several lines, each made on demand. */
export function* localStatsPieces(rows: Iterable<Downloads>): IterableIterator<Buffer> {
  let text = '';
  let file = { project: '', filename: '', text: ',' };
  for (const { project, filename, agent, count } of rows) {
    // The rows of a file are adjacent, so its columns are rendered once.
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

/** Returns the number of downloads in a day's CSV, whoever wrote it. A header or a malformed line counts as none. */
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
