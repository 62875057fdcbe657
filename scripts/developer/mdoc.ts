/** Turns the Markdown that README.md and man/ are written in into mdoc, the language of manual pages. */

/** Lines of mdoc are no longer, as `mandoc -Tlint` asks. */
const width = 80;

/** Characters that formatters would replace where they stand for themselves, as in a command. */
const literal: Readonly<Record<string, string>> = {
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\(rs')
    .replaceAll(
      /[^\x20-\x7e]/gu,
      (char) => `\\[u${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}

function literally(text: string): string {
  return escaped(text).replaceAll(
    /(\\[([].[^\]]*?\]?)|[-'`^~]/g,
    (char, sequence?: string) => sequence ?? literal[char] ?? char,
  );
}

/** Returns code within a text, whose words are not to be hyphenated. */
function unbroken(code: string): string {
  return literally(code).replaceAll(/(?<=^| )(?=[^ ]*[A-Za-z]{4})/g, '\\%');
}

const inline = /`([^`]+)`|\*\*(.+?)\*\*|\*(.+?)\*|\[([^\]]+)\]\(([^)]+)\)/g;

/** Returns a line of Markdown as text for mdoc. Of a link only the text is left: the page has no anchors. */
export function inlineMdoc(markdown: string): string {
  let text = '';
  let from = 0;
  for (const { 0: whole, 1: code, 2: strong, 3: emphasis, 4: link, index } of markdown.matchAll(inline)) {
    text += escaped(markdown.slice(from, index));
    if (code !== undefined) text += `\\fB${unbroken(code)}\\fR`;
    else if (strong !== undefined) text += `\\fB${escaped(strong.replaceAll('`', ''))}\\fR`;
    else if (emphasis !== undefined) text += `\\fI${inlineMdoc(emphasis)}\\fR`;
    else text += inlineMdoc(link ?? '');
    from = index + whole.length;
  }
  return text + escaped(markdown.slice(from));
}

/** Returns a line of Markdown as arguments of a macro. A word of two letters could be the name of one. */
function macroArguments(markdown: string): string {
  return inlineMdoc(markdown)
    .replaceAll('"', '\\(dq')
    .replaceAll(/(?<=^| )(?=[A-Z][a-z](?: |$)|[.,:;()[\]?!|](?: |$))/g, '\\&');
}

/** Returns a paragraph as lines: a sentence begins a line, from which formatters tell its end. */
export function paragraph(markdown: string): string[] {
  const sentences = inlineMdoc(markdown).split(/(?<=[.!?](?:\)|"|\\fR)*) (?=\S)/);
  return sentences.flatMap(wrapped).map((line) => (/^[.']/.test(line) ? `\\&${line}` : line));
}

function wrapped(sentence: string): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Returns a line of mirror.toml as arguments of `.It`. */
export function settingTerm(line: string): string {
  const [key = '', ...value] = line.split(' = ');
  return `Ic ${macroArguments(`\`${key}\` = ${value.join(' = ')}`)}`;
}

/** A row of a list of terms, such as options, and what is said of them. */
export interface Term {
  /** The arguments of `.It`. */
  readonly term: string;
  readonly text: string;
}

/** Returns a list of terms. Rows without a text share that of the next one. */
export function termList(terms: readonly Term[]): string[] {
  const rows = terms.flatMap(({ term, text }) => [`.It ${term}`, ...(text === '' ? [] : paragraph(text))]);
  return ['.Bl -tag -width Ds', ...rows, '.El'];
}

function literalBlock(lines: readonly string[]): string[] {
  const text = lines.map(literally).map((line) => (/^[.']/.test(line) ? `\\&${line}` : line));
  return ['.Bd -literal -offset indent', ...text, '.Ed'];
}

/** Returns a table as a list of terms: the first column, and what the others say. */
function tableList(rows: readonly string[]): string[] {
  const cells = rows.map((row) =>
    row
      .replace(/^\| ?| ?\|$/g, '')
      .split(/ ?(?<!\\)\| ?/)
      .map((cell) => cell.replaceAll('\\|', '|').trim()),
  );
  // A head such as "path" says nothing that the rows do not say.
  const isTold = !/^[a-z]*$/.test(cells[0]?.[0] ?? '');
  return termList(
    cells
      .filter((_, at) => at !== 1 && (at > 0 || isTold))
      .map(([term = '', ...others]) => ({ term: macroArguments(term), text: others.join('; ') })),
  );
}

function itemList(kind: 'bullet' | 'enum', block: string): string[] {
  const items = block.split(/^(?:-|\d+\.) +/m).filter((item) => item !== '');
  const lines = items.flatMap((item) => ['.It', ...paragraph(item.trim().replaceAll(/\s+/g, ' '))]);
  return [`.Bl -${kind}`, ...lines, '.El'];
}

/** Returns Markdown as lines of mdoc: headings, paragraphs, lists, tables and blocks of code. */
export function mdocOf(markdown: string): string[] {
  const lines: string[] = [];
  for (const block of blocksOf(markdown)) {
    const [first = '', ...rest] = block.split('\n');
    const [, level, heading = ''] = /^(##+) (.*)$/.exec(first) ?? [];
    if (level !== undefined) {
      lines.push(level === '##' ? `.Sh ${heading.toUpperCase()}` : `.Ss ${macroArguments(heading)}`);
      continue;
    }
    const isFirst = lines.length === 0 || /^\.S[hs] /.test(lines.at(-1) ?? '');
    if (/^ {4}/.test(first)) lines.push(...literalBlock(block.split('\n').map((line) => line.slice(4))));
    else if (first.startsWith('```')) lines.push(...literalBlock(rest.slice(0, -1)));
    else if (first.startsWith('|')) lines.push(...tableList(block.split('\n')));
    else if (first.startsWith('- ')) lines.push(...itemList('bullet', block));
    else if (/^\d+\. /.test(first)) lines.push(...itemList('enum', block));
    else if (first.startsWith('.')) lines.push(...block.split('\n'));
    else lines.push(...(isFirst ? [] : ['.Pp']), ...paragraph(block.replaceAll('\n', ' ')));
  }
  return lines;
}

/** Returns what blank lines separate. Those in code, between indented lines or between fences, are part of it. */
function blocksOf(markdown: string): string[] {
  const blocks: string[] = [];
  if (markdown.trim() === '') return blocks;
  for (const part of markdown.replaceAll(/^\n+|\s+$/g, '').split(/\n\n+/)) {
    const last = blocks.at(-1);
    const isOpen = last?.startsWith('```') === true && !/\n```$/.test(last);
    const goesOn = last !== undefined && (isOpen || (/^ {4}/.test(last) && /^ {4}/.test(part)));
    if (goesOn) blocks[blocks.length - 1] = `${last}\n\n${part}`;
    else blocks.push(part);
  }
  return blocks;
}
