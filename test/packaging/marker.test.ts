import fc from 'fast-check';
import t from 'tap';
import { environmentFrom, type MarkerEnvironment, type PlaceSettings } from '../../src/packaging/environment.ts';
import { evaluateMarker, type Marker, parseMarker } from '../../src/packaging/marker.ts';
import { judge, judgeOrReason } from './judge.ts';
import { sample } from './spellings.ts';

const parsed = (text: string): Marker => {
  const marker = parseMarker(text);
  if (marker === undefined) throw new Error(`${text} is no marker`);
  return marker;
};

const settings = (place: PlaceSettings): MarkerEnvironment => {
  const environment = environmentFrom(place);
  if (environment === undefined) throw new Error('these settings make sense');
  return environment;
};

const here: MarkerEnvironment = {
  python_version: '3.12',
  python_full_version: '3.12.4',
  os_name: 'posix',
  sys_platform: 'linux',
  platform_release: '6.8.0-45-generic',
  platform_system: 'Linux',
  platform_version: '#45-Ubuntu SMP',
  platform_machine: 'x86_64',
  platform_python_implementation: 'CPython',
  implementation_name: 'cpython',
  implementation_version: '3.12.4',
};

const elsewhere: MarkerEnvironment = {
  python_version: '2.7',
  python_full_version: '2.7.18',
  os_name: 'nt',
  sys_platform: 'win32',
  platform_release: '10',
  platform_system: 'Windows',
  platform_version: '',
  platform_machine: 'AMD64',
  platform_python_implementation: 'PyPy',
  implementation_name: 'pypy',
  implementation_version: '7.3.13',
};

const rows: readonly (readonly [marker: string, isHere: boolean, isElsewhere: boolean])[] = [
  ["python_version >= '3.8'", true, false],
  ['python_version>="3.8"and os_name=="posix"', true, false],
  ["python_version > '3.9'", true, false],
  ["'3.9' < python_version", true, false],
  ["python_version == '3.12.*'", true, false],
  ["python_version ~= '3.10'", true, false],
  ["python_version in '2.6 2.7'", false, true],
  ["python_version not in '2.7, 3.1'", true, false],
  ["python_full_version < '3.12.10'", true, true],
  ["implementation_version != '3.12.4'", false, true],
  ["os_name == 'posix' and python_version == '3.12'", true, false],
  ["os.name == 'posix'", true, false],
  ["sys.platform == 'linux'", true, false],
  ["'linux' in sys_platform", true, false],
  ["'win' not in sys_platform", true, false],
  ["platform.machine == 'x86_64'", true, false],
  ["platform.version == ''", false, true],
  ["platform.python_implementation == 'CPython'", true, false],
  ["python_implementation == 'CPython'", true, false],
  ["platform_release >= '9'", false, true],
  ["os_name == 'nt' and python_version > '3' or sys_platform == 'linux'", true, false],
  ["sys_platform == 'linux' or os_name == 'nt' and python_version > '3'", true, false],
  ["(os_name == 'nt' or os_name == 'posix') and (sys_platform == 'linux')", true, false],
  ["os_name == 'posix'\tand\t((python_version != '2.7'))", true, false],
  ["sys_platform >= 'linux'", true, false],
  ["sys_platform != 'linux'", false, true],
];

t.test('a marker holds, or does not, as PEP 508 says', async (t) => {
  for (const [text, isHere, isElsewhere] of rows) {
    t.equal(evaluateMarker(parsed(text), here, []), isHere, text);
    t.equal(evaluateMarker(parsed(text), elsewhere, []), isElsewhere, `${text} elsewhere`);
  }
});

t.test('texts that are no versions have no order', async (t) => {
  const no = [
    "sys_platform < 'z'",
    "sys_platform > 'a'",
    "python_version >= 'three'",
    "python_version >= '3.6.*'",
    "platform_release >= '5'",
  ];
  for (const text of no) t.equal(evaluateMarker(parsed(text), here, []), false, text);
  for (const text of ["sys_platform ~= 'linux'", "sys_platform === 'linux'"]) {
    t.equal(evaluateMarker(parsed(text), here, []), undefined, text);
  }
});

