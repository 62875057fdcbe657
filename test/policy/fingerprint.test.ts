import fc from 'fast-check';
import t from 'tap';
import { fingerprintOf } from '../../src/policy/fingerprint.ts';
import { policyOf } from './policy-of.ts';

const files = {
  'r.txt': 'a>=1\nb[x,y]==2\n',
  'commented.txt': '# why\nb[y,x]==2\n\na >= 1  # here\n',
  'other.txt': 'a>=2\n',
};
const print = (toml: string) => fingerprintOf(policyOf(toml, files));

t.test('comments, lines, spellings and defaults mean nothing', async (t) => {
  const toml =
    'projects = ["a", "b-*"]\nrequirements = "r.txt"\n[releases]\nmin-age = "7d"\n[files]\nsystems = ["linux", "macos"]';
  const same = `# first
requirements = ["commented.txt"]

projects = ["B_*", "A"]
dependencies = false
unmirrored = "hide"
[files]
systems = ["darwin", "linux"]
abis = []
sdists = "yes"
[releases]
prereleases = true
min-age = "168h"
[budget]
size = "1TB"`;
  t.same(print(toml), print(same));
  t.match(print(toml).projects, /^[0-9a-f]{16}$/);
});

t.test('whatever decides about projects or files changes its part, and only that', async (t) => {
  const base = print('');
  const projects = [
    'projects = "a"',
    'projects = "a>=1"',
    'projects = "a[x]>=1"',
    'projects = "a*"',
    'projects = "/a*/"',
    'otherwise = "none"',
    'otherwise = "pages-only"',
    'dependencies = true',
    'requirements = "r.txt"',
    'requirements = "other.txt"',
    '[[rule]]\nprojects = "a"\nhold = "none"',
    '[[rule]]\nprojects = "a"\nhold = "pages-only"',
    '[[environment]]\npython = "3.12"',
    '[[environment]]\npython = "3.11"',
  ];
  const held = [
    'unmirrored = "upstream"',
    '[releases]\nprereleases = false',
    '[releases]\nyanked = false',
    '[releases]\nkeep = 3',
    '[releases]\nkeep = 3\nkeep-per = "major"',
    '[releases]\nmin-age = "7d"',
    '[releases]\nmin-age = "7d"\nmin-age-exempt = "a"',
    '[releases]\nmin-age = "7d"\nmin-age-exempt = "/a/"',
    '[releases]\nmax-age = "7d"',
    '[files]\nkinds = "wheel"',
    '[files]\nsdists = "no"',
    '[files]\nsdists = "where-no-wheel-fits"',
    '[files]\nsystems = "linux"',
    '[files]\nmachines = "x86_64"',
    '[files]\npythons = "3.12"',
    '[files]\npythons = "3.12t"',
    '[files]\nabis = "abi3"',
    '[files]\nglibc = "2.28"',
    '[files]\nmusl = "1.2"',
    '[files]\nmax-size = "1GB"',
    '[files]\nmax-project-size = "1GB"',
  ];
  const prints = [...projects, ...held].map(print);
  const own = prints.map((one, index) => (index < projects.length ? one.projects : one.files));
  t.equal(new Set([...own, base.projects, base.files]).size, own.length + 2);
  for (const [index, { projects: rules, files: rest }] of prints.entries()) {
    if (index < projects.length) t.equal(rest, base.files, `${projects[index]}`);
    else t.equal(rules, base.projects, `${held[index - projects.length]}`);
  }
});

t.test('the order of rules counts', async (t) => {
  const rules = ['projects = "a"\nhold = "none"', 'projects = "a*"\nhold = "pages-only"'].map(
    (text) => `[[rule]]\n${text}`,
  );
  t.not(print(rules.join('\n')).projects, print(rules.toReversed().join('\n')).projects);
});

t.test('the order of keys and of list members is irrelevant', async (t) => {
  const tables = [
    ['[releases]', 'keep = 3', 'keep-per = "minor"', 'min-age = "7d"', 'yanked = false'],
    ['[files]', 'kinds = ["wheel", "sdist"]', 'pythons = ["3.11", "3.12"]', 'max-size = "1GB"', 'glibc = "2.28"'],
    ['[[rule]]', 'projects = ["a", "b*", "/c/"]', 'hold = "pages-only"', 'requirements = ["r.txt", "other.txt"]'],
  ];
  const shuffled = fc.tuple(
    ...tables.map(([header = '', ...keys]) =>
      fc.shuffledSubarray(keys, { minLength: keys.length }).map((lines) => [header, ...lines].join('\n')),
    ),
  );
  const reversed = (text: string) =>
    text.replace(/\[("[^\]]*)\]/g, (_, list: string) => `[${list.split(', ').reverse().join(', ')}]`);
  const expected = print(tables.map((lines) => lines.join('\n')).join('\n'));
  fc.assert(
    fc.property(shuffled, fc.boolean(), fc.boolean(), (texts, isReversed, isOther) => {
      const toml = (isOther ? texts.toReversed() : texts).join('\n\n# comment\n');
      const found = print(isReversed ? reversed(toml) : toml);
      return found.projects === expected.projects && found.files === expected.files;
    }),
  );
  t.pass();
});

t.test('each part of a pin and of a constraint counts', async (t) => {
  const [one, other] = ['a'.repeat(64), 'b'.repeat(64)];
  const texts = [
    ['x', ''],
    ['x', 'a==1'],
    ['x', 'a==2'],
    ['x', 'b==1'],
    ['x', `a==1 --hash=sha256:${one}`],
    ['x', `a==1 --hash=sha256:${other}`],
    ['x', `a==1 --hash=sha256:${one} --hash=sha256:${other}`],
    ['x==1', ''],
    ['x[e]==1', ''],
    [`x==1 --hash=sha256:${one}`, ''],
    [`x==1 --hash=sha256:${other}`, ''],
  ];
  const prints = texts.map(([requirement, constraint]) => {
    const files = { 'r.txt': `-c c.txt\n${requirement}\n`, 'c.txt': `${constraint} # constraints\n` };
    return fingerprintOf(policyOf('requirements = ["r.txt"]\ndependencies = true', files)).projects;
  });
  t.equal(new Set(prints).size, texts.length);
});
