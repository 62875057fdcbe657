/** CSV by RFC 4180, for spreadsheets, which must not take a text from outside for a formula. */

/**
 * The beginnings of formulas, and what programs take for one of them or leave out before it: full-width signs, white
 * space, control characters.
 */
const formula = /^[\s\p{C}]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]|^[\s\p{C}]/u;

/** Returns the rows in UTF-8 below the header. A text that begins like a formula gets a `'` before it. */
export function renderCsv(header: readonly string[], rows: Iterable<readonly (string | number)[]>): Buffer {
  let text = lineOf(header);
  for (const row of rows) text += lineOf(row);
  return Buffer.from(text);
}

function lineOf(row: readonly (string | number)[]): string {
  return `${row.map((value) => (typeof value === 'number' ? value : field(value))).join(',')}\r\n`;
}

function field(text: string): string {
  const harmless = formula.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
