/** Texts made of pieces, for grammars that are not worth more. */
import fc from 'fast-check';

/** Up to `most` of `pieces`, one behind the other. */
export function runOf(pieces: readonly string[], most: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...pieces), { maxLength: most }).map((found) => found.join(''));
}

/** The texts one behind the other. */
export function sequence(...texts: readonly (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> {
  const parts = texts.map((text) => (typeof text === 'string' ? fc.constant(text) : text));
  return fc.tuple(...parts).map((found) => found.join(''));
}

/** One of `words`. */
export function oneOf(...words: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...words);
}

/** JSON of little depth, with the keys and values that a format knows among others. */
export function jsonOf(keys: readonly string[], leaves: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: false },
      fc.constantFrom(...leaves, null, true, 0, -1, 1e21, '', 'x'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc
        .array(fc.tuple(fc.constantFrom(...keys, '__proto__', 'toString', 'toJSON'), tie('value')), { maxLength: 4 })
        .map(objectOf),
    ),
  })).value;
}

/** An object with these members of its own, also one that is called `__proto__`. */
export function objectOf(members: readonly (readonly [string, unknown])[]): object {
  return JSON.parse(`{${members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`);
}
