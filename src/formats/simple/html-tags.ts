/**
 * Finds start tags in HTML as a browser finds them: not in comments, not in scripts, with `>` allowed in quotes.
 * Written by hand, because two kinds of tags matter here and no order among them: this is 2 KB in the bundle, a library
 * that is well kept is 40 and builds a tree to be thrown away.
 */

/** A tag such as `<a href="x">`. */
export interface StartTag {
  /** In lower case. */
  readonly name: string;
  /** Names in lower case, values without character references; of an attribute given twice, the first. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** The start tags of `html` with one of the names, in order. Takes any text, in linear time. */
export function* startTags(html: string, ...names: readonly string[]): Generator<StartTag> {
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at)) {
    const nameEnd = endOf(tagName, html, at + 1);
    if (nameEnd === undefined) {
      at = afterOtherMarkup(html, at);
      continue;
    }
    const name = html.slice(at + 1, nameEnd).toLowerCase();
    const { attributes, end } = readAttributes(html, nameEnd);
    // A tag that nothing closes is none.
    if (end === undefined) return;
    if (names.includes(name)) yield { name, attributes };
    at = afterRawText(html, end, name);
  }
}

const tagName = /[a-z][^\t\n\f\r />]*/iy;
const tagSpace = /[\t\n\f\r /]*/y;
const valueSpace = /[\t\n\f\r ]*/y;
const attributeName = /=?[^\t\n\f\r />=]*/y;
const unquotedValue = /[^\t\n\f\r >]*/y;
const commentEnd = /--!?>/g;

/** Elements whose text is no markup, and what ends them. */
const rawTextEnds: ReadonlyMap<string, RegExp> = new Map(
  ['script', 'style', 'title', 'textarea', 'xmp', 'iframe', 'noembed', 'noframes'].map((name) => [
    name,
    new RegExp(`</${name}(?=[\\t\\n\\f\\r />])`, 'gi'),
  ]),
);

/** Where that ends which `pattern`, a sticky one, finds at `at`. */
function endOf(pattern: RegExp, html: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(html) ? pattern.lastIndex : undefined;
}

/** Reads on behind the name of a tag; without an end the page is over before the tag is. */
function readAttributes(html: string, from: number): { attributes: Map<string, string>; end: number | undefined } {
  const attributes = new Map<string, string>();
  let at: number | undefined = from;
  while (at !== undefined) {
    const start: number = endOf(tagSpace, html, at) ?? at;
    if (start >= html.length) break;
    if (html[start] === '>') return { attributes, end: start + 1 };
    const nameEnd = endOf(attributeName, html, start) ?? start;
    const name = html.slice(start, nameEnd).toLowerCase();
    const { value, end } = readValue(html, nameEnd);
    if (!attributes.has(name)) attributes.set(name, decodeReferences(value));
    at = end;
  }
  return { attributes, end: undefined };
}

/** The value behind the name of an attribute; without an end its quotes are never closed. */
function readValue(html: string, nameEnd: number): { value: string; end: number | undefined } {
  const equals = endOf(valueSpace, html, nameEnd) ?? nameEnd;
  if (html[equals] !== '=') return { value: '', end: nameEnd };
  const start = endOf(valueSpace, html, equals + 1) ?? equals + 1;
  const quote = html[start];
  if (quote !== '"' && quote !== "'") {
    const end = endOf(unquotedValue, html, start) ?? start;
    return { value: html.slice(start, end), end };
  }
  const close = html.indexOf(quote, start + 1);
  return close < 0 ? { value: '', end: undefined } : { value: html.slice(start + 1, close), end: close + 1 };
}

/** The position behind the comment, end tag or declaration that starts at `at`, or behind a `<` that starts nothing. */
function afterOtherMarkup(html: string, at: number): number {
  if (html.startsWith('<!--', at)) {
    // Two characters on: `<!-->` ends at once.
    commentEnd.lastIndex = at + 2;
    return commentEnd.test(html) ? commentEnd.lastIndex : html.length;
  }
  if (!/[!?/]/.test(html[at + 1] ?? '')) return at + 1;
  const nameEnd = html[at + 1] === '/' ? endOf(tagName, html, at + 2) : undefined;
  if (nameEnd !== undefined) return readAttributes(html, nameEnd).end ?? html.length;
  const end = html.indexOf('>', at);
  return end < 0 ? html.length : end + 1;
}

/** `at`, or where the text of a script and its like ends. */
function afterRawText(html: string, at: number, name: string): number {
  const end = rawTextEnds.get(name);
  if (end === undefined) return at;
  end.lastIndex = at;
  return end.exec(html)?.index ?? html.length;
}

const namedReferences: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const reference = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi;

function decodeReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(reference, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return namedReferences[name.toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  });
}
