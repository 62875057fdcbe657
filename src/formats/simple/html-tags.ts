/**
 * Finds start tags in HTML as a browser does: not in comments, not in scripts, and with `>` allowed in quotes. It is
 * written by hand because only two kinds of tags matter here, in any order. It takes 2 KB in the bundle; a
 * well-maintained library takes 40 KB and builds a tree that nobody needs.
 */

/** A tag such as `<a href="x">`. */
export interface StartTag {
  /** The name in lower case. */
  readonly name: string;
  /**
   * The attributes by lower-case name, with character references decoded. The first of two with the same name counts.
   */
  readonly attributes: ReadonlyMap<string, string>;
}

/** Returns the start tags of `html` with one of `names`, in order. Accepts any text, and takes linear time. */
export function* startTags(html: string, ...names: readonly string[]): Generator<StartTag> {
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at)) {
    const nameEnd = endOf(tagName, html, at + 1);
    if (nameEnd === undefined) {
      at = afterOtherMarkup(html, at);
      continue;
    }
    const name = html.slice(at + 1, nameEnd).toLowerCase();
    const { attributes, end } = readAttributes(html, nameEnd);
    // A tag that is never closed does not count.
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

/** Elements whose text is not markup, with the patterns of their end tags. */
const rawTextEnds: ReadonlyMap<string, RegExp> = new Map(
  ['script', 'style', 'title', 'textarea', 'xmp', 'iframe', 'noembed', 'noframes'].map((name) => [
    name,
    new RegExp(`</${name}(?=[\\t\\n\\f\\r />])`, 'gi'),
  ]),
);

/** Returns the end of the match of the sticky `pattern` at `at`, or undefined if it does not match. */
function endOf(pattern: RegExp, html: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(html) ? pattern.lastIndex : undefined;
}

/** Reads attributes from behind the name of a tag. `end` is undefined if the page ends within the tag. */
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

/** Reads the value behind the name of an attribute. `end` is undefined if its quotes are never closed. */
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

/**
 * Returns the position behind the comment, end tag or declaration at `at`, or behind a `<` that begins none of them.
 */
function afterOtherMarkup(html: string, at: number): number {
  if (html.startsWith('<!--', at)) {
    // Search from the second character on, because `<!-->` is a whole comment.
    commentEnd.lastIndex = at + 2;
    return commentEnd.test(html) ? commentEnd.lastIndex : html.length;
  }
  if (!/[!?/]/.test(html[at + 1] ?? '')) return at + 1;
  const nameEnd = html[at + 1] === '/' ? endOf(tagName, html, at + 2) : undefined;
  if (nameEnd !== undefined) return readAttributes(html, nameEnd).end ?? html.length;
  const end = html.indexOf('>', at);
  return end < 0 ? html.length : end + 1;
}

/** Returns the end of the text of a raw text element such as a script; for other elements `at`. */
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
