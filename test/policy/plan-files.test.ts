import t from 'tap';
import { parseSpecifier, type Specifier } from '../../src/packaging/specifier.ts';
import { planFiles } from '../../src/policy/plan-files.ts';
import { decideProject } from '../../src/policy/project-decision.ts';
import { dependencyWant, ownWant } from '../../src/policy/want.ts';
import { dayMs, explained, heldFiles, named, pageOf, policyOf, type TestFile } from './policy-of.ts';

const sha256 = 'ab'.repeat(32);

function specifier(text: string): Specifier {
  const parsed = parseSpecifier(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function nextChange(toml: string, files: readonly (string | TestFile)[], day: number): number | undefined {
  const policy = policyOf(toml);
  return planFiles(policy, decideProject(policy, named('a')), pageOf('a', files), dayMs(day)).nextChange;
}

/** The versions that are held of sources. */
function heldVersions(toml: string, files: readonly (string | TestFile)[], day?: number): string {
  return heldFiles(policyOf(toml), pageOf('a', files), day)
    .map((name) => name.slice(2, -'.zip'.length))
    .join(' ');
}

const zips = (versions: string) => versions.split(' ').map((version) => `a-${version}.zip`);

t.test('each file is explained by the rule that decides about it', async (t) => {
  const policy = policyOf(`
projects = ["a<9"]
[releases]
keep = 2
yanked = false
min-age = "7d"
[files]
kinds = ["wheel", "sdist"]
systems = ["linux"]
max-size = "1kB"
`);
  const page = pageOf('a', [
    { name: 'a-9.0.zip', day: 1 },
    { name: 'a-1.0.zip', day: 1 },
    { name: 'a-2.0.zip', day: 1 },
    { name: 'a-3.0.zip', day: 1, size: 1001 },
    { name: 'a-3.0-py3-none-win_amd64.whl', day: 1 },
    { name: 'a-3.0-py3-none-any.whl', day: 1 },
    { name: 'a-3.0-py3.8.egg', day: 1 },
    { name: 'a-4.0.zip', day: 1, yanked: true },
    { name: 'a-4.1.zip', day: 30 },
    { name: 'a-4.2.zip' },
    { name: 'a-x.zip', day: 1 },
    { name: 'strange', day: 1 },
  ]);
  t.same(explained(policy, page), [
    'a-9.0.zip  left out  mirror.toml:2 (a<9): 9.0 is not wanted',
    'a-1.0.zip  left out  mirror.toml:4 (keep = 2): 3rd newest of 3 releases',
    'a-2.0.zip  held  mirror.toml:2 (a<9)',
    'a-3.0.zip  left out  mirror.toml:10 (max-size = "1kB"): 1001 bytes',
    'a-3.0-py3-none-win_amd64.whl  left out  mirror.toml:9 (systems = ["linux"]): does not fit',
    'a-3.0-py3-none-any.whl  held  mirror.toml:2 (a<9)',
    'a-3.0-py3.8.egg  left out  mirror.toml:8 (kinds = ["wheel", "sdist"]): egg',
    'a-4.0.zip  left out  mirror.toml:5 (yanked = false): yanked',
    'a-4.1.zip  left out  mirror.toml:6 (min-age = "7d"): uploaded 2024-01-30',
    'a-4.2.zip  left out  mirror.toml:6 (min-age = "7d"): its upload time is not told',
    'a-x.zip  left out  mirror.toml:2 (a<9): x, which is no version, is not wanted',
    'strange  left out  mirror.toml:2 (a<9): no version in its name',
  ]);
});

t.test('nothing is held of a project in quarantine, whatever is pinned', async (t) => {
  const policy = policyOf('requirements = "r.txt"', { 'r.txt': `a==1 --hash=sha256:${sha256}` });
  const page = pageOf('a', [{ name: 'a-1.zip', sha256 }], 'quarantined');
  t.same(explained(policy, page), ['a-1.zip  left out  quarantined by the index']);
});

t.test('a pinned hash decides: other files of its release are not held for it', async (t) => {
  const page = pageOf('a', [
    { name: 'a-1.zip', sha256 },
    { name: 'a-1-py3-none-any.whl', sha256: 'cd'.repeat(32) },
  ]);
  const r = `a==1 --hash=sha256:${sha256}`;
  t.same(explained(policyOf('requirements = "r"', { r }), page), [
    'a-1.zip  held  r:1 (a==1): pinned by its sha256',
    'a-1-py3-none-any.whl  left out  r:1 (a==1): its sha256 is not one of those that are pinned',
  ]);
  t.same(heldFiles(policyOf('requirements = "r"', { r: `a --hash=sha256:${sha256}` }), page), ['a-1.zip']);
  t.same(heldFiles(policyOf('requirements = "r"', { r: `a==1 --hash=sha256:${'0'.repeat(64)}` }), page), []);
  t.same(heldFiles(policyOf('requirements = "r"', { r: 'a==1 --hash=sha384:00' }), page).length, 2, 'another kind');
  const both = { r, plain: 'a==1', newest: 'a' };
  t.same(heldFiles(policyOf('requirements = ["r", "plain"]', both), page).length, 2, 'somebody else wants all of it');
  t.same(heldFiles(policyOf('requirements = ["r", "newest"]\n[files]\nkinds = "wheel"', both), page), [
    'a-1.zip',
    'a-1-py3-none-any.whl',
  ]);
});

t.test('no files are held of a project of which only pages are', async (t) => {
  const policy = policyOf('[[rule]]\nprojects = "a"\nhold = "pages-only"');
  t.same(explained(policy, pageOf('a', ['a-1.zip'])), ['a-1.zip  left out  mirror.toml:3 (hold = "pages-only"): a']);
});

t.test('a pinned release passes [releases], a pinned file [files] as well', async (t) => {
  const rules = `
[releases]
prereleases = false
yanked = false
keep = 1
min-age = "7d"
[files]
kinds = ["wheel"]
max-size = "1kB"
max-project-size = "1kB"
`;
  const page = pageOf('a', [
    { name: 'a-1.0rc1.zip', day: 30, yanked: true, size: 5000, sha256 },
    { name: 'a-1.0rc1-py3-none-any.whl', day: 30, yanked: true },
    { name: 'a-1.0rc1-py2-none-any.whl', day: 30, yanked: true, size: 1001 },
    { name: 'a-2.0-py3-none-any.whl', day: 1 },
    { name: 'a-3.0-py3-none-any.whl', day: 30 },
  ]);
  t.same(heldFiles(policyOf(`projects = "a==1.0rc1"${rules}`), page), ['a-1.0rc1-py3-none-any.whl']);
  const pinned = policyOf(`requirements = "r.txt"${rules}`, { 'r.txt': `a==1.0rc1 --hash=sha256:${sha256}` });
  t.same(explained(pinned, page).slice(0, 1), ['a-1.0rc1.zip  held  r.txt:1 (a==1.0rc1): pinned by its sha256']);
  t.same(heldFiles(policyOf(`projects = ["a", "a==1.0rc1"]${rules}`), page), [
    'a-1.0rc1-py3-none-any.whl',
    'a-2.0-py3-none-any.whl',
  ]);
});

t.test('the pin of a dependency makes no file older', async (t) => {
  const policy = policyOf('projects = "x"\n[releases]\nmin-age = "7d"\nyanked = false\nkeep = 1');
  const page = pageOf('a', [
    { name: 'a-1.zip', day: 1, yanked: true },
    { name: 'a-2.zip', day: 1 },
    { name: 'a-3.zip', day: 30 },
    { name: 'a-4.zip', day: 30, yanked: true },
  ]);
  const because = { where: undefined, text: 'dependency of x 1' };
  const pin = (text: string) => [dependencyWant(named('a'), specifier(text), [], undefined, because)];
  t.same(heldFiles(policy, page, 31, pin('==1')), ['a-1.zip']);
  t.same(heldFiles(policy, page, 31, pin('==3')), []);
  t.same(heldFiles(policy, page, 31, pin('==4')), []);
  t.same(heldFiles(policy, page, 40, pin('==4')), ['a-4.zip']);
});

t.test('pre-releases are for wants that name one, and for those that have nothing else', async (t) => {
  const without = '\n[releases]\nprereleases = false';
  t.equal(heldVersions(without, zips('1.0 2.0a1 2.0.dev1')), '1.0');
  t.equal(heldVersions(without, zips('2.0a1 2.0.dev1 x')), '2.0a1 2.0.dev1 x');
  t.equal(heldVersions(`projects = "a>=2.0a0"${without}`, zips('1.0 2.0a1 2.0 3.0b1')), '2.0a1 2.0 3.0b1');
  t.equal(heldVersions(`projects = "a>1"${without}`, zips('1.0 2.0a1')), '2.0a1');
  t.equal(heldVersions(`projects = ["a", "a>1"]${without}`, zips('1.0 2.0a1')), '1.0 2.0a1');
  t.equal(heldVersions(`${without}\nyanked = false`, [{ name: 'a-1.zip', yanked: true }, 'a-2a1.zip']), '2a1');
});

t.test('pre-releases stay until the first final release is old enough', async (t) => {
  const toml = '[releases]\nprereleases = false\nmin-age = "7d"';
  const files = [
    { name: 'a-1a1.zip', day: 1 },
    { name: 'a-1.zip', day: 20 },
  ];
  t.equal(heldVersions(toml, files, 21), '1a1');
  t.equal(heldVersions(toml, files, 27), '1');
});

t.test('it is told when time will change the plan', async (t) => {
  const files = [{ name: 'a-1.zip', day: 1 }, { name: 'a-2.zip', day: 20 }, 'a-3.zip'];
  const young = '[releases]\nmin-age = "7d"';
  t.equal(nextChange(young, files, 21), dayMs(27));
  t.equal(heldVersions(young, files, 26.99), '1');
  t.equal(heldVersions(young, files, 27), '1 2');
  t.equal(nextChange(young, files, 27), undefined);
  const old = '[releases]\nmax-age = "2w"';
  t.equal(nextChange(old, files, 2), dayMs(15));
  t.equal(heldVersions(old, files, 14.99), '1 2 3');
  t.equal(heldVersions(old, files, 15), '2 3');
  t.equal(nextChange(old, files, 15), dayMs(34));
  t.equal(nextChange(`projects = "a==2"\n${young}`, files, 21), undefined, 'what is pinned need not wait');
  t.equal(nextChange(`${young}\nyanked = false`, [{ name: 'a-1.zip', day: 20, yanked: true }], 21), undefined);
});

t.test('projects can be exempt from min-age', async (t) => {
  const files = [{ name: 'a-1.zip', day: 30 }];
  for (const exempt of ['"A"', '["x", "a*"]', '"/^a$/"']) {
    t.equal(heldVersions(`[releases]\nmin-age = "7d"\nmin-age-exempt = ${exempt}`, files), '1', exempt);
  }
  t.equal(heldVersions('[releases]\nmin-age = "7d"\nmin-age-exempt = ["b"]', files), '');
});

t.test('the newest releases are kept, for each want and group', async (t) => {
  const all = zips('1.0 1.1 1.1.1 1.2 2.0 2.1 2.1.1 3.0 1!0.5 x');
  const keep = (count: number, per = 'project') => `\n[releases]\nkeep = ${count}\nkeep-per = "${per}"`;
  t.equal(heldVersions(keep(2), all), '3.0 1!0.5');
  t.equal(heldVersions(keep(1, 'major'), all), '1.2 2.1.1 3.0 1!0.5');
  t.equal(heldVersions(keep(1, 'minor'), all), '1.0 1.1.1 1.2 2.0 2.1.1 3.0 1!0.5');
  t.equal(heldVersions(`projects = ["a<2", "a<1.1", "a>=2"]${keep(1)}`, all), '1.0 1.2 1!0.5');
  t.equal(heldVersions(`projects = ["a", "a==1.1"]${keep(2)}`, all), '1.1 3.0 1!0.5');
  t.equal(heldVersions(keep(10), all), all.map((name) => name.slice(2, -4)).join(' '));
  t.equal(heldVersions(keep(9), all), '1.0 1.1 1.1.1 1.2 2.0 2.1 2.1.1 3.0 1!0.5', 'what is no version is oldest');
});

t.test('only releases that have a file left are counted', async (t) => {
  const files = ['a-1.zip', { name: 'a-2.zip', yanked: true }, 'a-3.egg', 'a-4.zip'];
  t.equal(heldVersions('[releases]\nkeep = 2\nyanked = false\n[files]\nkinds = "sdist"', files), '1 4');
});

t.test('the files of one version are one release, however they spell it', async (t) => {
  const files = ['a-1.0.zip', 'a-1.0.0.zip', 'a-1.zip', 'a-0.9.zip'];
  t.equal(heldVersions('[releases]\nkeep = 1', files), '1.0 1.0.0 1');
});

t.test('a project takes no more room than it may, newest releases first', async (t) => {
  const files = [
    { name: 'a-1.zip', size: 10 },
    { name: 'a-2.zip', size: 600 },
    { name: 'a-3.zip', size: 300, sha256 },
    { name: 'a-4.zip', size: 300 },
    { name: 'a-4.tar.gz', size: 100 },
  ];
  const room = (kilobytes: string) => `\n[files]\nmax-project-size = "${kilobytes}kB"`;
  const held = (projects: string, kilobytes: string) =>
    heldFiles(policyOf(projects + room(kilobytes), { r: `a>3\na==3 --hash=sha256:${sha256}` }), pageOf('a', files));
  t.same(
    held('', '1.31'),
    files.map(({ name }) => name),
  );
  t.same(
    held('', '1.3'),
    files.slice(1).map(({ name }) => name),
  );
  t.same(held('', '1.2'), ['a-3.zip', 'a-4.zip', 'a-4.tar.gz'], 'nothing older fills the gap');
  t.same(held('', '0.4'), ['a-4.zip', 'a-4.tar.gz']);
  t.same(held('requirements = "r"', '0.6'), ['a-3.zip'], 'what is pinned comes first');
  t.same(held('requirements = "r"', '0.1'), ['a-3.zip'], 'a hash passes every rule');
});

t.test('whoever holds wheels holds the index of their variants', async (t) => {
  const files = ['a-1-py3-none-any-x86v3.whl', 'a-1-variants.json', 'a-1.zip'];
  t.same(heldFiles(policyOf('[files]\nkinds = "wheel"'), pageOf('a', files)), files.slice(0, 2));
});

t.test('what names no place is held for every place', async (t) => {
  const files = ['a-1.zip', 'a-1-broken.whl', 'a-1-py3-none-any.whl', 'a-1.win32.exe', 'a-1-cp38-cp38-win32.whl'];
  const policy = policyOf('[files]\nsystems = "linux"\npythons = ["3.12"]');
  t.same(heldFiles(policy, pageOf('a', files)), files.slice(0, 3));
});

t.test('a combination that no key alone rules out is told as the first one', async (t) => {
  const policy = policyOf('[files]\nsystems = ["linux", "macos"]\nmachines = ["x86_64"]');
  t.same(explained(policy, pageOf('a', ['a-1-py3-none-macosx_11_0_arm64.win_amd64.whl'])), [
    'a-1-py3-none-macosx_11_0_arm64.win_amd64.whl  left out  mirror.toml:2 (systems = ["linux", "macos"]): does not fit',
  ]);
});

t.test('wants of which one allows everything need no name to be read', async (t) => {
  const policy = policyOf('projects = ["a>5", "a"]');
  t.same(explained(policy, pageOf('a', ['nonsense'])), ['nonsense  held  mirror.toml:1 (a>5)']);
  t.same(heldFiles(policyOf('otherwise = "none"'), pageOf('a', ['a-1.zip']), 1, [ownWant({ where: 'x', text: 'y' })]), [
    'a-1.zip',
  ]);
});
