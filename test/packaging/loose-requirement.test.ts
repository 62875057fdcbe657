import fc from 'fast-check';
import t from 'tap';
import { parseLooseRequirement } from '../../src/packaging/loose-requirement.ts';
import { parseRequirement } from '../../src/packaging/requirement.ts';
import { contains } from '../../src/packaging/specifier.ts';

/** `name[extras]specifier; guard`, and what could not be read. */
function brief(text: string): string | undefined {
  const found = parseLooseRequirement(text);
  if (found === undefined) return undefined;
  const { name, extras, specifier, guard, unread } = found;
  const pieces = [
    name,
    extras.length > 0 ? `[${extras}]` : '',
    specifier.text,
    guard === undefined ? '' : `; ${guard}`,
  ];
  return pieces.join('') + (unread === undefined ? '' : ` (${unread})`);
}

t.test('loosely spelled requirements are read as they are meant', async (t) => {
  const rows: readonly (readonly [text: string, expected: string])[] = [
    ['six >= 1.10.*', 'six>=1.10'],
    ['esdsl (>=7.2.0<8.0.0)', 'esdsl>=7.2.0,<8.0.0'],
    ['c (==1.0', 'c==1.0'],
    ['c ==1.0)', 'c==1.0'],
    ['d >=1.0 <2.0', 'd>=1.0,<2.0'],
    ['d>=1.0<2.0 ; python_version < "3"', 'd>=1.0,<2.0; python_version < "3"'],
    ['b>dev', 'b'],
    ['b>=dev,<3', 'b<3'],
    ['b [x, Y_z] (>=1.0 !=1.5', 'b[x,y-z]>=1.0,!=1.5'],
    ["b>='2.7'", 'b>=2.7'],
    ['b<3.4.*', 'b<3.4'],
    ['b<=1.5.*', 'b<1.6'],
    ['b>1.9.*', 'b>1.9'],
    ['b!=3.0*', 'b!=3.0.*'],
    ['b!=~5.0', 'b!=5.0.*'],
    ['b~=1', 'b>=1'],
    ['b>=1.0+local', 'b>=1.0'],
    ['b>=1.0.', 'b>=1.0'],
    ['b>=1.0,;', 'b>=1.0'],
    ['b;', 'b'],
    ['b>=1; ', 'b>=1'],
    ['b @ https://files.example/b.whl', 'b'],
  ];
  for (const [text, expected] of rows) t.equal(brief(text), expected, text);
});

t.test('what installers allow is allowed', async (t) => {
  const allows = (text: string, ...versions: string[]): void => {
    const { specifier } = parseLooseRequirement(text) ?? {};
    for (const version of versions) t.ok(specifier && contains(specifier, version), `${text}: ${version}`);
  };
  allows('six >= 1.10.*', '1.10', '1.10.0', '1.11', '2.0');
  allows('b<=1.5.*', '1.5', '1.5.9', '1.4');
  allows('b>dev', '0.1', '1.0a1');
});

t.test('what cannot be read allows any version, and may hold', async (t) => {
  const rows: readonly (readonly [text: string, expected: string])[] = [
    ['a ^1.0', 'a (versions)'],
    ['a=1.0', 'a (versions)'],
    ['a =>1.0', 'a (versions)'],
    ['a==2004d', 'a (versions)'],
    ['a >= one', 'a (versions)'],
    ['a # why', 'a (versions)'],
    ['a[x>=1', 'a (versions)'],
    ['a>=1; python_version<3', 'a>=1; python_version<3 (marker)'],
    ['a ^1; os_name == "nt"', 'a; os_name == "nt" (versions)'],
  ];
  for (const [text, expected] of rows) t.equal(brief(text), expected, text);
  for (const text of ['', '>=1.0', '../a', '; os_name == "nt"', '-a-']) t.equal(brief(text), undefined, text);
});

t.test('the beginning of an address is no project', async (t) => {
  const addresses = [
    'git+https://git.example/a.git@1.0#egg=a',
    'https://files.example/a.zip',
    'file:///srv/a',
    'a/b',
    'C:\\\\a',
  ];
  for (const text of addresses) t.equal(brief(text), undefined, text);
});

t.test('what is spelled right is read as it always was', async () => {
  const names = fc.constantFrom('a', 'A.b', 'c-d[x,y]');
  const versions = fc.constantFrom('', '>=1.0,<2', ' (==1.*)', '~=1.4', '===x', ' @ https://files.example/a.whl');
  const markers = fc.constantFrom('', ' ; os_name == "nt"', ' ; extra == "x"');
  fc.assert(
    fc.property(names, versions, markers, (name, version, marker) => {
      const text = name + version + marker;
      const strict = parseRequirement(text);
      const { guard, unread, ...loose } = parseLooseRequirement(text) ?? {};
      return JSON.stringify(loose) === JSON.stringify(strict) && unread === undefined && guard === guardOf(marker);
    }),
  );
});

const guardOf = (marker: string): string | undefined => (marker === '' ? undefined : marker.slice(' ; '.length));

t.test('no text is too strange, and none takes long', async () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9.,;()[\]<>=!~ '"*+-]{0,40}$/), (text) => {
      parseLooseRequirement(text);
    }),
  );
  const before = process.cpuUsage();
  for (const piece of ['(', '>=', '>=1 ', 'a', '[', ',', '!=~1.', ' '])
    parseLooseRequirement(`a${piece.repeat(30_000)}`);
  // Other programs on the machine do not count.
  if (process.cpuUsage(before).user > 2_000_000) throw new Error('it takes long');
});
