import fc from 'fast-check';
import { parseToml } from '../../../src/cli/config/config-file.ts';
import { UsageError } from '../../../src/core/errors.ts';
import type { ListedRequirement, ListedRequirements } from '../../../src/formats/requirements/listed-requirement.ts';
import { parseListedRequirements } from '../../../src/formats/requirements/listed-requirements.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { oneOf, runOf, sequence } from './pieces.ts';

const sha256 = '0123456789abcdef'.repeat(4);
/** Stands between the files `0`, `1`, and so on. */
const nextFile = '\n%%\n';
const tokens = [
  ...[
    'flask',
    '==1.0',
    '>=1,<2',
    '[a]',
    ' ; os_name == "nt"',
    ' # x',
    '#',
    '\n',
    '\r\n',
    '\\\n',
    '\\',
    ' ',
    '\t',
    '\f',
    '\x85',
    '\u2028',
  ],
  ...[
    '-r 1\n',
    '-c 2\n',
    '-r 0\n',
    '--requirement=1',
    '-e .',
    '--hash=sha256:',
    `--hash=sha256:${sha256}`,
    '--hash md5:x',
    '-i x',
    '--pre',
  ],
  ...[
    '"',
    "'",
    '--',
    '-',
    '=',
    `\${X}`,
    '@ https://u:p@h/x',
    './a',
    'a/b',
    'x.whl',
    'x.zip[a]',
    nextFile,
    '\0',
    'é',
    '\ufeff',
    '../',
    '//',
  ],
];
const line = fc.oneof(
  sequence(
    oneOf('flask', 'A.b_c[x]', 'zope.interface', './local', 'https://h/x.zip', 'x-1.0.whl'),
    oneOf('', '==1.0', '>=1,<2', ' ~= 1.4', '===x', ' @ https://h/x.zip'),
    oneOf('', '; python_version < "3"', ' # note', ` --hash=sha256:${sha256}`, ' \\', ';'),
  ),
  oneOf(
    '',
    '# x',
    '-r 1',
    '-c 1',
    '-c 2',
    '-r ./1',
    '--pre',
    '-e .',
    '--index-url https://h/',
    '--hash=sha256:x',
    '-z',
  ),
);
const file = fc.array(line, { maxLength: 5 }).map((lines) => lines.join('\n'));

function filesOf(text: string): ReadonlyMap<string, string> {
  return new Map(text.split(nextFile).map((content, index) => [String(index), content]));
}

function read(text: string): ListedRequirements {
  const files = filesOf(text);
  const readFile = (path: string): string => {
    const found = files.get(path.replace(/^(?:\.?\/)*/, ''));
    if (found === undefined) throw new UsageError(`${path}: no such file`);
    return found;
  };
  return parseListedRequirements('0', { read: readFile, parseToml });
}

function written({ requirement, sha256s }: ListedRequirement): string {
  const { name, extras, specifier } = requirement;
  return `${name}[${extras.join(',')}]${specifier.text}${sha256s.map((hash) => ` --hash=sha256:${hash}`).join('')}\n`;
}

function partsOf({ requirement, sha256s }: ListedRequirement): unknown {
  const { name, extras, specifier } = requirement;
  return [name, extras, specifier.clauses, sha256s];
}

function check(text: string): void {
  const listed = outcome(() => read(text), UsageError)?.value;
  if (listed === undefined) return;
  const files = filesOf(text);
  for (const { where } of [...listed.requirements, ...listed.constraints]) {
    const [, path = '', number] = /^\W*(\d+):(\d+)$/.exec(where) ?? [];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: three of them end a line
    const lines = files.get(path)?.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/) ?? [];
    demand(Number(number) >= 1 && Number(number) <= lines.length, `a requirement stands on a line: ${where}`);
  }
  demand(
    listed.notes.every((note) => !note.includes('\n')),
    'a note is one line',
  );
  // A URL that a marker or a path stands for is not written again.
  const plain = listed.requirements.filter(({ requirement }) => requirement.url === undefined);
  const again = read(plain.map(written).join(''));
  demandSame(again.requirements.map(partsOf), plain.map(partsOf), 'requirements that are written again are the same');
}

export const requirementsFile: FuzzTarget = {
  name: 'requirements-file',
  encoding: 'utf8',
  inputs: fc.oneof(
    fc.array(file, { minLength: 1, maxLength: 3 }).map((files) => files.join(nextFile)),
    runOf(tokens, 20),
  ),
  tokens,
  starts: ['', 'flask --hash=', 'flask ', '-r 1 ', 'x.zip', '--hash="', '#', 'flask; '],
  read: (text) => void outcome(() => read(text), UsageError),
  check,
};
