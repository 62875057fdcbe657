import t from 'tap';
import { contains, parseSpecifier, pinnedVersion, type Specifier } from '../../src/packaging/specifier.ts';
import { parseVersion } from '../../src/packaging/version.ts';
import { judge, judgeOrReason } from './judge.ts';
import { nearVersions, relatedVersions, sample, specifiers, versions } from './spellings.ts';

const parsed = (text: string): Specifier => {
  const specifier = parseSpecifier(text);
  if (specifier === undefined) throw new Error(`${text} is no specifier`);
  return specifier;
};

const rows: readonly (readonly [specifier: string, allowed: string, refused: string])[] = [
  ['', '1 1.0a1 1+local 0.dev0', ''],
  ['~=2.2', '2.2 2.2.1 2.9 2.2.post1 2.3.dev1 2.2+local', '2.1 3 3.0a1 3.dev0 2.2rc1'],
  ['~=1.4.5', '1.4.5 1.4.9', '1.4.4 1.5 1.5.dev0 2'],
  ['~=2.2.post3', '2.2.post3 2.3 2.99', '2.2 2.2.post2 3'],
  ['~=1.4.5a4', '1.4.5a4 1.4.5b1 1.4.5 1.4.6', '1.4.5a3 1.5'],
  ['~=1!2.2', '1!2.2 1!2.5', '2.2 1!3 2!2.2'],
  ['==1.1', '1.1 1.1.0 1.1+local 1.1.0+x.1', '1.1a1 1.1.post1 1.1.dev1 1.1.1 1.0 1!1.1'],
  ['==1.1+local', '1.1+local 1.1.0+LOCAL', '1.1 1.1+local.1 1.1+other'],
  ['==1.1.post1', '1.1.post1 1.1-1', '1.1 1.1.post2'],
  ['==1.1.*', '1.1 1.1a1 1.1.dev0 1.1.post1 1.1.1 1.1.0.9 1.1+x', '1 1.0 1.10 1.2 1.2.dev0 1!1.1'],
  ['==1.0.*', '1 1.0.5 1.dev1 1a1', '1.1 0.9'],
  ['!=1.1', '1.1a1 1.1.post1 1.2', '1.1 1.1.0 1.1+local'],
  ['!=1.1.*', '1 1.2 1.2.dev0', '1.1 1.1a1 1.1.post1 1.1.5'],
  ['>=1.1', '1.1 1.1+x 1.1.post1 1.2.dev1 1!0', '1.1a1 1.1.dev1 1.0'],
  ['<=1.1', '1.1 1.1+x 1.1a1 1.0 1.1.dev1', '1.1.post1 1.1.0.1 1!0'],
  ['>1.7', '1.7.1 1.8 1.8.dev1 1.7.0.1', '1.7 1.7.0.post1 1.7.post2 1.7+x 1.7.post1+x 1.7a1'],
  ['>1.7.post2', '1.7.post3 1.7.post3.dev0 1.7.1', '1.7.post2 1.7.post2+x 1.7'],
  ['>1.7a1', '1.7a2 1.7b1 1.7 1.7a2+x', '1.7a1+x 1.7a1.post1 1.7a1'],
  ['>1.7.dev1', '1.7.dev2 1.7 1.7a1 1.7.post1', '1.7.dev1 1.7.dev1+x'],
  ['<1.7', '1.6 1.6.post9 1.6+x', '1.7 1.7a1 1.7.dev0 1.7.0rc1'],
  ['<1.7rc1', '1.7a1 1.7.dev1 1.7rc1.dev5 1.6', '1.7rc1 1.7'],
  ['<1.7.post1', '1.7 1.7+x 1.7rc1', '1.7.post1 1.7.post1.dev0'],
  ['===1.0', '1.0', '1 1.0.0 1.0+x v1.0'],
  ['===Any-Thing', 'any-thing ANY-THING', '1.0 any'],
  ['>=1.0,!=1.3.4.*,<2', '1.0 1.3.5', '1.3.4 1.3.4.7 2 2.0a1 0.9'],
  [' >= 1.0 , < 2 , ', '1.5', '2 0.9'],
  ['>=20240101123456', '20240101123456.0 20240101123457', '20240101123455'],
  ['==9007199254740993.*', '9007199254740993.1', '9007199254740992.1 9007199254740994'],
  ['~=1.9007199254740993.0', '1.9007199254740993.5', '1.9007199254740992.5 1.9007199254740994.0'],
];

t.test('a specifier allows what PEP 440 says, and nothing else', async (t) => {
  const list = (text: string): string[] => text.split(' ').filter((version) => version !== '');
  for (const [text, allowed, refused] of rows) {
    const specifier = parsed(text);
    for (const version of list(allowed)) t.ok(contains(specifier, version), `${text} allows ${version}`);
    for (const version of list(refused)) t.notOk(contains(specifier, version), `${text} refuses ${version}`);
  }
});

