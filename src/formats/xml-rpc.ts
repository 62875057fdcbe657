/**
 * The part of XML-RPC that PyPI's mirroring methods use. It is written by hand because a reply has 50,000 rows of five
 * scalars: it reads the text once, builds no tree of elements, and knows no entities beyond XML's own five and no
 * document types.
 */
import { NonsenseError } from '../core/errors.ts';

/** A value in a reply. Structs do not occur in the methods that a mirror calls. */
export type XmlRpcValue = string | number | null | readonly XmlRpcValue[];

/** An error reply (`<fault>`): the server understood the call and refused it. */
export interface XmlRpcFault {
  readonly faultCode: number;
  readonly faultString: string;
}

/** Returns the body of a call with integer parameters. */
export function renderXmlRpcCall(method: string, params: readonly number[] = []): string {
  const values = params.map((value) => `<param><value><int>${value}</int></value></param>`).join('');
  return `<?xml version='1.0'?><methodCall><methodName>${method}</methodName><params>${values}</params></methodCall>`;
}

/** Reads a reply. `source` names it in errors. Throws {@link NonsenseError} if it is not a valid reply. */
export function parseXmlRpcReply(text: string, source: string): { value: XmlRpcValue } | { fault: XmlRpcFault } {
  return new ReplyReader(text, source).reply();
}

/**
 * Matches a tag and the text before it. The sticky flag makes it go on where the last match ended, so the text is read
 * once.
 */
const nextTag = /([^<]*)<(\/?[A-Za-z0-9.]+)\s*(\/?)>/y;
const prologue = /^﻿?\s*(?:<\?xml[^>]*\?>)?/;
const maxNesting = 20;
/** The depth of the values in the rows of an array. */
const rowValues = 2;
/** The largest number of values in a reply. A full page of the changelog has 300,000. */
const maxValues = 1_000_000;

class ReplyReader {
  readonly #text: string;
  readonly #source: string;
  #at: number;
  #before = '';
  #values = 0;

  constructor(text: string, source: string) {
    this.#text = text;
    this.#source = source;
    this.#at = prologue.exec(text)?.[0].length ?? 0;
  }

  reply(): { value: XmlRpcValue } | { fault: XmlRpcFault } {
    this.#expect('methodResponse');
    const kind = this.#tag();
    if (kind === 'fault') {
      this.#expect('value');
      return { fault: this.#fault() };
    }
    if (kind !== 'params') throw this.#nonsense(`<params> or <fault>, found <${kind}>`);
    this.#expect('param');
    this.#expect('value');
    return { value: this.#value(0) };
  }

  /** Returns the value whose `<value>` tag was just read, and reads on past its `</value>`. */
  #value(depth: number): XmlRpcValue {
    if (depth > maxNesting) throw this.#nonsense('values nested less deeply');
    const type = this.#tag();
    if (type === '/value') return decode(this.#before);
    const value = type === 'array' ? this.#array(depth) : this.#scalar(type, depth);
    this.#expect('/value');
    return value;
  }

  #array(depth: number): XmlRpcValue[] {
    const values: XmlRpcValue[] = [];
    const data = this.#tag();
    if (data !== 'data/') {
      if (data !== 'data') throw this.#nonsense(`<data>, found <${data}>`);
      for (let tag = this.#tag(); tag !== '/data'; tag = this.#tag()) {
        this.#values += 1;
        if (this.#values > maxValues) throw this.#nonsense(`at most ${maxValues} values`);
        if (tag === 'value/') values.push('');
        else if (tag === 'value') values.push(this.#value(depth + 1));
        else throw this.#nonsense(`<value>, found <${tag}>`);
      }
    }
    this.#expect('/array');
    return values;
  }

  #scalar(type: string, depth: number): string | number | null {
    if (type === 'nil/') return null;
    if (type === 'string/') return '';
    if (type === 'nil') {
      this.#expect('/nil');
      return null;
    }
    this.#expect(`/${type}`);
    const isInteger = /^(?:int|i4|i8)$/.test(type);
    const digits = this.#before.trim();
    if (isInteger && /^-?\d{1,15}$/.test(digits)) return Number(digits);
    // An unreadable value in a row is kept as text, so that it does not make the other rows unreadable.
    if (type === 'string' || depth >= rowValues) return decode(this.#before);
    if (isInteger) throw this.#nonsense(`an integer, found ${JSON.stringify(digits.slice(0, 40))}`);
    throw this.#nonsense(`a string, an integer, nil or an array, found <${type}>`);
  }

  /** Reads a fault: a struct with exactly the two members of {@link XmlRpcFault}, in either order. */
  #fault(): XmlRpcFault {
    const members = new Map<string, XmlRpcValue>();
    this.#expect('struct');
    for (let tag = this.#tag(); tag === 'member'; tag = this.#tag()) {
      this.#expect('name');
      this.#expect('/name');
      const name = this.#before;
      this.#expect('value');
      members.set(name, this.#value(0));
      this.#expect('/member');
    }
    const [code, text] = [members.get('faultCode'), members.get('faultString')];
    return { faultCode: typeof code === 'number' ? code : 0, faultString: typeof text === 'string' ? text : '' };
  }

  #expect(tag: string): void {
    const found = this.#tag();
    if (found !== tag) throw this.#nonsense(`<${tag}>, found <${found}>`);
  }

  #tag(): string {
    nextTag.lastIndex = this.#at;
    const match = nextTag.exec(this.#text);
    if (match === null) throw this.#nonsense('another tag, found the end or something that is no XML-RPC');
    this.#at = nextTag.lastIndex;
    this.#before = match[1] ?? '';
    return `${match[2]}${match[3]}`;
  }

  #nonsense(expected: string): NonsenseError {
    return new NonsenseError(`${this.#source}: at character ${this.#at} expected ${expected}`);
  }
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{2,4}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
