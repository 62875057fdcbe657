/** Tables for people, with two spaces between columns. */

/** The layout of a table. */
export interface TableLayout {
  /** The right-aligned columns, counted from 0, for numbers. */
  readonly right?: readonly number[];
  /**
   * The width of the screen in characters. Longer text in the last column is wrapped. Without a width nothing is
   * wrapped.
   */
  readonly width?: number;
}

const gap = '  ';
const narrowest = 20;

/**
 * Returns `rows`, which must have equally many cells, as lines. Control characters are replaced, so that text of
 * upstream cannot move the cursor.
 */
export function renderTable(rows: readonly (readonly string[])[], { right = [], width }: TableLayout = {}): string[] {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll(/\p{Cc}/gu, '?')));
  const last = (cells[0]?.length ?? 1) - 1;
  const widths = Array.from({ length: last }, (_, column) => longest(cells.map((row) => row[column] ?? '')));
  const indent = widths.reduce((sum, column) => sum + column + gap.length, 0);
  const room = width === undefined ? undefined : Math.max(narrowest, width - indent);
  return cells.flatMap((row) => {
    const front = widths.map((column, at) => pad(row[at] ?? '', column, right.includes(at)) + gap).join('');
    const [first = '', ...more] = wrap(row[last] ?? '', room);
    return [(front + first).trimEnd(), ...more.map((line) => (' '.repeat(indent) + line).trimEnd())];
  });
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}

/** Returns `text` in lines of at most `room` characters, broken between words if possible. */
function wrap(text: string, room = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > room) {
    const space = rest.lastIndexOf(' ', room);
    const end = space > 0 ? space : room;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

function longest(texts: readonly string[]): number {
  return texts.reduce((length, text) => Math.max(length, text.length), 0);
}
