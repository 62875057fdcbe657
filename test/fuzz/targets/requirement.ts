import fc from 'fast-check';
import type { MarkerEnvironment } from '../../../src/packaging/environment.ts';
import { evaluateMarker, type Marker, parseMarker } from '../../../src/packaging/marker.ts';
import { parseRequirement, type Requirement } from '../../../src/packaging/requirement.ts';
import { demand, demandSame, type FuzzTarget } from '../fuzz-target.ts';
import { oneOf, runOf, sequence } from './pieces.ts';

const variables =
  'python_version python_full_version os_name sys_platform platform_machine extra extras dependency_groups'.split(' ');
const tokens = [
  ...variables,
  ...[
    'os.name',
    'implementation_version',
    ' in ',
    ' not in ',
    ' and ',
    ' or ',
    '(',
    ')',
    '[',
    ']',
    ',',
    ';',
    '@',
    ' ',
    '\t',
    '\n',
  ],
  ...[
    '==',
    '===',
    '!=',
    '~=',
    '<',
    '>=',
    '"3.12"',
    "'linux'",
    '"',
    "'",
    '\\',
    '1.0',
    '1.*',
    '.*',
    '!',
    '+',
    'é',
    'a',
    'name',
    '-',
    '.',
  ],
  ...['a; os_name == "nt"', '(python_version<"3")', 'https://x/y', 'and(', 'or '],
];
const comparison = sequence(
  oneOf(...variables, '"3.12"', "'linux'", '"x"'),
  oneOf(' == ', '!=', ' >= ', '<', ' in ', ' not in ', '~=', '==='),
  oneOf(...variables, '"3.12"', "'linux'", '"x"', "'3.12.1'"),
);
const { marker } = fc.letrec<{ marker: string }>((tie) => ({
  marker: fc.oneof(
    { depthSize: 'small' },
    comparison,
    sequence(
      tie('marker') as fc.Arbitrary<string>,
      oneOf(' and ', ' or ', 'and'),
      tie('marker') as fc.Arbitrary<string>,
    ),
    sequence('(', tie('marker') as fc.Arbitrary<string>, ')'),
  ),
}));
const clauses = oneOf('', '>=1.0', '(>=1,<2)', '==1.*', '~=1.4.2', '!=1', '===x', ' @ https://x/a.zip ', '>1,', '@x');
const requirement = sequence(oneOf('name', 'A.B-c', '2to3', 'x'), oneOf('', '[a]', '[a, B_c]', ' []'), clauses);

const place: MarkerEnvironment = { python_version: '3.12', os_name: 'posix' };
const places: readonly MarkerEnvironment[] = [
  {
    ...place,
    python_full_version: '3.12.1',
    sys_platform: 'linux',
    platform_machine: 'x86_64',
    implementation_version: '3.12.1',
  },
  {
    ...place,
    python_full_version: '3.12.9',
    sys_platform: 'win32',
    platform_machine: 'AMD64',
    dependency_groups: ['x'],
  },
];

/** What is known of little stays true of more: that is what «unknown» promises. */
function checkMarker(found: Marker): void {
  for (const extras of [[], ['a'], ['x', 'b-c']]) {
    const answers = places.map((more) => evaluateMarker(found, more, extras));
    for (const [less, known] of [
      [{}, undefined],
      [place, undefined],
      [{}, extras],
      [place, extras],
    ] as const) {
      const answer = evaluateMarker(found, less, known);
      const isKept = answer === undefined || answers.every((more) => more === answer);
      demand(isKept, 'an answer that needs no more knowledge does not change with it');
    }
  }
}

/** Without its marker, which is kept in no form that could be written. */
function written({ name, extras, specifier, url }: Requirement): string {
  return `${name}[${extras.join(',')}]${url === undefined ? specifier.text : ` @ ${url}`}`;
}

function partsOf({ name, extras, specifier, url }: Requirement): unknown {
  return [name, extras, specifier.clauses, specifier.namesPrereleases, url];
}

function check(text: string): void {
  const alone = parseMarker(text);
  if (alone !== undefined) checkMarker(alone);
  const found = parseRequirement(text);
  if (found === undefined) return;
  if (found.marker !== undefined) checkMarker(found.marker);
  const again = parseRequirement(written(found));
  demandSame(again && partsOf(again), partsOf(found), 'a requirement that is written again is the same');
}

export const requirements: FuzzTarget = {
  name: 'requirement',
  encoding: 'utf8',
  inputs: fc.oneof(sequence(requirement, oneOf('', ';', ' ; '), marker), requirement, marker, runOf(tokens, 15)),
  tokens,
  starts: ['', 'a', 'a>=', 'a;', 'a[', 'a; os_name == "', 'a; (', 'os_name == "a" and ', 'os_name in '],
  read: (text) => {
    parseMarker(text);
    parseRequirement(text);
  },
  check,
};
