/** Texts to ask about: versions, specifiers and markers, well and badly formed, the same ones in every run. */
import fc from 'fast-check';

const digits = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('0', '1', '2', '3', '9', '10', '00', '01') },
  { weight: 1, arbitrary: fc.constantFrom('20240101123456', '9007199254740993', '9007199254740992') },
  { weight: 1, arbitrary: fc.constantFrom(`1${'0'.repeat(39)}`, '9'.repeat(40), `0${'9'.repeat(39)}`) },
);
const separator = fc.constantFrom('', '.', '-', '_');
const release = fc.array(digits, { minLength: 1, maxLength: 4 }).map((numbers) => numbers.join('.'));
const numberOrNone = fc.oneof(digits, fc.constant(''));

function part(...words: string[]): fc.Arbitrary<string> {
  const word = fc.constantFrom(...words, ...words.map((text) => text.toUpperCase()));
  return fc.tuple(separator, word, separator, numberOrNone).map((parts) => parts.join(''));
}

function sometimes(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: text });
}

const pre = part('a', 'alpha', 'b', 'beta', 'c', 'rc', 'pre', 'preview');
const post = fc.oneof(
  part('post', 'rev', 'r'),
  digits.map((number) => `-${number}`),
);
const dev = part('dev');
const localSegment = fc.oneof(digits, fc.constantFrom('a', 'abc', 'ab', 'Ubuntu', '1a', 'z9'));
const local = fc
  .array(localSegment, { minLength: 1, maxLength: 3 })
  .chain((segments) => fc.constantFrom('.', '-', '_').map((between) => `+${segments.join(between)}`));

/** Without a local part. */
export const publicVersions = fc
  .tuple(
    sometimes(fc.constantFrom('v', 'V')),
    sometimes(fc.constantFrom('0!', '1!', '01!', '2!')),
    release,
    sometimes(pre),
    sometimes(post),
    sometimes(dev),
  )
  .map((parts) => parts.join(''));

/** Every spelling that PEP 440 allows. */
export const versions = fc.tuple(publicVersions, sometimes(local)).map((parts) => parts.join(''));

const few = fc.constantFrom('0', '1', '2');

function often(...texts: string[]): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constant(''),
    fc.tuple(fc.constantFrom(...texts), few).map((parts) => parts.join('')),
  );
}

/** Versions of which any two have much in common. */
export const relatedVersions = fc
  .tuple(
    fc.constantFrom('1', '1.0', '1.0.0', '1.0.1', '1.1', '1.1.0', '2', '1!1.0', '0'),
    often('a', 'b', 'rc'),
    often('.post'),
    often('.dev'),
    often('+', '+a.', '+a'),
  )
  .map((parts) => parts.join(''));

/** What comes near. */
export const nearVersions = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0019.-_+!*vabcrdepost '), maxLength: 12 }),
  fc
    .tuple(versions, fc.nat(20), fc.constantFrom('', '.', '-', '+', '!', ' ', '*', 'x', '1', '\n', '\t', 'dev', 'é'))
    .map(([text, at, more]) => text.slice(0, at) + more + text.slice(at)),
);

const clause = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('<', '<=', '>', '>=', '~=', '==', '!='), publicVersions) },
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('<', '<=', '>', '>=', '~=', '==', '!='), relatedVersions) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('==', '!=', '===', '=== '), versions) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('==', '!='), fc.constantFrom('1.*', '1.0.*', '1.0.0.0.*', '1!1.*')),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom('==', '!=', '== ', '~='),
      release.map((text) => `${text}.*`),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('===', '===', '==', '=', '>', '~= '), nearVersions) },
);

/** Specifiers of few clauses, some badly formed. */
export const specifiers = fc
  .array(
    clause.map((parts) => parts.join('')),
    { maxLength: 3 },
  )
  .chain((clauses) => fc.constantFrom(',', ', ', ' ,').map((between) => clauses.join(between)));

/** The same `count` texts in every run. */
export function sample<T>(texts: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(texts, { numRuns: count, seed: 440 });
}
