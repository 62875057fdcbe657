import fc from 'fast-check';
import { parseToml } from '../../../src/cli/config/config-file.ts';
import { UsageError } from '../../../src/core/errors.ts';
import type { ListedRequirement, ListedRequirements } from '../../../src/formats/requirements/listed-requirement.ts';
import { parseListedRequirements } from '../../../src/formats/requirements/listed-requirements.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { jsonOf, objectOf } from './pieces.ts';
import { inlineToml, tomlTable, tomlTokens } from './toml-text.ts';

const sha256 = '0123456789abcdef'.repeat(4);
const hash = `sha256:${sha256}`;

/** What tells the lock files apart. */
interface LockFormat {
  readonly path: string;
  /** The members of a package that the format reads, with the values that it likes. */
  readonly members: Readonly<Record<string, readonly unknown[]>>;
  readonly write: (packages: readonly (readonly [string, unknown])[][]) => string;
  /** A package with a name, a version and hashes, and nothing else. */
  readonly plain: (name: string, version: string, sha256s: readonly string[]) => (readonly [string, unknown])[];
}

const common = { name: ['flask', 'Foo.Bar'], version: ['1.0', '2.0rc1', '==1.0', '*'] };
const marker = 'os_name == "nt"';

const pylock: LockFormat = {
  path: 'pylock.toml',
  members: {
    ...common,
    marker: [marker],
    wheels: [[{ hashes: { sha256 } }], [{ hashes: {} }], [{ hashes: { sha256: { toString: 'x' } } }]],
    sdist: [{ hashes: { sha256 } }],
    archive: [
      { url: 'https://h/x.zip', hashes: { sha256 } },
      { path: 'x', hashes: {} },
    ],
    vcs: [{}],
  },
  write: (packages) => `lock-version = "1.0"\n${packages.map((one) => tomlTable('[[packages]]', one)).join('')}`,
  plain: (name, version, sha256s) => [
    ['name', name],
    ['version', version],
    ['wheels', sha256s.map((digits) => ({ hashes: { sha256: digits } }))],
  ],
};

const uvLock: LockFormat = {
  path: 'uv.lock',
  members: {
    ...common,
    source: [{ registry: 'https://h/simple' }, { registry: 'x', url: 'y' }, { git: 'x' }, { url: 'https://h/x.zip' }],
    sdist: [{ hash }, {}],
    wheels: [[{ hash }], [{ hash: 'md5:x' }], [{}]],
    'resolution-markers': [[marker], [marker, marker]],
  },
  write: (packages) => `version = 1\n${packages.map((one) => tomlTable('[[package]]', one)).join('')}`,
  plain: (name, version, sha256s) => [
    ['name', name],
    ['version', version],
    ['source', { registry: 'x' }],
    ['wheels', sha256s.map((digits) => ({ hash: `sha256:${digits}` }))],
  ],
};

const poetryLock: LockFormat = {
  path: 'poetry.lock',
  members: {
    ...common,
    source: [{ type: 'legacy', url: 'x' }, { type: 'git' }, { type: 'url', url: 'https://h/x.zip' }],
    files: [[{ file: 'x', hash }], [{ hash: 'sha1:x' }]],
    markers: [marker, { main: marker, dev: marker }],
    groups: [['main'], ['main', 'dev', 'x']],
  },
  write: (packages) =>
    `${packages.map((one) => tomlTable('[[package]]', one)).join('')}[metadata]\nlock-version = "2.1"\nfiles = {flask = [{hash = "${hash}"}]}\n`,
  plain: (name, version, sha256s) => [
    ['name', name],
    ['version', version],
    ['files', sha256s.map((digits) => ({ hash: `sha256:${digits}` }))],
  ],
};

const pipfileLock: LockFormat = {
  path: 'Pipfile.lock',
  members: {
    ...common,
    hashes: [[hash], ['md5:x'], []],
    markers: [marker],
    extras: [['x', 'Y_z']],
    file: ['https://h/x.zip', './x'],
    git: ['x'],
  },
  write: (packages) => {
    const named = packages.map((one) => [nameIn(one), objectOf(one)] as const);
    return JSON.stringify({ _meta: { 'pipfile-spec': 6 }, default: objectOf(named), develop: {} }, undefined, 4);
  },
  plain: (name, version, sha256s) => [
    ['name', name],
    ['version', `==${version}`],
    ['hashes', sha256s.map((digits) => `sha256:${digits}`)],
  ],
};