t.test('a marker holds for an extra when one that is wanted has its name, however it is spelled', async (t) => {
  const rows: [string, string[], boolean][] = [
    ["extra == 'test'", [], false],
    ["extra == 'test'", ['test'], true],
    ["extra == 'test'", ['doc', 'TEST'], true],
    ["'Foo.Bar' == extra", ['foo-bar'], true],
    ["python_version > '3' and (extra == 'Foo__Bar' or extra == 'x')", ['foo_bar'], true],
    ["extra == 'a' and extra == 'b'", ['a', 'b'], false],
    ["extra == 'a' or os_name == 'posix'", [], true],
    ["extra != 'a'", [], true],
    // The project itself gets installed too, and there nothing is the extra.
    ["extra != 'a'", ['a'], true],
    ["extra == ''", ['a'], true],
    ["extra in 'a b'", ['b'], true],
  ];
  for (const [text, extras, answer] of rows)
    t.equal(evaluateMarker(parsed(text), here, extras), answer, `${text} for ${extras}`);
  t.equal(evaluateMarker(parsed("extra == 'b'"), here, new Set(['b'])), true);
  t.equal(evaluateMarker(parsed("extra == 'b'"), here, undefined), undefined, 'any extra may be wanted');
  t.equal(evaluateMarker(parsed("extra == 'b' and os_name == 'nt'"), here, undefined), false);
});

t.test('lock files ask about sets of extras and groups', async (t) => {
  const locked = { ...here, dependency_groups: ['Dev_Tools'] };
  t.equal(evaluateMarker(parsed("'Dev.Tools' in dependency_groups"), locked, []), true);
  t.equal(evaluateMarker(parsed("'doc' not in dependency_groups"), locked, []), true);
  t.equal(evaluateMarker(parsed("'doc' in dependency_groups"), here, []), undefined, 'groups are not known');
  t.equal(evaluateMarker(parsed("'a' in extras and 'b' in extras"), here, ['a', 'B']), true);
  t.equal(evaluateMarker(parsed("'a' in extras"), here, []), false);
  t.equal(evaluateMarker(parsed("extras == 'a'"), here, ['a']), undefined, 'no other question is defined');
});

t.test('what depends on a variable that is not known is not known, unless the rest decides', async (t) => {
  const some: MarkerEnvironment = { sys_platform: 'linux' };
  const rows: [string, boolean | undefined][] = [
    ["os_name == 'nt'", undefined],
    ["sys_platform == 'linux' and os_name == 'nt'", undefined],
    ["sys_platform == 'win32' and os_name == 'nt'", false],
    ["os_name == 'nt' and sys_platform == 'win32'", false],
    ["sys_platform == 'linux' or os_name == 'nt'", true],
    ["os_name == 'nt' or sys_platform == 'linux'", true],
    ["os_name == 'nt' or sys_platform == 'win32'", undefined],
    ['os_name == os_name', undefined],
    ["'a' == 'b'", undefined],
    // PEP 508 has no escapes, and Python has them.
    ["sys_platform == 'lin\\x75x'", undefined],
  ];
  for (const [text, answer] of rows) t.equal(evaluateMarker(parsed(text), some, []), answer, text);
});

t.test('major and minor of Python answer what is the same for all final releases', async (t) => {
  const place = settings({ python: '3.12' });
  const rows: [string, boolean | undefined][] = [
    ["python_full_version >= '3.9'", true],
    ["python_full_version >= '3.12'", true],
    ["python_full_version < '3.13'", true],
    ["python_full_version < '3.13.0a1'", true],
    ["python_full_version == '3.12.*'", true],
    ["python_full_version != '3.11.*'", true],
    ["python_full_version != '3.11.4'", true],
    ["python_full_version ~= '3.8'", true],
    ["python_full_version < '3.12'", false],
    ["python_full_version <= '3.12.0a6'", false],
    ["python_full_version >= '3.13'", false],
    ["python_full_version >= '3.13.dev0'", false],
    ["python_full_version == '3.11.4'", false],
    ["python_full_version != '3.12.*'", false],
    ["python_full_version > '3.12.0'", undefined],
    ["python_full_version <= '3.12'", undefined],
    ["python_full_version == '3.12.4'", undefined],
    ["python_full_version != '3.12.4'", undefined],
    ["python_full_version === '3.12.4'", undefined],
    ["'3.9' <= python_full_version", undefined],
  ];
  for (const [text, answer] of rows) t.equal(evaluateMarker(parsed(text), place, []), answer, text);
  t.equal(evaluateMarker(parsed("python_full_version >= '3.9'"), {}, []), undefined);
});

