/** Tables for people: columns side by side, two spaces between them. */

/** How a table is laid out. */
export interface TableLayout {
  /** The columns that are aligned to the right, from 0: numbers. */
  readonly right?: readonly number[];
  /** Columns of the screen; what is longer in the last column goes on below. Without it lines are as long as they are. */
  readonly width?: number;
}

const gap = '  ';
const narrowest = 20;

/** `rows`, all with the same number of cells, as lines. What comes from upstream cannot move the cursor. */
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

/** `text` in lines of at most `room` characters: between words where there are some. */
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
