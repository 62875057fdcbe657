/** Requirements files against pip's own parser. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { UsageError } from '../../../src/core/errors.ts';
import type { ListedRequirement } from '../../../src/formats/requirements/listed-requirement.ts';
import { parseListedRequirements } from '../../../src/formats/requirements/listed-requirements.ts';
import { someCases } from '../../fixtures/every-case.ts';
import { sha } from './listed.ts';
import { lacksPip, type PipRequirement, readByPip } from './requirements-by-pip.ts';

const skip = await lacksPip();

const names = ['alpha', 'Beta_Two', 'g.a-m', 'x'];
const specifiers = ['', '==1.0', ' >= 1.0, < 2', '~=1.4.2', '!=1.*', '==1.0+l.1', '>1', ' (>=1.0,<2)'];
const markers = ['', '; python_version >= "3.8"', " ; sys_platform=='linux' and os_name != 'nt'", ';', ' ; '];
const hashes = ['', ` --hash=sha256:${sha('a')}`, ` --hash sha256:${sha('b')} \\\n  --hash="sha256:${sha('c')}"`];
const ends = [
  '',
  ' # a comment',
  ' # a comment \\',
  '   ',
  ' \\\n',
  ' \\\n# ends it',
  '\t#tab',
  ' \\\\',
  '\f',
  '\r',
  '\r\n',
];

const oneOf = (texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const joined = (...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(''));

const named = joined(
  oneOf(['', ' ', '\\\n']),
  oneOf(names),
  oneOf(['', '[a]', '[b_c, d]', ' []']),
  oneOf(specifiers),
  oneOf(markers),
  oneOf(hashes),
  oneOf(ends),
);
const addressed = joined(
  oneOf(names),
  oneOf([' @ ', '@']),
  oneOf(['https://x.example/a-1.0.zip', 'git+https://x.example/a@v1', 'file:///a.whl', `https://x.example/\${NAME}`]),
  oneOf(markers),
  oneOf(ends),
);
const other = oneOf([
  '',
  '# comment',
  '  # comment \\',
  '-i https://x.example/simple',
  `--index-url=https://\${TOKEN}@x.example`,
  '--extra-index-url "https://x.example/a b"',
  '--no-binary :all: --pre',
  '--require-hashes',
  '--extra https://x.example',
  '--find wheels',
  '-r inner.txt',
  '-rinner.txt',
  '--requirement=inner.txt',
  "-r 'with space.txt'",
  '-r with\\ space.txt',
  '-c inner.txt',
  '--const inner.txt',
  'alpha -r inner.txt',
  '-e git+https://x.example/a.git#egg=a',
  'git+https://x.example/a.git@main#egg=a',
  // Joined with the line before, pip takes both for one path; here that is refused.
  '\nhttps://x.example/a-1.0.tar.gz',
  '\n./missing-1.0-py3-none-any.whl',
  '\n./missing-1.0.zip',
  '\nmissing-1.0-py3-none-any.whl',
]);
const wrong = oneOf([
  'a b',
  'a=1',
  'a==1.0 --unknown',
  '--pre=1',
  '-r missing.txt',
  '-r',
  '[section]',
  'a; b == 1',
  'a==1.0 \\ ',
  '-r "open',
  '-x y',
  '--no z',
  '==1',
]);

const line = fc.oneof(
  { weight: 8, arbitrary: named },
  { weight: 3, arbitrary: addressed },
  { weight: 6, arbitrary: other },
  { weight: 1, arbitrary: wrong },
);
const files = fc.array(line, { minLength: 1, maxLength: 6 }).map((lines) => lines.join('\n'));

/** As pip tells it. A file that is included twice in the same way is not read twice. */
function ours(folder: string, path: string): PipRequirement[] | null {
  const read = (wanted: string): string => {
    try {
      return readFileSync(join(folder, wanted), 'utf8');
    } catch (cause) {
      throw new UsageError(`${wanted}: cannot be read`, { cause });
    }
  };
  try {
    const { requirements, constraints } = parseListedRequirements(path, { read, parseToml: () => undefined });
    return [...requirements.map((one) => told(one, false)), ...constraints.map((one) => told(one, true))];
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

function told({ requirement, sha256s, where }: ListedRequirement, isConstraint: boolean): PipRequirement {
  const { name, extras, specifier, url, marker } = requirement;
  const colon = where.lastIndexOf(':');
  return {
    name,
    extras: [...extras].sort(),
    clauses: specifier.text
      .replace(/\s/g, '')
      .split(',')
      .filter((text) => text !== '')
      .sort(),
    hasUrl: url !== undefined,
    hasMarker: marker !== undefined,
    isConstraint,
    hashes: sha256s.map((sha256) => `sha256:${sha256}`).sort(),
    file: where.slice(0, colon),
    line: Number(where.slice(colon + 1)),
  };
}

/** What a mirror does not hold is left out, and order is no matter. */
function comparable(found: readonly PipRequirement[]): string[] {
  return [...new Set(found.filter(({ name }) => name !== undefined).map((one) => JSON.stringify(one, keys)))].sort();
}

const keys = [...['name', 'extras', 'clauses', 'hasUrl', 'hasMarker', 'isConstraint', 'hashes', 'file', 'line']];

t.test('pip reads the same requirements in the same files', { skip }, async (t) => {
  const folder = t.testdir({
    'inner.txt': 'inner>=1 \\\n ,<3\n\n-c narrow.txt',
    'narrow.txt': 'x<2\n',
    'with space.txt': 'spaced',
  });
  const texts = someCases(fc.sample(files, { numRuns: 600, seed: 381 }), 2);
  const paths = texts.map((text, index) => {
    writeFileSync(join(folder, `${index}.txt`), text);
    return `${index}.txt`;
  });
  const answers = await readByPip(folder, paths);
  t.equal(answers.length, paths.length);
  const read = answers.filter((answer) => answer !== null);
  t.ok(read.length > texts.length / 2 && read.length < paths.length, `pip reads ${read.length} of ${paths.length}`);
  const differing = answers.flatMap((expected, index) => {
    const found = ours(folder, paths[index] ?? '');
    const isSame = JSON.stringify(expected && comparable(expected)) === JSON.stringify(found && comparable(found));
    return isSame
      ? []
      : [{ text: texts[index], expected: expected && comparable(expected), found: found && comparable(found) }];
  });
  t.same(differing.slice(0, 3), [], `${differing.length} differ`);
});
