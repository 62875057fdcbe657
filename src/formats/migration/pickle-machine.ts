/** The machine that reads pickles: bytes, a stack and a memo, each with its limits. */
import { DamagedFileError } from '../../core/errors.ts';

/** A value that a pickle describes. */
export type PickleValue = string | number | boolean | null | PickleObject;

/** What is built in several steps. A set is the first `size` members of its list, with what they have twice. */
export type PickleObject =
  | { readonly kind: 'class'; readonly name: string }
  | { readonly kind: 'list'; readonly items: PickleValue[] }
  | { readonly kind: 'tuple'; readonly items: readonly PickleValue[] }
  | { readonly kind: 'set'; readonly items: readonly PickleValue[]; readonly size: number }
  | { readonly kind: 'dict'; readonly entries: Map<PickleValue, PickleValue> }
  | { readonly kind: 'instance'; readonly of: string; attributes: ReadonlyMap<PickleValue, PickleValue> };

type Kind = PickleObject['kind'];
type ObjectOf<K extends Kind> = Extract<PickleObject, { kind: K }>;

const largestFile = 256 * 1024 * 1024;
/** Python writes lists in batches of a thousand. */
const highestStack = 10_000;
const longestClassName = 100;

/** That `source` is damaged: at byte `at` something else was expected than `found`. */
export function damaged(source: string, at: number, found: string): DamagedFileError {
  return new DamagedFileError(
    `${source}: at byte ${at} expected what pep381client 1.5 writes, found ${found}; ` +
      'nothing was changed: move the file away to take the tree over without it',
  );
}

/** What the instructions of a pickle work on. Its methods throw {@link DamagedFileError} when they cannot. */
export class PickleMachine {
  readonly #bytes: Buffer;
  readonly #source: string;
  readonly #stack: PickleValue[] = [];
  /** How high the stack was at each mark; what lies below the last one cannot be reached. */
  readonly #marks: number[] = [];
  readonly #memo: PickleValue[] = [];
  /** The number of the first value in the memo: Python counts from 1 in C, and from 0 in Python. */
  #firstMemo = 0;
  #at = 0;
  #instructionAt = 0;

  constructor(bytes: Buffer, source: string) {
    this.#bytes = bytes;
    this.#source = source;
  }

  /** Reads the first two bytes. */
  start(): void {
    if (this.#bytes.length > largestFile) throw this.damaged(`a file of ${this.#bytes.length} bytes`);
    if (this.unsigned(1) !== 0x80 || this.unsigned(1) !== 2) throw this.damaged('no pickle of protocol 2');
  }

  nextOpcode(): number {
    this.#instructionAt = this.#at;
    return this.unsigned(1);
  }

  /** The only value that is left, when the program is over. */
  result(): PickleValue {
    const result = this.pop();
    if (this.#stack.length + this.#marks.length > 0) throw this.damaged('an end in the middle of a value');
    if (this.#at < this.#bytes.length) throw this.damaged(`${this.#bytes.length - this.#at} bytes behind the end`);
    return result;
  }

  push(value: PickleValue): void {
    if (this.#stack.length >= highestStack) throw this.damaged('values nested too deeply');
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || this.#stack.length <= (this.#marks.at(-1) ?? 0)) {
      throw this.damaged('an instruction without its value');
    }
    return value;
  }

  mark(): void {
    if (this.#marks.length >= highestStack) throw this.damaged('values nested too deeply');
    this.#marks.push(this.#stack.length);
  }

  popToMark(): PickleValue[] {
    const height = this.#marks.pop();
    if (height === undefined) throw this.damaged('the end of a sequence without its beginning');
    return this.#stack.splice(height);
  }

  remember(index: number): void {
    if (this.#memo.length === 0 && index === 1) this.#firstMemo = 1;
    const next = this.#firstMemo + this.#memo.length;
    if (index !== next) throw this.damaged(`the memo ${index} in place of ${next}`);
    this.#memo.push(this.top());
  }

  recall(index: number): void {
    const value = this.#memo[index - this.#firstMemo];
    if (value === undefined) throw this.damaged(`the memo ${index}, which is empty`);
    this.push(value);
  }

  expect<K extends Kind>(kind: K, value: PickleValue): ObjectOf<K> {
    if (typeof value === 'object' && value?.kind === kind) return value as ObjectOf<K>;
    throw this.damaged(`${describe(value)} in place of a ${kind}`);
  }

  unsigned(length: 1 | 2 | 4): number {
    return this.#bytes.readUIntLE(this.#skip(length), length);
  }

  signed(length: number): number {
    if (length === 0) return 0;
    if (length > 6) throw this.damaged(`a number of ${length} bytes`);
    return this.#bytes.readIntLE(this.#skip(length), length);
  }

  text(length: number): string {
    const start = this.#skip(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  /** The two lines that name a class, its module first, with a space between them. */
  className(): string {
    const window = this.#bytes.toString('latin1', this.#at, this.#at + longestClassName);
    const name = /^[^\n ]+\n[^\n ]+\n/.exec(window)?.[0];
    if (name === undefined) throw this.damaged('no name of a class');
    this.#skip(name.length);
    return name.slice(0, -1).replace('\n', ' ');
  }

  damaged(found: string): DamagedFileError {
    return damaged(this.#source, this.#instructionAt, found);
  }

  /** Where the next `length` bytes begin. */
  #skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw damaged(this.#source, this.#bytes.length, 'the end of the file');
    this.#at = start + length;
    return start;
  }
}

/** What kind of value it is, for a person. */
export function describe(value: PickleValue): string {
  return typeof value === 'object' ? (value?.kind ?? 'none') : `${typeof value}`;
}
