import fc from 'fast-check';
import t from 'tap';
import { projectName } from '../../src/core/names.ts';

t.test('every valid spelling of a name is normalized as PEP 503 says', async (t) => {
  const spellings: [string, string][] = [
    ['iniconfig', 'iniconfig'],
    ['friendly-bard', 'friendly-bard'],
    ['Friendly-Bard', 'friendly-bard'],
    ['FRIENDLY-BARD', 'friendly-bard'],
    ['friendly.bard', 'friendly-bard'],
    ['friendly_bard', 'friendly-bard'],
    ['friendly--bard', 'friendly-bard'],
    ['FrIeNdLy-._.-bArD', 'friendly-bard'],
    ['zope.interface', 'zope-interface'],
    ['A', 'a'],
    ['0', '0'],
    ['2to3', '2to3'],
    ['a.b_c-d', 'a-b-c-d'],
    ['constructor', 'constructor'],
    ['x'.repeat(200), 'x'.repeat(200)],
  ];
  for (const [spelling, normal] of spellings) {
    t.equal(projectName(spelling), normal, JSON.stringify(spelling));
  }
});

t.test('what the metadata rules forbid has no normalized form', async (t) => {
  const invalid = [
    '',
    ' ',
    '-',
    '.',
    '..',
    '_',
    '-a',
    'a-',
    '.a',
    'a.',
    '_a',
    'a_',
    '__proto__',
    'a b',
    ' a',
    'a\n',
    'a\r',
    '\na',
    'a\0',
    'a\tb',
    'a/b',
    '../a',
    'a/../b',
    'a\\b',
    'a%2fb',
    'a:b',
    'a+b',
    'a@b',
    'a,b',
    'a[extra]',
    'a;b',
    'a&b',
    '<a>',
    "a'b",
    '~a',
    'é',
    'naïve',
    '\u017f',
    '\u212a',
    '\u0430bc',
    '\u0663',
    'a\u202eb',
    'a\u200bb',
    '\ufeffa',
    '😀',
    'x'.repeat(201),
  ];
  for (const text of invalid) t.equal(projectName(text), undefined, encodeURI(text) || 'nothing');
});

t.test('normalizing what is normalized changes nothing, whatever the name', async () => {
  const character = fc.constantFrom(...'aZ09-_.');
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
      const name = projectName(text);
      return name === undefined || (projectName(name) === name && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name));
    }),
  );
});

t.test('spellings that differ in case and separators only are one project', async () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcz059'), minLength: 1, maxLength: 6 });
  const separator = fc.string({ unit: fc.constantFrom('-', '_', '.'), minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), separator, fc.boolean(), (words, between, upper) => {
      const spelled = words.join(between);
      return projectName(upper ? spelled.toUpperCase() : spelled) === words.join('-');
    }),
  );
});