function nameIn(members: readonly (readonly [string, unknown])[]): string {
  const name = members.find(([key]) => key === 'name')?.[1];
  return typeof name === 'string' ? name : 'a';
}

function inputsOf({ members, write }: LockFormat): fc.Arbitrary<string> {
  const any = jsonOf(Object.keys(members), Object.values(members).flat());
  const member = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .constantFrom(...Object.entries(members))
        .chain(([key, values]) => fc.tuple(fc.constant(key), fc.constantFrom(...values))),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...Object.keys(members)), any) },
  );
  const needed = fc.constantFrom<(readonly [string, unknown])[]>(
    [],
    [['name', 'flask']],
    [
      ['name', 'flask'],
      ['version', '1.0'],
    ],
    [
      ['name', 'a'],
      ['version', '1'],
      ['source', { registry: 'x' }],
    ],
  );
  const table = fc
    .tuple(needed, fc.array(member, { maxLength: 4 }))
    .map(([first, more]): (readonly [string, unknown])[] => [...new Map<string, unknown>([...first, ...more])]);
  return fc.array(table, { maxLength: 3 }).map(write);
}

function check({ path, write, plain }: LockFormat, text: string): void {
  const listed = outcome(() => readLock(path, text), UsageError)?.value;
  if (listed === undefined) return;
  const lines = text.split('\n').length;
  for (const { where, sha256s } of listed.requirements) {
    const line = Number(where.startsWith(`${path}:`) ? where.slice(path.length + 1) : Number.NaN);
    demand(line >= 1 && line <= lines, `a package stands on a line: ${where}`);
    demand(
      sha256s.every((digits) => /^[0-9a-f]{64}$/.test(digits)),
      'a sha256 has 64 digits',
    );
  }
  demand(
    listed.notes.every((note) => !note.includes('\n')),
    'a note is one line',
  );
  const pinned = pinnedOnes(listed, path === 'Pipfile.lock');
  const again = readLock(
    path,
    write(
      pinned.map(({ requirement, sha256s }) => plain(requirement.name, versionIn(requirement.specifier.text), sha256s)),
    ),
  );
  demandSame(again.requirements.map(partsOf), pinned.map(partsOf), 'packages that are written again are the same');
}

/** Those that a version and a name are enough for; in a table of packages each name stands once. */
function pinnedOnes({ requirements }: ListedRequirements, isByName: boolean): ListedRequirement[] {
  const pinned = requirements.filter(({ requirement: { specifier, url, extras } }) => {
    return url === undefined && extras.length === 0 && /^==[^*,]+$/.test(specifier.text);
  });
  return isByName ? [...new Map(pinned.map((one) => [one.requirement.name, one])).values()] : pinned;
}

function versionIn(specifier: string): string {
  return specifier.slice('=='.length).trim();
}

function partsOf({ requirement, sha256s }: ListedRequirement): unknown {
  return [requirement.name, requirement.specifier.clauses, sha256s];
}

function readLock(path: string, text: string): ListedRequirements {
  return parseListedRequirements(path, { read: () => text, parseToml });
}

function targetOf(name: string, format: LockFormat): FuzzTarget {
  const isJson = format.path === 'Pipfile.lock';
  const keys = Object.keys(format.members).flatMap((key) => (isJson ? `"${key}":` : `${key} = `));
  const values = Object.values(format.members).flatMap((all) =>
    all.map((value) => (isJson ? JSON.stringify(value) : inlineToml(value))),
  );
  const empty = format.write([]);
  const table = format.write([format.plain('a', '1', [])]);
  const json = [
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '\\',
    '\n',
    '"toString":',
    '"__proto__":',
    '1e999',
    '\0',
    'é',
    '{"a":',
    '"a": {',
  ];
  return {
    name,
    encoding: 'utf8',
    inputs: inputsOf(format),
    tokens: [
      ...(isJson ? json : tomlTokens),
      ...keys,
      ...values,
      ...(isJson ? [] : [`${format.write([[]]).split('\n').at(-2)}\n`]),
    ],
    starts: ['', empty, table, ...(isJson ? ['{"_meta": {"pipfile-spec": 6}, "default": {'] : [`${empty}x = [`])],
    read: (text) => void outcome(() => readLock(format.path, text), UsageError),
    check: (text) => check(format, text),
  };
}

export const lockFiles: readonly FuzzTarget[] = [
  targetOf('pylock', pylock),
  targetOf('uv-lock', uvLock),
  targetOf('poetry-lock', poetryLock),
  targetOf('pipfile-lock', pipfileLock),
];
