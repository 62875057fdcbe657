/** Fingerprints are stored: where one changes although the rules did not, every project is planned anew. */
import t from 'tap';
import { fingerprintOf } from '../../src/policy/fingerprint.ts';
import { policyOf } from './policy-of.ts';

const files = {
  'r.txt': `-c c.txt
torch==2.1.0 --hash=sha256:${'a'.repeat(64)} --hash=sha256:${'b'.repeat(64)}
uvicorn[standard,extra] >= 0.20, < 1
`,
  'c.txt': `numpy<2\nflask==3.0 --hash=sha256:${'c'.repeat(64)}\n`,
};

const everyRuleKey = `
otherwise = "pages-only"
dependencies = true
unmirrored = "upstream"
projects = ["django>=4", "b-*", "/^c[0-9]+$/"]
requirements = "r.txt"
[[environment]]
python = "3.12"
platform = "linux"
machine = "x86_64"
implementation = "cpython"
[[environment]]
python = "3.11"
[[rule]]
projects = ["private-*"]
hold = "none"
[[rule]]
projects = ["torch-cu"]
upstream = "https://download.example.org/whl/cu124/"
file-hosts = ["files.example.org", "cdn.example.org"]
[[rule]]
projects = ["our-*"]
hold = "local"
`;

const releaseKeys = {
  prereleases: 'prereleases = false',
  yanked: 'yanked = false',
  keep: 'keep = 3',
  'keep-per': 'keep = 2\nkeep-per = "minor"',
  'min-age': 'min-age = "7d"',
  'min-age-exempt': 'min-age = "7d"\nmin-age-exempt = ["ours-*", "django", "/^own/"]',
  'max-age': 'max-age = "5y"',
};

const fileKeys = {
  kinds: 'kinds = ["wheel", "sdist"]',
  sdists: 'sdists = "no"',
  'sdists where needed': 'sdists = "where-no-wheel-fits"',
  systems: 'systems = ["macos", "linux"]',
  machines: 'machines = ["x86_64", "arm64"]',
  pythons: 'pythons = ["3.13t", "3.12", "pypy3.10"]',
  abis: 'abis = ["cp312", "abi3"]',
  glibc: 'glibc = "2.28"',
  musl: 'musl = "1.2"',
  'max-size': 'max-size = "1GB"',
  'max-project-size': 'max-project-size = "20GiB"',
};

const everyReleaseKey = `[releases]
prereleases = false
yanked = false
keep = 2
keep-per = "minor"
min-age = "7d"
min-age-exempt = ["ours-*", "django", "/^own/"]
max-age = "5y"
`;

const everyFileKey = `[files]
kinds = ["wheel", "sdist"]
sdists = "where-no-wheel-fits"
systems = ["macos", "linux"]
machines = ["x86_64", "arm64"]
pythons = ["3.13t", "3.12", "pypy3.10"]
abis = ["cp312", "abi3"]
glibc = "2.28"
musl = "1.2"
max-size = "1GB"
max-project-size = "20GiB"
`;

const print = (toml: string) => fingerprintOf(policyOf(toml, files));

t.test('a policy without keys', async (t) => {
  t.same(print(''), { projects: 'afc380410da570a7', files: 'ac1eb1fdc6e12fc1' });
});

t.test('a policy of every key', async (t) => {
  t.same(print(everyRuleKey + everyReleaseKey + everyFileKey), {
    projects: '7b35e3f4912da805',
    files: '222dee225051b701',
  });
  t.same(print(everyRuleKey), { projects: '7b35e3f4912da805', files: '6cc42991577ee358' });
});

t.test('each key of [releases] by itself', async (t) => {
  const prints = Object.entries(releaseKeys).map(([key, text]) => [key, print(`[releases]\n${text}`).files]);
  t.same(Object.fromEntries(prints), {
    prereleases: '6389a8cf71183ed3',
    yanked: '4613599e671c9eb0',
    keep: '7bfa83e263a6f3bb',
    'keep-per': '3da2adf85c800a34',
    'min-age': '14de0f961cf05b1f',
    'min-age-exempt': 'c1b610269e8a798a',
    'max-age': '0bd18919163d8de1',
  });
});

t.test('each key of [files] by itself', async (t) => {
  const prints = Object.entries(fileKeys).map(([key, text]) => [key, print(`[files]\n${text}`).files]);
  t.same(Object.fromEntries(prints), {
    kinds: 'eb31df4365e82b3f',
    sdists: '84c737a5e7fd1d28',
    'sdists where needed': 'e5c52bed48fd8de6',
    systems: '2ae4dbda7fc8d33c',
    machines: 'efc4abae58a550ef',
    pythons: '83d5a7b2e93f496c',
    abis: '6cdebe57b1194700',
    glibc: 'd2403c0295933d79',
    musl: '5251fda67480ac75',
    'max-size': '6589ee761a4256cc',
    'max-project-size': '20a0ce41b3b7f266',
  });
});
