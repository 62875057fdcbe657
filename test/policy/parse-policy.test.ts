import t from 'tap';
import { usesRegexes } from '../../src/policy/parse-policy.ts';
import { policyOf, problemOf } from './policy-of.ts';

const wrong: readonly (readonly [toml: string, problem: string])[] = [
  ['projects = 5', '1: projects: expected a text, found 5'],
  ['projects = [\n"a",\n""]', '3: projects: expected a text, found ""'],
  ['projects = ["-x-"]', '1: projects: expected a project such as flask, acme-*, /^acme-/ or flask>=2, found "-x-"'],
  [
    'projects = ["acme-*>=2"]',
    '1: projects: expected a project such as flask, acme-*, /^acme-/ or flask>=2, found "acme-*>=2"',
  ],
  ['projects = ["a>>2"]', '1: projects: expected a project such as flask, acme-*, /^acme-/ or flask>=2, found "a>>2"'],
  [
    'projects = ["a @ https://x.example/a.zip"]',
    '1: projects: a @ https://x.example/a.zip does not come from the index; leave the URL out',
  ],
  ['projects = [\n"a>=2,<1"]', '2: projects: expected a range that has versions in it for a, found "a>=2,<1"'],
  ['projects = ["a==1,==2"]', '1: projects: expected a range that has versions in it for a, found "a==1,==2"'],
  ['projects = ["a~=1.4,<1.4"]', '1: projects: expected a range that has versions in it for a, found "a~=1.4,<1.4"'],
  ['projects = ["/^a"]', '1: projects: expected a regex between slashes such as /^acme-/, found "/^a"'],
  ['projects = ["//"]', '1: projects: expected a regex between slashes such as /^acme-/, found "//"'],
  ['requirements = [1]', '1: requirements: expected a text, found 1'],
  ['dependencies = "yes"', '1: dependencies: expected true or false, found "yes"'],
  ['unmirrored = "show"', '1: unmirrored: expected "hide" or "upstream", found "show"'],
  ['otherwise = true', '1: otherwise: expected "files" or "pages-only" or "none", found true'],
  ['rule = 3', '1: rule: expected tables [[rule]], found 3'],
  ['[rule]\nhold = "none"', '1: rule: expected tables [[rule]], found {"hold":"none"}'],
  ['\n[[rule]]\nhold = "none"', '2: rule: expected projects or requirements, found neither'],
  [
    '[[rule]]\nprojects = "a"\nhold = "all"',
    '3: rule.hold: expected "files" or "pages-only" or "none" or "local", found "all"',
  ],
  ['[[rule]]\nproject = "a"', '2: rule: unknown key project; did you mean projects?'],
  ['releases = 3', '1: releases: expected a table [releases], found 3'],
  ['[releases]\n\nkep = 3', '3: releases: unknown key kep; did you mean keep?'],
  ['[releases]\nkeep = 0', '2: releases.keep: expected a whole number from 1 on, found 0'],
  ['[releases]\nkeep = 1.5', '2: releases.keep: expected a whole number from 1 on, found 1.5'],
  ['[releases]\nkeep-per = "year"', '2: releases.keep-per: expected "project" or "major" or "minor", found "year"'],
  ['[releases]\nprereleases = 0', '2: releases.prereleases: expected true or false, found 0'],
  ['[releases]\nyanked = "no"', '2: releases.yanked: expected true or false, found "no"'],
  ['[releases]\nmin-age = 7', '2: releases.min-age: expected a time such as "12h", "7d", "2w" or "5y", found 7'],
  [
    '[releases]\nmax-age = "7 months"',
    '2: releases.max-age: expected a time such as "12h", "7d", "2w" or "5y", found "7 months"',
  ],
  [
    '[releases]\nmax-age = "7d"\nmin-age = "1w"',
    '3: releases.min-age: expected less than max-age, found 1w: no file would ever be held',
  ],
  [
    '[releases]\nmin-age-exempt = ["a>=1"]',
    '2: releases.min-age-exempt: expected a project without versions, found "a>=1"',
  ],
  ['[files]\nmax_size = "1GB"', '2: files: unknown key max_size; did you mean max-size?'],
  [
    '[files]\nkinds = ["wheel", "whele"]',
    '2: files.kinds: expected a kind of file, found "whele"; did you mean wheel?',
  ],
  ['[files]\nsdists = "maybe"', '2: files.sdists: expected "yes" or "no" or "where-no-wheel-fits", found "maybe"'],
  ['[files]\nsystems = ["linus"]', '2: files.systems: expected a system, found "linus"; did you mean linux?'],
  ['[files]\nmachines = ["x86_46"]', '2: files.machines: expected a machine, found "x86_46"; did you mean x86_64?'],
  [
    '[files]\npythons = ["three"]',
    '2: files.pythons: expected a Python such as "3.12", "3.13t" or "pypy3.10", found "three"',
  ],
  ['[files]\npythons = [3.12]', '2: files.pythons: expected a text, found 3.12'],
  ['[files]\nabis = ["abi 3"]', '2: files.abis: expected an ABI tag such as "abi3" or "cp312", found "abi 3"'],
  ['[files]\nglibc = 2.28', '2: files.glibc: expected a version in quotes such as "2.28", found 2.28'],
  ['[files]\nmusl = "1"', '2: files.musl: expected a version in quotes such as "2.28", found "1"'],
  ['[files]\nmax-size = 1000', '2: files.max-size: expected a size such as "500MB" or "1.5GiB", found 1000'],
  [
    '[files]\nmax-project-size = "1Gb"',
    '2: files.max-project-size: expected a size such as "500MB" or "1.5GiB", found "1Gb"',
  ],
  ['[environment]\npython = "3.12"', '1: environment: expected tables [[environment]], found {"python":"3.12"}'],
  ['[[environment]]\npython = "3"', '2: environment.python: expected a version such as "3.12", found "3"'],
  [
    '[[environment]]\nplatform = "beos"',
    '2: environment.platform: expected "linux" or "macos" or "windows", found "beos"',
  ],
  ['[[environment]]\nmachine = 64', '2: environment.machine: expected a text, found 64'],
  [
    '[[environment]]\nimplementation = "jython"',
    '2: environment.implementation: expected "cpython" or "pypy", found "jython"',
  ],
  ['[[environment]]\nos = "x"', '2: environment: unknown key os; known are python, platform, machine, implementation'],
  ['[budget]\nsize = "lots"', '2: budget.size: expected a size such as "500MB" or "1.5GiB", found "lots"'],
  ['[budget]\nreserve = -1', '2: budget.reserve: expected a size such as "500MB" or "1.5GiB", found -1'],
];