t.test('short settings become what Python says in such a place', async (t) => {
  t.same(settings({}), {});
  t.same(settings({ python: '3.12', platform: 'linux', machine: 'x86_64', implementation: 'cpython' }), {
    python_version: '3.12',
    os_name: 'posix',
    sys_platform: 'linux',
    platform_system: 'Linux',
    platform_machine: 'x86_64',
    implementation_name: 'cpython',
    platform_python_implementation: 'CPython',
  });
  t.match(settings({ python: '3.12.4', implementation: 'cpython' }), {
    python_full_version: '3.12.4',
    implementation_version: '3.12.4',
  });
  t.notOk('implementation_version' in settings({ python: '3.12.4', implementation: 'pypy' }), 'PyPy has its own');
  const spelled: [PlaceSettings, string | undefined][] = [
    [{ platform: 'windows', machine: 'x86_64' }, 'AMD64'],
    [{ platform: 'linux', machine: 'amd64' }, 'x86_64'],
    [{ platform: 'linux', machine: 'arm64' }, 'aarch64'],
    [{ platform: 'macos', machine: 'aarch64' }, 'arm64'],
    [{ platform: 'windows', machine: 'arm64' }, 'ARM64'],
    [{ platform: 'linux', machine: 's390x' }, 's390x'],
    [{ machine: 's390x' }, 's390x'],
    [{ machine: 'x86_64' }, undefined],
  ];
  for (const [place, machine] of spelled) t.equal(settings(place).platform_machine, machine, JSON.stringify(place));
  for (const python of ['3', 'three', '', '1!3.12', '3.x']) t.equal(environmentFrom({ python }), undefined, python);
});

t.test('what PEP 508 does not allow is no marker', async (t) => {
  const invalid = [
    '',
    ' ',
    'os_name',
    "os_name == 'a",
    'os_name == a',
    "os_name = 'a'",
    "os_name == 'a' os_name == 'b'",
    "os_name == 'a' and",
    "or os_name == 'a'",
    "(os_name == 'a'",
    "os_name == 'a')",
    '()',
    "os_names == 'a'",
    "python_version is '3'",
    "os_name notin 'a'",
    "os_name not 'a'",
    "not os_name == 'a'",
    "os_name == 'a' && os_name == 'b'",
    "os_name == 'a'; os_name == 'b'",
    "python.version == '3'",
    "os_name == 'a'\nor os_name == 'b'",
  ];
  for (const text of invalid) t.equal(parseMarker(text), undefined, JSON.stringify(text));
});

t.test('a marker that is absurdly deep or long is none', async (t) => {
  const nested = (depth: number): string => `${'('.repeat(depth)}os_name == 'a'${')'.repeat(depth)}`;
  t.ok(parseMarker(nested(50)));
  t.equal(parseMarker(nested(51)), undefined);
  t.equal(parseMarker(nested(10_000)), undefined);
  t.equal(parseMarker('('.repeat(30_000)), undefined);
  const chain = (length: number): string => Array.from({ length }, () => "os_name == 'a'").join(' or ');
  t.equal(evaluateMarker(parsed(chain(1000)), here, []), false);
  t.equal(parseMarker(chain(3000)), undefined);
});

const versionVariables = ['python_version', 'python_full_version', 'implementation_version', 'platform_release'];
const textVariables = [
  'os_name',
  'os.name',
  'sys_platform',
  'platform.machine',
  'platform_system',
  'platform_version',
  'python_implementation',
  'implementation_name',
];
const quote = (text: string): fc.Arbitrary<string> => fc.constantFrom(`'${text}'`, `"${text}"`);
const order = ['<', '<=', '>', '>=', '==', '!='];
const between = fc
  .constantFrom('', ' ', '\t ')
  .map((space) => (word: string) => (/\w/.test(word) ? ` ${word} ` : space + word + space));

