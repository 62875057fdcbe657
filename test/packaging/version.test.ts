import fc from 'fast-check';
import t from 'tap';
import { compareVersions, parseVersion, type Version } from '../../src/packaging/version.ts';
import { judge, judgeOrReason, type Question } from './judge.ts';
import { nearVersions, relatedVersions, sample, versions } from './spellings.ts';

/** As the judge tells a version; its numbers have all their digits. */
interface Told {
  readonly epoch: string;
  readonly release: readonly string[];
}

function rounded(told: Told | null): object | null {
  return told && { ...told, epoch: Number(told.epoch), release: told.release.map(Number) };
}

function tell(text: string): object | null {
  const version = parseVersion(text);
  if (version === undefined) return null;
  const { order, publicOrder, ...parts } = version;
  return { ...parts, local: parts.local ?? null };
}

const ascending = [
  '0.dev0',
  '0',
  '1.dev0',
  '1.0.dev456',
  '1.0a1',
  '1.0a2.dev456',
  '1.0a12.dev456',
  '1.0a12',
  '1.0b1.dev456',
  '1.0b2',
  '1.0b2.post345.dev456',
  '1.0b2.post345',
  '1.0rc1.dev456',
  '1.0rc1',
  '1.0',
  '1.0+abc.5',
  '1.0+abc.7',
  '1.0+5',
  '1.0+5.a',
  '1.0+5.0',
  '1.0.post456.dev34',
  '1.0.post456',
  '1.0.15',
  '1.1.dev1',
  '1.1',
  '1.9',
  '1.10',
  '20240101123456',
  '20240101123457.1',
  '9007199254740992',
  '9007199254740993',
  `1${'0'.repeat(39)}`,
  `1${'0'.repeat(38)}1`,
  '9'.repeat(200),
  '1!0.1',
  '2!0',
  '10!0',
];

const parsed = (text: string): Version => {
  const version = parseVersion(text);
  if (version === undefined) throw new Error(`${text} is no version`);
  return version;
};

t.test('versions have the order of PEP 440, however long their numbers are', async (t) => {
  const list = ascending.map(parsed);
  for (const [i, a] of list.entries()) {
    for (const [j, b] of list.entries()) {
      if (Math.sign(compareVersions(a, b)) !== Math.sign(i - j)) t.fail(`${a.text} against ${b.text}`);
    }
  }
  t.same([...list].reverse().sort(compareVersions), list);
});

t.test('spellings of one version are equal and have one normal text', async (t) => {
  const spellings: [string, string][] = [
    ['1.1RC1', '1.1rc1'],
    ['00.01', '0.1'],
    ['1.1.a1', '1.1a1'],
    ['1.1-a.1', '1.1a1'],
    ['1.1alpha1', '1.1a1'],
    ['1.1_beta2', '1.1b2'],
    ['1.1c3', '1.1rc3'],
    ['1.1pre3', '1.1rc3'],
    ['1.1-preview-3', '1.1rc3'],
    ['1.2a', '1.2a0'],
    ['1.2-post2', '1.2.post2'],
    ['1.2post', '1.2.post0'],
    ['1.0-r4', '1.0.post4'],
    ['1.0rev', '1.0.post0'],
    ['1.0-1', '1.0.post1'],
    ['1.2dev2', '1.2.dev2'],
    ['1.2-DEV', '1.2.dev0'],
    ['1.0+ubuntu-1', '1.0+ubuntu.1'],
    ['1.0+Ubuntu_01', '1.0+ubuntu.1'],
    ['v1.0', '1.0'],
    [' 1.0\n', '1.0'],
    ['0!1.0', '1.0'],
    ['1!1.0', '1!1.0'],
  ];
  for (const [spelling, normal] of spellings) {
    t.equal(parsed(spelling).text, normal, JSON.stringify(spelling));
    t.equal(compareVersions(parsed(spelling), parsed(normal)), 0);
  }
  t.equal(compareVersions(parsed('1.0.0'), parsed('1')), 0);
  t.equal(parsed('1.0.0').text, '1.0.0');
});

t.test('a version tells its parts', async (t) => {
  const { order, publicOrder, ...parts } = parsed('1!2.0rc3.post4.dev5+local.6');
  t.match(order, publicOrder);
  t.same(parts, {
    text: '1!2.0rc3.post4.dev5+local.6',
    epoch: 1,
    release: [2, 0],
    isPrerelease: true,
    isPostrelease: true,
    isDevrelease: true,
    local: 'local.6',
  });
  t.same(
    [parsed('1.0.post1').isPrerelease, parsed('1.0.dev1').isPrerelease, parsed('1.0b1').isPrerelease],
    [false, true, true],
  );
});

t.test('what PEP 440 does not allow is no version', async (t) => {
  const invalid = [
    '',
    ' ',
    'french toast',
    '1.0+a+',
    '1.0++',
    '1.0+_foobar',
    '1.0+foo&asd',
    '1.0+1+1',
    '1..0',
    '.1',
    '1.',
    '1!',
    '!1',
    '1!2!3',
    '-1',
    '1 .0',
    '1.0x',
    '2004d',
    '1.0-alpha-beta',
    '1.0.*',
    'vv1',
    '١.٠',
    '1.0poſt1',
  ];
  for (const text of invalid) t.equal(parseVersion(text), undefined, JSON.stringify(text));
});

t.test('a text that is longer than a file name is no version', async (t) => {
  t.equal(parsed('1'.repeat(255)).text, '1'.repeat(255));
  t.equal(parseVersion('1'.repeat(256)), undefined);
});

t.test('every spelling means what it means to packaging', await judgeOrReason(), async (t) => {
  const texts = [...sample(versions, 3000), ...sample(nearVersions, 3000)];
  const answers = await judge<Told | null>(texts.map((text) => ['version', text]));
  const wrong = texts.flatMap((text, index) => {
    const [own, told] = [tell(text), rounded(answers[index] ?? null)];
    return JSON.stringify(own) === JSON.stringify(told) ? [] : [{ text, own, told }];
  });
  t.same(wrong, []);
  t.ok(answers.filter((told) => told === null).length > 1000, 'some are no versions');
});

t.test('any two versions have the order that packaging gives them', await judgeOrReason(), async (t) => {
  const pairs = (of: fc.Arbitrary<string>): [string, string][] => sample(fc.tuple(of, of), 3000);
  const asked = [...pairs(versions), ...pairs(relatedVersions)];
  const answers = await judge<number>(asked.map((pair): Question => ['order', ...pair]));
  const wrong = asked.filter(([a, b], index) => compareVersions(parsed(a), parsed(b)) !== answers[index]);
  t.same(wrong, []);
  t.same(new Set(answers), new Set([-1, 0, 1]));
});
