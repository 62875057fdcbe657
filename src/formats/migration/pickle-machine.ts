/** The machine that reads pickles: bytes, a stack and a memo, each with limits. */
import { DamagedFileError } from '../../core/errors.ts';

/** A value in a pickle. */
export type PickleValue = string | number | boolean | null | PickleObject;

/**
 * A value that is built in several steps. A set has the first `size` members of its list, which may contain duplicates.
 */
export type PickleObject =
  | { readonly kind: 'class'; readonly name: string }
  | { readonly kind: 'list'; readonly items: PickleValue[] }
  | { readonly kind: 'tuple'; readonly items: readonly PickleValue[] }
  | { readonly kind: 'set'; readonly items: readonly PickleValue[]; readonly size: number }
  | { readonly kind: 'dict'; readonly entries: Map<PickleValue, PickleValue> }
  | { readonly kind: 'instance'; readonly of: string; attributes: ReadonlyMap<PickleValue, PickleValue> };

type Kind = PickleObject['kind'];
type ObjectOf<K extends Kind> = Extract<PickleObject, { kind: K }>;

const maxFileBytes = 256 * 1024 * 1024;
/** Python writes lists in batches of a thousand, so this is deep enough. */
const maxStackDepth = 10_000;
const maxClassNameLength = 100;

/** Returns the error that `source` is damaged: `found` is at byte `at`, and is not what was expected. */
export function damaged(source: string, at: number, found: string): DamagedFileError {
  return new DamagedFileError(
    `${source}: at byte ${at} expected what pep381client 1.5 writes, found ${found}; ` +
      'nothing was changed: move the file away to take the tree over without it',
  );
}

/** The state of the machine. Its methods throw {@link DamagedFileError} if the pickle is invalid. */
export class PickleMachine {
  readonly #bytes: Buffer;
  readonly #source: string;
  readonly #stack: PickleValue[] = [];
  /** The stack height at each mark. Values below the last mark cannot be reached. */
  readonly #marks: number[] = [];
  readonly #memo: PickleValue[] = [];
  /** The number of the first value in the memo: Python's C implementation counts from 1, the other from 0. */
  #firstMemo = 0;
  #at = 0;
  #instructionAt = 0;

  constructor(bytes: Buffer, source: string) {
    this.#bytes = bytes;
    this.#source = source;
  }

  /** Reads and checks the first two bytes. */
  start(): void {
    if (this.#bytes.length > maxFileBytes) throw this.damaged(`a file of ${this.#bytes.length} bytes`);
    if (this.unsigned(1) !== 0x80 || this.unsigned(1) !== 2) throw this.damaged('no pickle of protocol 2');
  }

  nextOpcode(): number {
    this.#instructionAt = this.#at;
    return this.unsigned(1);
  }

  /** Returns the only remaining value at the end of the program. */
  result(): PickleValue {
    const result = this.pop();
    if (this.#stack.length + this.#marks.length > 0) throw this.damaged('an end in the middle of a value');
    if (this.#at < this.#bytes.length) throw this.damaged(`${this.#bytes.length - this.#at} bytes behind the end`);
    return result;
  }

  push(value: PickleValue): void {
    if (this.#stack.length >= maxStackDepth) throw this.damaged('values nested too deeply');
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
    if (this.#marks.length >= maxStackDepth) throw this.damaged('values nested too deeply');
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

  /** Reads the two lines that name a class, and returns them with a space between: the module, then the class. */
  className(): string {
    const window = this.#bytes.toString('latin1', this.#at, this.#at + maxClassNameLength);
    const name = /^[^\n ]+\n[^\n ]+\n/.exec(window)?.[0];
    if (name === undefined) throw this.damaged('no name of a class');
    this.#skip(name.length);
    return name.slice(0, -1).replace('\n', ' ');
  }

  damaged(found: string): DamagedFileError {
    return damaged(this.#source, this.#instructionAt, found);
  }

  /** Skips `length` bytes, and returns the position where they begin. */
  #skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw damaged(this.#source, this.#bytes.length, 'the end of the file');
    this.#at = start + length;
    return start;
  }
}

/** Returns the kind of the value, for people. */
export function describe(value: PickleValue): string {
  return typeof value === 'object' ? (value?.kind ?? 'none') : `${typeof value}`;
}