function comparison(
  variables: readonly string[],
  operators: readonly string[],
  texts: readonly string[],
): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.constantFrom(...variables),
      fc.constantFrom(...operators),
      fc.constantFrom(...texts).chain(quote),
      between,
      fc.boolean(),
    )
    .map(([variable, operator, text, spaced, isReversed]) =>
      isReversed ? text + spaced(operator) + variable : variable + spaced(operator) + text,
    );
}

const atoms = fc.oneof(
  {
    weight: 4,
    arbitrary: comparison(
      versionVariables,
      [...order, '~=', '==='],
      ['3.12', '3.9', '3.12.4', '3.13', '2.7', '6.8', '3.12.0a1', '3.12.post1'],
    ),
  },
  {
    weight: 1,
    arbitrary: comparison(
      versionVariables,
      [...order, 'in', 'not in'],
      ['3', '3.12.*', '2.7 3.12', '3.12,3.13', '', ' 3.12 ', '3.x', '6.8.0-45-generic'],
    ),
  },
  {
    weight: 3,
    arbitrary: comparison(
      textVariables,
      [...order, 'in', 'not in', 'not  in'],
      ['linux', 'posix', 'win32', 'Linux', 'x86_64', 'CPython', 'cpython', 'i', '', '1.0', 'linux win32'],
    ),
  },
  { weight: 4, arbitrary: comparison(['extra'], ['==', '!=', 'in'], ['a', 'foo-bar', 'b c', '']) },
);
const { combined } = fc.letrec<{ combined: string; part: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    atoms,
    tie('combined').map((text) => `(${text})`),
  ),
  combined: fc
    .tuple(tie('part'), fc.array(fc.tuple(fc.constantFrom(' and ', ' or ', '  and\t'), tie('part')), { maxLength: 3 }))
    .map(([first, rest]) => first + rest.flat().join('')),
}));
const nearMarkers = fc
  .tuple(combined, fc.nat(60), fc.constantFrom(' ', '(', ')', "'", 'and', '=', 'x', ''), fc.nat(2))
  .map(([text, at, more, gone]) => text.slice(0, at) + more + text.slice(at + gone));

const windows = settings({ python: '3.9.1', platform: 'windows', machine: 'x86_64' });
const environments: readonly MarkerEnvironment[] = [here, elsewhere, { ...here, ...windows }];
const wantedExtras: readonly (readonly string[])[] = [[], ['Foo.Bar'], ['a'], ['a', 'foo_bar'], ['other']];

t.test('every marker means what it means to packaging', await judgeOrReason(), async (t) => {
  const texts = [...sample(atoms, 3000), ...sample(combined, 1500), ...sample(nearMarkers, 1500)];
  const asked = texts.map((text, index) => {
    return [text, environments[index % 3] ?? {}, wantedExtras[index % 5] ?? []] as const;
  });
  const answers = await judge<boolean | 'invalid' | null>(asked.map((question) => ['marker', ...question]));
  const wrong = asked.filter(([text, environment, extras], index) => {
    const marker = parseMarker(text);
    const told = answers[index];
    if (told === 'invalid' || marker === undefined) return told !== 'invalid' || marker !== undefined;
    // Where a part has no meaning packaging gives no answer, although the others may decide.
    return told !== null && evaluateMarker(marker, environment, extras) !== told;
  });
  t.same(wrong, []);
  for (const answer of [true, false, 'invalid']) {
    t.ok(answers.filter((told) => told === answer).length > 500, `the answer is ${answer} for some`);
  }
});

t.test('an answer without some variables is the answer with them', async () => {
  const names = Object.keys(here) as (keyof typeof here)[];
  fc.assert(
    fc.property(combined, fc.constantFrom(...environments), fc.subarray(names), (text, environment, known) => {
      const partial = Object.fromEntries(known.map((name) => [name, environment[name]]));
      const marker = parsed(text);
      const answer = evaluateMarker(marker, partial, []);
      return answer === undefined || answer === evaluateMarker(marker, environment, []);
    }),
    { numRuns: 2000 },
  );
});
