import type fc from 'fast-check';
import type { MirrorError } from '../../src/core/errors.ts';

/** A parser, and what it promises for any input. */
export interface FuzzTarget {
  /** That of the folder with its corpus, too. */
  readonly name: string;
  /** How a file becomes the text that is handed over: bytes have one character each in latin1. */
  readonly encoding: 'utf8' | 'latin1';
  /** Inputs as the format has them, and nearly so. */
  readonly inputs: fc.Arbitrary<string>;
  /** What mutations insert, and what is repeated to see whether the time grows with the input. */
  readonly tokens: readonly string[];
  /** What the repeats stand behind, so that they are read at all. */
  readonly starts: readonly string[];
  /** Reads the input, and throws what is no documented error. */
  readonly read: (input: string) => void;
  /** Reads the input, and throws when the parser does not keep a promise. */
  readonly check: (input: string) => void;
}

type ErrorClass = abstract new (...args: never[]) => MirrorError;

/** What `parse` returns; undefined where it refuses with the one error that is documented. */
export function outcome<T>(parse: () => T, documented: ErrorClass): { readonly value: T } | undefined {
  try {
    return { value: parse() };
  } catch (error) {
    if (!(error instanceof documented)) throw error;
    demand(!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(error.message), 'the message is one line');
    return undefined;
  }
}

/** Fails when a promise is not kept; `promise` says which. */
export function demand(isKept: boolean, promise: string): asserts isKept {
  if (!isKept) throw new Error(`not kept: ${promise}`);
}

/** Fails unless both are the same as JSON. */
export function demandSame(found: unknown, expected: unknown, promise: string): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`not kept: ${promise}: ${one?.slice(0, 2000)} is not ${other?.slice(0, 2000)}`);
}
