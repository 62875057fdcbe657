/**
 * Reads the XML of a store's answers: elements and their texts. Attributes are skipped, and a DOCTYPE is refused, so
 * that nothing can be defined and expanded. It takes linear time.
 */
import { NonsenseError } from '../../core/errors.ts';

/** An element with its direct text and its elements. Prefixes of namespaces are dropped. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface OpenElement {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/** The answers nest four deep. */
const maxDepth = 16;
const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Returns the root element. Throws NonsenseError. */
export function readXml(text: string): XmlElement {
  const top: OpenElement = { name: '', text: '', children: [] };
  const open = [top];
  let at = 0;
  while (at < text.length) {
    const inner = open.at(-1) ?? top;
    const next = text.indexOf('<', at);
    const end = next === -1 ? text.length : next;
    inner.text += decode(text.slice(at, end));
    if (next === -1) break;
    if (text.startsWith('<!--', next)) at = after(text, '-->', next + 4);
    else if (text.startsWith('<?', next)) at = after(text, '?>', next + 2);
    else if (text.startsWith('<![CDATA[', next)) {
      at = after(text, ']]>', next + 9);
      inner.text += text.slice(next + 9, at - 3);
    } else {
      at = after(text, '>', next);
      readTag(text.slice(next + 1, at - 1), open);
    }
  }
  const [root, ...more] = top.children;
  if (open.length > 1 || root === undefined || more.length > 0 || top.text.trim() !== '')
    throw new NonsenseError('expected one XML element, found something else');
  return root;
}

/** Returns the text of the first element with this name, or undefined. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

/** Returns all elements with this name. */
export function elementsOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** Returns the text as XML can hold it. Control characters other than white space cannot be in XML. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"\r\n\t]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Opens or closes the element of a tag, given without its angle brackets. */
function readTag(tag: string, open: OpenElement[]): void {
  const isEnd = tag.startsWith('/');
  const isEmpty = tag.endsWith('/');
  const [, name] = /^\/?(?:[\w.-]+:)?([A-Za-z_][\w.-]*)(?=[\s/]|$)/.exec(tag) ?? [];
  if (name === undefined) throw new NonsenseError(`expected an XML tag, found <${tag.slice(0, 40)}>`);
  if (isEnd) {
    const closed = open.pop();
    const outer = open.at(-1);
    if (closed?.name !== name || outer === undefined) throw new NonsenseError(`</${name}> closes what is not open`);
    outer.children.push(closed);
    return;
  }
  const element = { name, text: '', children: [] };
  if (isEmpty) open.at(-1)?.children.push(element);
  else if (open.length > maxDepth) throw new NonsenseError(`more than ${maxDepth} XML elements in each other`);
  else open.push(element);
}

/** Returns the place behind the next `end`. */
function after(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  if (at === -1) throw new NonsenseError(`expected ${end}, found the end of the XML`);
  return at + end.length;
}

function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([\dA-Fa-f]{1,6})|(\w{1,8}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(named, name) ? (named[name] ?? whole) : whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : whole;
  });
}