t.test('a text that is no version is allowed by === and where nothing is demanded', async (t) => {
  t.ok(contains(parsed(''), 'french toast'));
  t.ok(contains(parsed('===2004d'), '2004D'));
  for (const text of ['>=0', '!=1', '==1.*', '!=1.*', '===2004d,>=0']) t.notOk(contains(parsed(text), '2004d'), text);
});

t.test('=== compares the text as it is written', async (t) => {
  t.notOk(contains(parsed('===1.0'), '1.0 '));
  const version = parseVersion('v1.0 ');
  t.ok(version && contains(parsed('===1.0'), version), 'that of a version is the normal one');
});

t.test('pre-releases can be refused altogether', async (t) => {
  t.ok(contains(parsed('>=1.0a1'), '1.0a1'));
  t.notOk(contains(parsed('>=1.0a1'), '1.0a1', false));
  t.notOk(contains(parsed(''), '1.0.dev1', false));
  t.ok(contains(parsed(''), '1.0.post1', false));
});

t.test('a specifier names pre-releases when a clause that asks for something does', async (t) => {
  const naming = ['>=1.0a1', '==1.0.dev1', '<2.0rc1', '~=1.0b2', '===1.0rc1', '>=1,<2.dev0', '>=1.0.post1.dev0'];
  const others = ['', '>=1.0', '!=1.0a1', '==1.0.*', '>=1.0.post1', '===french-toast', '!=1.0a1,>=1'];
  for (const text of naming) t.ok(parsed(text).namesPrereleases, text);
  for (const text of others) t.notOk(parsed(text).namesPrereleases, text);
});

t.test('only a single == or === without a wildcard pins a version', async (t) => {
  const pins: [string, string][] = [
    ['==1.0', '1.0'],
    ['== v1.0-RC1', '1.0rc1'],
    ['===1.0', '1.0'],
    ['==1.0+local', '1.0+local'],
  ];
  for (const [text, version] of pins) t.equal(pinnedVersion(parsed(text))?.text, version, text);
  const others = ['', '==1.*', '>=1', '~=1.0', '!=1', '==1,==1', '==1.0,>=1', '===french-toast'];
  for (const text of others) t.equal(pinnedVersion(parsed(text)), undefined, text);
});

t.test('what PEP 440 does not allow is no specifier', async (t) => {
  const invalid = [
    '1.0',
    '=1.0',
    '=>1.0',
    '>=',
    '>= 1 0',
    '~=1',
    '~=1!1',
    '~=1.0+x',
    '~=1.0.*',
    '>=1.0.*',
    '<1.0+x',
    '>=1.0+x',
    '==1.0a1.*',
    '==1.0.post1.*',
    '==1.0+x.*',
    '==1.0 .*',
    '==.*',
    '==*',
    '==1.*.1',
    '===a b',
    '===a;b',
    '===a)',
    '>=1.0;',
    '(>=1.0)',
    '>=french-toast',
    '>=1.0 <2.0',
    '>=1.0,x',
    `>=${'1'.repeat(300)}`,
    `==${'9'.repeat(255)}.*`,
    `>=1,${' '.repeat(10_000)}`,
  ];
  for (const text of invalid) t.equal(parseSpecifier(text), undefined, text.slice(0, 30));
});

interface Told {
  readonly namesPrereleases: boolean;
  readonly all: readonly boolean[];
  readonly finals: readonly boolean[];
}

t.test('every specifier allows what packaging allows', await judgeOrReason(), async (t) => {
  const texts = sample(specifiers, 3000);
  const pool = [...sample(relatedVersions, 300), ...sample(versions, 150), ...sample(nearVersions, 20)];
  const asked = texts.map((text, index) => {
    const own = text.split(/[,<>=!~ ]+/).filter((part) => part !== '' && !part.endsWith('*'));
    return [
      ...own,
      ...own.map((version) => `${version}+x`),
      ...Array.from({ length: 12 }, (_, at) => pool[(index * 13 + at * 37) % pool.length] ?? ''),
    ];
  });
  const answers = await judge<Told | null>(texts.map((text, index) => ['contains', text, asked[index]]));
  t.ok(answers.filter((told) => told === null).length > 100, 'some specifiers are badly formed');
  const allowed = answers.flatMap((told) => told?.all ?? []);
  t.ok(allowed.filter(Boolean).length > allowed.length / 10 && !allowed.every(Boolean), 'some versions are allowed');
  for (const [index, text] of texts.entries()) {
    const specifier = parseSpecifier(text);
    const own = specifier && {
      namesPrereleases: specifier.namesPrereleases,
      all: asked[index]?.map((version) => contains(specifier, version)),
      finals: asked[index]?.map((version) => contains(specifier, version, false)),
    };
    if (JSON.stringify(own ?? null) !== JSON.stringify(answers[index])) {
      t.fail(JSON.stringify([text, asked[index], own, answers[index]]));
    }
  }
});
