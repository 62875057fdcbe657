import fc from 'fast-check';
import { contains, parseSpecifier, pinnedVersion, type Specifier } from '../../../src/packaging/specifier.ts';
import { compareVersions, parseVersion, type Version } from '../../../src/packaging/version.ts';
import { versions } from '../../packaging/spellings.ts';
import { demand, demandSame, type FuzzTarget } from '../fuzz-target.ts';
import { oneOf, runOf, sequence } from './pieces.ts';

const tokens = [
  ...[
    '0',
    '1',
    '01',
    '9007199254740993',
    '99999999999999999999',
    '.',
    '-',
    '_',
    '+',
    '!',
    '*',
    '.*',
    ' ',
    '\t',
    '\n',
    'v',
    ',',
    'é',
  ],
  ...[
    'a',
    'b',
    'rc',
    'c',
    'alpha',
    'preview',
    'post',
    'rev',
    'r',
    'dev',
    '.dev0',
    '.post1',
    'a1',
    '1!',
    '+ubuntu.1',
    '١',
    'K',
  ],
  ...['==', '!=', '<=', '>=', '<', '>', '~=', '==='],
];
const clause = sequence(
  oneOf('==', '!=', '<=', '>=', '<', '>', '~=', '===', ''),
  versions,
  oneOf('', '', '', '.*', ' '),
);
const specifier = fc.array(clause, { minLength: 1, maxLength: 3 }).map((clauses) => clauses.join(','));

/** A version whose normal text is longer than any name of a file cannot be asked about by that text. */
const maxLength = 255;

function checkVersion(version: Version): void {
  const { text } = version;
  if (text.length > maxLength) return;
  const again = parseVersion(text);
  demandSame(again, version, 'a normal text spells the same version');
  const isLocal = version.local !== undefined;
  const answers: readonly (readonly [string, boolean | undefined])[] = [
    ['==', true],
    ['===', true],
    ['!=', false],
    ['>=', isLocal ? undefined : true],
    ['<=', isLocal ? undefined : true],
    ['>', isLocal ? undefined : false],
    ['<', isLocal ? undefined : false],
  ];
  for (const [operator, expected] of answers) {
    const asked = parseSpecifier(operator + text);
    // The end of what such a clause allows may be a version that is too long.
    if (asked === undefined && text.length > maxLength - 10) continue;
    demandSame(asked && contains(asked, version), expected, `${operator} and the version itself`);
  }
}

function checkOrder(one: Version, other: Version): void {
  const [there, back] = [compareVersions(one, other), compareVersions(other, one)];
  demand(there + back === 0, 'the order is the same from both sides');
  const [at, not] = [parseSpecifier(`==${other.text}`), parseSpecifier(`!=${other.text}`)];
  if (at !== undefined && not !== undefined)
    demand(contains(at, one) !== contains(not, one), '!= is the contrary of ==');
  const from = other.local === undefined ? parseSpecifier(`>=${other.text}`) : undefined;
  if (from !== undefined) demand(contains(from, one) === there >= 0, '>= is the order');
}

function checkSpecifier(found: Specifier, all: readonly Version[]): void {
  const again = parseSpecifier(found.text);
  demandSame(again, found, 'a specifier that is read again is the same');
  for (const version of all) {
    const each = found.clauses.map((one) => contains({ ...found, clauses: [one] }, version));
    demand(
      contains(found, version) === each.every((allows) => allows),
      'a specifier allows what all its clauses allow',
    );
    if (version.text.length <= maxLength) {
      demand(contains(found, version) === contains(found, version.text), 'a version and its text are the same');
    }
  }
  const pin = pinnedVersion(found);
  demand(pin === undefined || contains(found, pin) || found.clauses[0]?.operator === '===', 'a pin allows its version');
}

function check(text: string): void {
  const lines = text.split('\n');
  const all = lines.map(parseVersion).filter((version) => version !== undefined);
  for (const version of all) checkVersion(version);
  for (const one of all) for (const other of all) checkOrder(one, other);
  for (const line of lines) {
    const found = parseSpecifier(line);
    if (found !== undefined) checkSpecifier(found, all.slice(0, 10));
  }
}

export const version: FuzzTarget = {
  name: 'version',
  encoding: 'utf8',
  inputs: fc.oneof(
    fc.tuple(versions, versions, specifier).map((lines) => lines.join('\n')),
    runOf(tokens, 12),
  ),
  tokens,
  starts: ['', '1', '>=1', '==1.'],
  read: (text) => {
    parseVersion(text);
    parseVersion(text.slice(0, maxLength));
    parseSpecifier(text);
  },
  check,
};