t.test('what cannot be meant is refused with line, key, expected and found', async (t) => {
  for (const [toml, problem] of wrong) {
    t.equal(problemOf(toml), `mirror.toml:${problem}`);
  }
  t.equal(problemOf('requirements = "r.txt"'), 'r.txt: there is no such file');
  t.match(problemOf('projects = ["/(a/"]'), /^mirror\.toml:1: projects: \/\(a\/ is no regex: \S/);
  t.match(
    problemOf('projects = ["/a)(b/"]'),
    /: \/a\)\(b\/ is no regex: \S/,
    'nor one that only our own brackets would mend',
  );
});

const suspicious: readonly (readonly [toml: string, ...warnings: string[]])[] = [
  ['projects = ["a", "a>=2", "b*"]'],
  [
    'projects = ["a; python_version < \'3\'"]\n[[environment]]\npython = "3.12"',
    "mirror.toml:1: a; python_version < '3': its marker is true in no [[environment]]",
    'mirror.toml:1: this rule names no project',
  ],
  [
    'projects = ["a"]\n[[rule]]\nprojects = ["a", "b"]\nhold = "none"',
    'mirror.toml:1: this rule never decides: earlier rules take all its projects',
  ],
  [
    '[[rule]]\nprojects = "a-*"\n[[rule]]\nprojects = ["a-b", "a-c-*", "a-?"]',
    'mirror.toml:3: this rule never decides: earlier rules take all its projects',
  ],
  ['[[rule]]\nprojects = "a-?"\n[[rule]]\nprojects = ["a-*"]'],
  [
    '[[rule]]\nprojects = "/^a/"\n[[rule]]\nprojects = ["/^a/", "abc"]',
    'mirror.toml:3: this rule never decides: earlier rules take all its projects',
  ],
  [
    '[[rule]]\nprojects = "*"\n[[rule]]\nprojects = ["/x/", "x*"]',
    'mirror.toml:3: this rule never decides: earlier rules take all its projects',
  ],
  [
    'requirements = "empty.txt"',
    'mirror.toml:1: empty.txt asks for no project',
    'mirror.toml:1: this rule names no project',
  ],
  ['requirements = "impossible.txt"', 'impossible.txt:1: no version of a can be >2,<1'],
  [
    '[files]\nsystems = ["macos", "linux"]\nmachines = ["s390x"]',
    'mirror.toml:3: files.machines: none of them runs macos',
  ],
];

t.test('what can hardly be meant is warned of', async (t) => {
  const files = { 'empty.txt': '# nothing\n', 'impossible.txt': 'a>2,<1\n' };
  for (const [toml, ...warnings] of suspicious) t.same(policyOf(toml, files).warnings, warnings, toml);
});

t.test('without any of it nothing is restricted', async (t) => {
  t.match(policyOf('workers = 5\n[other]\nx = 1'), {
    rules: [],
    otherwise: { value: 'files' },
    dependencies: false,
    unmirrored: 'hide',
    environments: [],
    releases: { keep: undefined, minAgeMs: undefined },
    files: { kinds: undefined, wheelFilter: undefined },
    budget: { size: undefined, reserve: undefined },
    warnings: [],
  });
});

t.test('every key is read', async (t) => {
  const policy = policyOf(`
projects = "flask"
dependencies = true
unmirrored = "upstream"
otherwise = "pages-only"
[releases]
prereleases = true
yanked = true
keep = 3
keep-per = "major"
min-age = "7d"
max-age = "5y"
[files]
kinds = ["bdist_wheel", "source"]
sdists = "yes"
systems = ["Linux"]
machines = "amd64"
pythons = ["3.11"]
abis = []
glibc = "2.28"
musl = "1.2"
max-size = "1.5GiB"
max-project-size = "50 GB"
[[environment]]
python = "3.12"
platform = "linux"
machine = "x86_64"
implementation = "cpython"
[budget]
size = "4TB"
reserve = "20GB"
`);
  const dayLong = 86_400_000;
  t.match(policy, {
    otherwise: { value: 'pages-only', because: { where: 'mirror.toml:5', text: 'otherwise = "pages-only"' } },
    dependencies: true,
    unmirrored: 'upstream',
    environments: [{ python_version: '3.12', sys_platform: 'linux', implementation_name: 'cpython' }],
    releases: {
      noPrereleases: undefined,
      noYanked: undefined,
      keep: { value: { count: 3, per: 'major' }, because: { where: 'mirror.toml:9', text: 'keep = 3' } },
      minAgeMs: { value: 7 * dayLong },
      maxAgeMs: { value: 5 * 365 * dayLong },
    },
    files: {
      sdists: undefined,
      wheelFilter: { systems: ['linux'], machines: ['x86_64'], glibc: [2, 28], musl: [1, 2] },
      maxSize: { value: 1.5 * 1024 ** 3, because: { text: 'max-size = "1.5GiB"' } },
      maxProjectSize: { value: 50e9 },
    },
    budget: { size: { value: 4e12 }, reserve: { value: 20e9 } },
  });
  t.same([...(policy.files.kinds?.value ?? [])], ['wheel', 'sdist', 'variants']);
  t.equal(policy.files.wheelFilter?.abis, undefined, 'an empty list restricts nothing');
});

t.test('regexes are compiled only where there are some', async (t) => {
  const never = () => {
    throw new Error('compiled');
  };
  policyOf('projects = ["a", "b*"]\n[releases]\nmin-age-exempt = ["c"]', {}, never);
  t.notOk(usesRegexes({ projects: ['a', 'b*'], rule: [{ projects: 'x' }, 7], releases: 1 }));
  t.ok(usesRegexes({ projects: ['a', '/b/'] }));
  t.ok(usesRegexes({ rule: [{ projects: '/b/' }] }));
  t.ok(usesRegexes({ releases: { 'min-age-exempt': ['/b/'] } }));
});
