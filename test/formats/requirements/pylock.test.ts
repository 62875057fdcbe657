import t from 'tap';
import { evaluateMarker } from '../../../src/packaging/marker.ts';
import { brief, listed, refuses, sha } from './listed.ts';

const lock = `lock-version = "1.0"
environments = ["sys_platform == 'linux'"]
requires-python = ">=3.9"
extras = ["docs"]
dependency-groups = ["dev"]
default-groups = []
created-by = "a test"

[[packages]]
name = "alpha"
version = "1.0"
index = "https://index.example/simple"
sdist = { url = "https://files.example/alpha-1.0.tar.gz", upload-time = 2025-01-01T00:00:00Z, size = 9007199254740991, hashes = { sha256 = "${sha('a')}" } }
wheels = [
  { url = "https://files.example/alpha-1.0-py3-none-any.whl", size = 3, hashes = { sha256 = "${sha('B')}", sha512 = "00" } },
]

[[packages]]
name = "Beta_Two"
version = "2.0.post1"
marker = "'docs' in extras or 'dev' in dependency_groups"

[[packages.wheels]]
name = "beta_two-2.0.post1-py3-none-any.whl"
path = "wheels/beta_two-2.0.post1-py3-none-any.whl"

[packages.wheels.hashes]
sha256 = "${sha('c')}"

[packages.tool.other]
anything = "goes"

[[packages]]
name = "archived"
archive = { url = "https://files.example/archived.zip", hashes = { sha256 = "${sha('d')}" } }

[[packages]]
name = "from-path"
version = "1"
archive = { path = "../from-path.zip", hashes = { sha256 = "${sha('e')}" } }

[[packages]]
name = "from-vcs"
vcs = { type = "git", url = "https://user:secret@git.example/from-vcs", commit-id = "00" }

[[packages]]
name = "from-directory"
directory = { path = ".", editable = true }

[[packages]]
name = "without-sha256"
version = "3"
wheels = [
  { url = "https://files.example/a.whl", hashes = { sha256 = "${sha('f')}" } },
  { url = "https://files.example/b.whl", hashes = { sha512 = "00" } },
]
`;

t.test('a pylock.toml lists the packages with their hashes and markers', async (t) => {
  const { requirements, constraints, notes } = listed({ 'locks/pylock.toml': lock });
  t.same(requirements.map(brief), [
    'locks/pylock.toml:9 alpha==1.0 #2',
    'locks/pylock.toml:18 beta-two==2.0.post1 if #1',
    'locks/pylock.toml:33 archived @ https://files.example/archived.zip #1',
    'locks/pylock.toml:50 without-sha256==3',
  ]);
  t.same(requirements[0]?.sha256s, [sha('b'), sha('a')]);
  t.same(constraints, []);
  t.same(notes, [
    'locks/pylock.toml:37: "from-path" is passed over: its archive is a path, not a file of an index',
    'locks/pylock.toml:42: "from-vcs" is passed over: it comes from vcs, not from an index',
    'locks/pylock.toml:46: "from-directory" is passed over: it comes from directory, not from an index',
  ]);
});

t.test('the markers of a pylock.toml ask about extras and groups', async (t) => {
  const marker = listed({ 'pylock.toml': lock }).requirements[1]?.requirement.marker;
  if (marker === undefined) throw new Error('there is no marker');
  t.equal(evaluateMarker(marker, { dependency_groups: ['dev'] }, []), true);
  t.equal(evaluateMarker(marker, { dependency_groups: [] }, ['docs']), true);
  t.equal(evaluateMarker(marker, { dependency_groups: [] }, []), false);
  t.equal(evaluateMarker(marker, {}, undefined), undefined);
});

t.test('a name in between is a pylock.toml too, and later minor versions are read', async (t) => {
  const text = 'lock-version = "1.7"\npackages = [{ name = "a", version = "1", new-key = 1 }]';
  t.same(listed({ 'pylock.dev.toml': text }).requirements.map(brief), ['pylock.dev.toml:1 a==1']);
  t.same(listed({ 'pylock.dev.toml': 'lock-version = "1.0"\npackages = []' }).requirements, []);
});

t.test('what is no pylock.toml is refused with file and line', async (t) => {
  const rows: [text: string, message: string | RegExp][] = [
    ['', 'pylock.toml:1: expected lock-version 1.x, found nothing; give a requirements file instead'],
    ['lock-version = "2.0"', /^pylock\.toml:1: expected lock-version 1\.x, found "2\.0"/],
    ['lock-version = 1.0', /^pylock\.toml:1: expected lock-version 1\.x, found 1/],
    ['lock-version = "1.0"\npackages = "a"', 'pylock.toml:1: expected [[packages]], found "a"'],
    ['lock-version = "1.0"\npackages = [1]', 'pylock.toml:1: expected a table, found 1'],
  ];
  for (const [text, message] of rows) refuses(t, { 'pylock.toml': text }, message);
});

t.test('a hash that is a table is refused, also one with a member that tables have of their own', async (t) => {
  for (const member of ['', 'toString = "x"', '__proto__ = 1']) {
    const packages = `[[packages]]\nname = "a"\nsdist = { hashes = { sha256 = { ${member} } } }\n`;
    const files = { 'pylock.toml': `lock-version = "1.0"\n${packages}` };
    t.throws(() => listed(files), { name: 'UsageError', message: /^pylock\.toml:2: expected a hash such as sha256:…/ });
  }
});

t.test('a package that is not one is refused with file and line', async (t) => {
  const rows: [fields: string, message: string | RegExp][] = [
    ['', 'pylock.toml:3: expected the name of a project, found nothing'],
    ['name = "../a"', 'pylock.toml:3: expected the name of a project, found "../a"'],
    ['name = ["a"]', 'pylock.toml:3: expected the name of a project, found something else'],
    ['name = "a"\nversion = 1', 'pylock.toml:3: expected a version, found 1'],
    ['name = "a"\nversion = "1.*"', 'pylock.toml:3: expected a version, found "1.*"'],
    ['name = "a"\nversion = "1,>2"', 'pylock.toml:3: expected a version, found "1,>2"'],
    ['name = "a"\nmarker = "x"', 'pylock.toml:3: expected an environment marker, found "x"'],
    ['name = "a"\nmarker = false', 'pylock.toml:3: expected an environment marker, found false'],
    ['name = "a"\nwheels = 1', 'pylock.toml:3: expected a list of wheels, found 1'],
    ['name = "a"\nwheels = [1]', 'pylock.toml:3: expected a file, found 1'],
    ['name = "a"\nsdist = {}', 'pylock.toml:3: expected the hashes of a file, found nothing'],
    ['name = "a"\nsdist.hashes.sha256 = "12"', 'pylock.toml:3: expected 64 hex digits of a sha256, found "12"'],
    ['name = "a"\nsdist.hashes.sha256 = 12', 'pylock.toml:3: expected 64 hex digits of a sha256, found "12"'],
    ['name = "a"\narchive = 1', 'pylock.toml:3: expected a file, found 1'],
  ];
  for (const [fields, message] of rows) {
    refuses(t, { 'pylock.toml': `lock-version = "1.0"\n\n[[packages]]\n${fields}\n` }, message);
  }
});
