/** Changes to inputs: what a network, a disk or an attacker makes of a text that was right. */
import fc from 'fast-check';
import type { FuzzTarget } from './fuzz-target.ts';

/** Longer inputs find nothing more, and cost more. */
const maxInputBytes = 4096;

type Mutation = (text: string) => string;

/** A place in any text, as a share of its length. */
const place = fc.nat(0xffff);

function at(text: string, share: number): number {
  return Math.floor((share * (text.length + 1)) / 0x10000);
}

function replaced(text: string, from: number, length: number, by: string): string {
  return text.slice(0, from) + by + text.slice(from + length);
}

/** One change, with the help of what `target` knows and of other inputs. */
function mutation({ tokens }: FuzzTarget, corpus: readonly string[]): fc.Arbitrary<Mutation> {
  const token = fc.constantFrom(...tokens);
  return fc.oneof(
    place.map(
      (share): Mutation =>
        (text) =>
          text.slice(0, at(text, share)),
    ),
    fc.tuple(place, fc.nat(255)).map(([share, code]): Mutation => {
      const byte = String.fromCharCode(code);
      return (text) => replaced(text, at(text, share), 1, byte);
    }),
    fc.tuple(place, fc.nat(40)).map(
      ([share, length]): Mutation =>
        (text) =>
          replaced(text, at(text, share), length, ''),
    ),
    fc.tuple(place, fc.nat(6), token).map(
      ([share, length, by]): Mutation =>
        (text) =>
          replaced(text, at(text, share), length, by),
    ),
    fc.tuple(place, token).map(
      ([share, by]): Mutation =>
        (text) =>
          replaced(text, at(text, share), 0, by),
    ),
    fc.tuple(place, fc.integer({ min: 1, max: 30 }), fc.nat(50)).map(([share, length, times]): Mutation => {
      return (text) => {
        const from = at(text, share);
        return replaced(text, from, 0, text.slice(from, from + length).repeat(times));
      };
    }),
    fc.tuple(place, place, fc.constantFrom(...corpus)).map(
      ([here, there, other]): Mutation =>
        (text) =>
          text.slice(0, at(text, here)) + other.slice(at(other, there)),
    ),
  );
}

/** Inputs of every kind: as the format has them, from the corpus, and changed. `corpus` must not be empty. */
export function fuzzInputs(target: FuzzTarget, corpus: readonly string[]): fc.Arbitrary<string> {
  const base = fc.oneof({ weight: 3, arbitrary: target.inputs }, { weight: 2, arbitrary: fc.constantFrom(...corpus) });
  return fc
    .tuple(base, fc.array(mutation(target, corpus), { maxLength: 4 }))
    .map(([text, mutations]) => mutations.reduce((changed, mutate) => mutate(changed).slice(0, maxInputBytes), text))
    .map((text) => asRead(text, target.encoding));
}

/** `text` as it comes out of a file that it was written to. */
export function asRead(text: string, encoding: FuzzTarget['encoding']): string {
  return Buffer.from(text, encoding).toString(encoding);
}
