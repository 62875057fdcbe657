/** What lock files take from another index than upstream, from no index, or for other places, is not held. */

import { parse } from 'smol-toml';
import t, { type Test } from 'tap';
import { tomlLines } from '../../src/formats/toml-lines.ts';
import { dependencyClosure, type Edge } from '../../src/policy/dependency-closure.ts';
import { IndexAliases } from '../../src/policy/index-aliases.ts';
import { parsePolicy } from '../../src/policy/parse-policy.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { decideProject, policyNames } from '../../src/policy/project-decision.ts';
import { explainProject } from '../../src/policy/render-reason.ts';
import { compileRegex, named, policyOf, problemOf } from './policy-of.ts';

type Files = Readonly<Record<string, string>>;

const ours = 'https://mirror.example/simple';
const theirs = 'https://user:secret@py.internal.example/simple/';
const sha256 = 'ab'.repeat(32);

/** The policy that requires the first of `files`, of a mirror of `upstream` that is also called `aliases`. */
function policyAt(files: Files, more = '', upstream = 'https://pypi.org', aliases: readonly string[] = []): Policy {
  const toml = `requirements = ["${Object.keys(files)[0]}"]\n${more}`;
  const lineOf = tomlLines(toml);
  return parsePolicy(parse(toml), {
    at: (path) => `mirror.toml:${lineOf(path)}`,
    reader: { read: (path) => files[path] ?? '', parseToml: (text) => parse(text) },
    compileRegex,
    upstream: IndexAliases.ofMirror(upstream, aliases, ['files.pythonhosted.org']),
  });
}

const uv = (index: string): string => `version = 1
[[package]]
name = "public"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "acme-core"
version = "1.0"
source = { registry = "${index}" }
[[package]]
name = "acme-tools"
version = "2.0"
source = { registry = "${index}" }
`;

const poetry = (index: string): string => `[[package]]
name = "public"
version = "1.0"
files = []
[[package]]
name = "acme-core"
version = "1.0"
files = []
source = { type = "legacy", url = "${index}", reference = "acme" }
[[package]]
name = "acme-tools"
version = "2.0"
files = []
source = { type = "legacy", url = "${index}", reference = "acme" }
[metadata]
lock-version = "2.1"
`;

const pylock = (index: string): string => `lock-version = "1.0"
[[packages]]
name = "public"
version = "1.0"
index = "https://pypi.org/simple"
[[packages]]
name = "acme-core"
version = "1.0"
index = "${index}"
[[packages]]
name = "acme-tools"
version = "2.0"
index = "${index}"
`;

const pylockByFiles = (index: string): string => {
  const file = (url: string): string => `wheels = [{ url = "${url}", hashes = { sha256 = "${sha256}" } }]`;
  return `lock-version = "1.0"
[[packages]]
name = "public"
version = "1.0"
${file('https://files.pythonhosted.org/packages/aa/bb/public-1.0-py3-none-any.whl')}
[[packages]]
name = "acme-core"
version = "1.0"
${file(`${index}/acme_core-1.0-py3-none-any.whl`)}
[[packages]]
name = "acme-tools"
version = "2.0"
${file(`${index}/acme_tools-2.0-py3-none-any.whl`)}
`;
};

const pipfile = (index: string): string =>
  JSON.stringify({
    _meta: {
      'pipfile-spec': 6,
      sources: [
        { name: 'pypi', url: 'https://pypi.org/simple' },
        { name: 'acme', url: index },
      ],
    },
    default: {
      public: { version: '==1.0' },
      'acme-core': { version: '==1.0', index: 'acme' },
      'acme-tools': { version: '==2.0', index: 'acme' },
    },
  });

const formats: Readonly<Record<string, (index: string) => string>> = {
  'uv.lock': uv,
  'poetry.lock': poetry,
  'pylock.toml': pylock,
  'pylock.files.toml': pylockByFiles,
  'Pipfile.lock': pipfile,
};

for (const [path, write] of Object.entries(formats)) {
  t.test(`what comes from another index in ${path} is passed over, and told in one line`, async (t) => {
    const policy = policyAt({ [path]: write(theirs) });
    t.same(policyNames(policy), ['public']);
    t.equal(policy.warnings.length, 1);
    const [told = ''] = policy.warnings;
    t.match(told, /^\S+:\d+: https:\/\/py\.internal\.example\S* is not https:\/\/pypi\.org, /);
    t.match(told, /passed over: acme-core, acme-tools; if it is the same index, put it into upstream-aliases/);
    t.notMatch(told, /secret/);
    const why = explainProject(decideProject(policy, named('acme-core')));
    t.match(
      why,
      /^acme-core {2}left out {2}\S+:\d+ \(acme-core==1\.0\): it comes from https:\/\/py\.internal\.example/,
    );
  });

  t.test(`the names of upstream in ${path} are upstream`, async (t) => {
    const all = ['acme-core', 'acme-tools', 'public'];
    const isWhole = (t: Test, policy: Policy): void => {
      t.same(policyNames(policy), all);
      t.same(policy.warnings, []);
    };
    isWhole(t, policyAt({ [path]: write('https://pypi.org/simple/') }));
    isWhole(t, policyAt({ [path]: write(theirs) }, '', 'https://py.internal.example'));
    isWhole(t, policyAt({ [path]: write(ours) }, '', 'https://pypi.org', ['https://mirror.example/simple/']));
  });
}

const requirements = (...lines: readonly string[]): Policy => policyAt({ 'r.txt': lines.join('\n') });

t.test('the options of a requirements file tell its indexes, as pip reads them', async (t) => {
  const other = requirements(`--index-url ${theirs}`, 'acme-core==1.0', 'acme-tools');
  t.same(policyNames(other), []);
  t.same(other.warnings.slice(0, 1), [
    'r.txt:1: https://py.internal.example/simple/ is not https://pypi.org, and what comes from it is passed over: ' +
      'acme-core, acme-tools; if it is the same index, put it into upstream-aliases in mirror.toml',
  ]);
  t.same(policyNames(requirements('a', `-i ${theirs}`)), [], 'one counts for the lines before it, too');
  t.same(policyNames(requirements(`-i ${theirs}`, 'a', '-i https://pypi.org/simple')), ['a'], 'the last one counts');
  t.same(policyNames(requirements('-i https://pypi.org/simple', 'a')), ['a']);
  t.same(policyNames(requirements(`--index-url https://\${HOST}/simple`, 'a')), [], 'a variable may be anything');
  t.same(policyNames(requirements('--no-index', '--find-links wheels', 'a')), []);
  t.same(policyNames(requirements('--no-index', 'a', '-i https://pypi.org/simple')), [], 'whatever comes behind');
  t.match(requirements('--no-index', 'a').warnings[0], /^r\.txt:2: with --no-index it comes from no index, .*: a$/);
  const included = policyAt({ 'r.txt': '-r more.txt\na', 'more.txt': `--pypi-url=${theirs}\nb` });
  t.same(policyNames(included), [], 'of an included file, too');
});

t.test(
  'where installers look at several indexes, what upstream has is held, and it is said that nobody can tell',
  async (t) => {
    for (const options of [
      [`--extra-index-url ${theirs}`],
      [`--index-url ${theirs} --extra-index-url https://pypi.org/simple`],
      [`--extra-index-url https://pypi.org/simple --index-url ${theirs}`],
    ]) {
      const policy = requirements(...options, 'a==1', `b==1 --hash=sha256:${sha256}`, 'c');
      t.same(policyNames(policy), ['a', 'b', 'c']);
      t.same(policy.warnings, [
        'r.txt:1: installers look at https://py.internal.example/simple/, too, and nothing tells what comes from there: ' +
          'what https://pypi.org has is held of: a, c; hashes would tell',
      ]);
    }
    t.same(requirements('--extra-index-url https://pypi.org/simple', 'a').warnings, []);
    for (const options of [
      ['-f wheels'],
      ['--find-links wheels', '-i https://pypi.org/simple'],
      ['--extra-index-url https://pypi.org/simple', '--find-links=wheels'],
    ]) {
      const { warnings } = requirements(...options, 'a==1', `b==1 --hash=sha256:${sha256}`);
      t.match(warnings, [/^r\.txt:\d: installers look at "wheels", too, .* is held of: a; hashes would tell$/]);
    }
    t.same(policyNames(requirements('-f wheels', `-i ${theirs}`, 'a')), [], 'beside another index as well');
  },
);

t.test('a folder is no index of ours', async (t) => {
  const other = '[[packages]]\nname = "b"\nversion = "1"\n';
  const wheels = (hashes: string): Policy => {
    const ofPaths = `[[packages]]\nname = "a"\nversion = "1"\nwheels = [{path = "a", hashes = {${hashes}}}]\n`;
    return policyAt({ 'pylock.toml': `lock-version = "1.0"\n${other}${ofPaths}` });
  };
  t.same(policyNames(wheels('sha512 = "00"')), ['b']);
  t.same(policyNames(wheels(`sha256 = "${sha256}"`)), ['a', 'b'], 'unless a hash decides');
  t.same(policyNames(policyAt({ 'uv.lock': uv('../wheels') })), ['public']);
});

const edges: Readonly<Record<string, readonly Edge[]>> = {
  public: [
    { release: '1.0', target: named('acme-core'), extras: [], specifier: '', marker: undefined },
    { release: '1.0', target: named('other'), extras: [], specifier: '', marker: undefined },
  ],
};

function requiredBy(policy: Policy): string[] {
  const roots = new Map(policy.rules.flatMap((rule) => [...rule.named]));
  return [...dependencyClosure(roots, (name) => edges[name] ?? [], []).keys()];
}

t.test('nor is it looked for at upstream because something requires it', async (t) => {
  for (const [path, write] of Object.entries(formats)) {
    t.same(requiredBy(policyAt({ [path]: write(theirs) })), ['other'], path);
    t.same(requiredBy(policyAt({ [path]: write('https://pypi.org/simple') })), ['acme-core', 'other'], path);
  }
  const git = 'name = "acme-core"\nsource = { git = "https://git.example/acme-core" }\n';
  const locked = uv(theirs).replace(/name = "acme-core"[^[]*/, git);
  t.same(requiredBy(policyAt({ 'uv.lock': locked })), ['other'], 'it comes from no index at all');
  const url = 'public==1.0\nacme-core @ https://files.example/acme_core-1.0-py3-none-any.whl\n';
  t.same(requiredBy(policyAt({ 'r.txt': url })), ['other']);
});

t.test('a project that comes from both is held in the versions that are of upstream', async (t) => {
  const policy = policyAt({ 'uv.lock': uv(theirs).replaceAll('acme-core', 'public') });
  t.same(policyNames(policy), ['public']);
  t.match(policy.warnings, [/passed over: public, acme-tools;/]);
});

t.test('a file that asks for nothing removes nothing', async (t) => {
  const two = 'requirements = ["a.txt", "b.txt"]';
  const refused =
    'mirror.toml:1: b.txt asks for nothing, and what it asked for before would be removed; if that is meant, ' +
    'put "b.txt" into may-be-empty';
  for (const text of ['', ' \n\n', '\ufeff', '\\\n'])
    t.equal(problemOf(two, { 'a.txt': 'a\n', 'b.txt': text }), refused);
  const options = '--index-url https://pypi.org/simple\n';
  for (const text of [options, `# by pip-compile\n${options}--pre\n`, `${options}-c c.txt\n`]) {
    const files = { 'a.txt': 'a\n', 'b.txt': text, 'c.txt': '# none\n' };
    t.equal(problemOf(two, files), refused, text);
    t.equal(problemOf(`${two}\nmay-be-empty = ["b.txt"]`, files), 'accepted');
  }
  for (const more of ['b', '-r c.txt', '-e .', './b', 'b @ https://files.example/b-1.0-py3-none-any.whl']) {
    const files = { 'a.txt': 'a\n', 'b.txt': `${options}${more}\n`, 'c.txt': '# none\n' };
    t.equal(problemOf(two, files), 'accepted', more);
  }
  t.equal(problemOf(`${two}\nmay-be-empty = ["b.txt"]`, { 'a.txt': 'a\n', 'b.txt': '' }), 'accepted');
  t.equal(problemOf(`${two}\nmay-be-empty = "./b.txt"`, { 'a.txt': 'a\n', 'b.txt': '' }), 'accepted');
  t.equal(
    problemOf(two, { 'a.txt': 'a\n', 'b.txt': '# nothing yet\n' }),
    'accepted',
    'a comment says that it is meant',
  );
  const included = { 'a.txt': '-r more/c.txt\na\n', 'more/c.txt': '' };
  t.match(problemOf('requirements = "a.txt"', included), /^mirror\.toml:1: more\/c\.txt asks for nothing, /);
  const constrained = { 'a.txt': '-c c.txt\na\n', 'c.txt': '' };
  t.match(problemOf('requirements = "a.txt"', constrained), /^mirror\.toml:1: c\.txt asks for nothing, /);
});

t.test('nor does a lock without packages', async (t) => {
  const ofItself = 'name = "app"\nversion = "1"\nsource = { virtual = "." }\n';
  const itself = { 'a.txt': 'a', 'uv.lock': `version = 1\n[[package]]\n${ofItself}` };
  t.match(problemOf('requirements = ["a.txt", "uv.lock"]', itself), /uv\.lock asks for nothing, and /, 'but itself');
  const locks: Files = {
    'uv.lock': 'version = 1\nrequires-python = ">=3.12"\n',
    'poetry.lock': '# This file is automatically @generated\npackage = []\n[metadata]\nlock-version = "2.1"\n',
    'pylock.toml': 'lock-version = "1.0"\npackages = []\n',
    'Pipfile.lock': '{"_meta": {"pipfile-spec": 6}, "default": {}, "develop": {}}',
  };
  for (const [path, text] of Object.entries(locks)) {
    const toml = `requirements = ["a.txt", "${path}"]\n`;
    const files = { 'a.txt': 'a', [path]: text };
    t.match(problemOf(toml, files), /: asks for nothing|asks for nothing, and what it asked for before/, path);
    t.equal(problemOf(`${toml}may-be-empty = ["${path}"]`, files), 'accepted');
  }
});

const linux = '[[environment]]\npython = "3.12"\nplatform = "linux"\n';

t.test('what a lock may install with an extra or a group is held', async (t) => {
  const uvLock = `version = 1
[[package]]
name = "debug-only"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["python_full_version >= '3.8' and extra == 'extra-5-debug-a'"]
[[package]]
name = "no-debug"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["extra != 'extra-5-debug-a' and extra != 'group-5-debug-b'"]
[[package]]
name = "windows"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["sys_platform == 'win32' and extra == 'extra-5-debug-a'", "sys_platform == 'cygwin'"]
`;
  const policy = policyAt({ 'uv.lock': uvLock }, linux);
  t.same(policyNames(policy), ['debug-only', 'no-debug']);
  t.same(policy.warnings, [
    "uv.lock:12: left out, as marker (sys_platform == 'win32' and extra == 'extra-5-debug-a') or " +
      "sys_platform == 'cygwin' is true in no [[environment]]: windows==1.0",
  ]);
  const poetryLock = `[[package]]
name = "a"
version = "1"
optional = true
markers = "extra == \\"x\\""
files = []
[metadata]
lock-version = "2.1"
`;
  t.same(policyNames(policyAt({ 'poetry.lock': poetryLock }, linux)), ['a']);
  const marker = (text: string): string =>
    `lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"\nmarker = "${text}"\n`;
  for (const text of ["'x' in extras", "'dev' in dependency_groups", "'x' not in extras", "extra == 'x'"]) {
    t.same(policyNames(policyAt({ 'pylock.toml': marker(text) }, linux)), ['a'], text);
  }
  t.same(policyNames(policyAt({ 'pylock.toml': marker("'x' in extras and os_name == 'nt'") }, linux)), []);
});

t.test('what is left out for its platform is told with its marker, once for each marker', async (t) => {
  const lines = ['a; sys_platform == "win32"', 'b==1; sys_platform == "win32"', 'c; python_version < "3"', 'd'];
  const policy = policyAt({ 'r.txt': lines.join('\n') }, linux);
  t.same(policyNames(policy), ['d']);
  t.same(policy.warnings, [
    'r.txt:1: left out, as marker sys_platform == "win32" is true in no [[environment]]: a, b==1',
    'r.txt:3: left out, as marker python_version < "3" is true in no [[environment]]: c',
  ]);
  t.equal(
    explainProject(decideProject(policy, named('b'))),
    'b  left out  r.txt:2 (b==1): its marker sys_platform == "win32" is true in no [[environment]]',
  );
  t.same(policyOf('requirements = "r.txt"', { 'r.txt': lines.join('\n') }).warnings, [], 'anywhere');
});

t.test('what a rule takes from the index that a list names is not told as passed over', async (t) => {
  const index = 'https://py.internal.example/simple';
  const glob = `[[rule]]\nprojects = ["acme-core"]\nupstream = "${index}/"`;
  const one = policyAt({ 'uv.lock': uv(index) }, glob);
  t.equal(one.warnings.length, 1);
  t.match(one.warnings[0], /passed over: acme-tools; if it is the same index/);
  const twice = policyAt({ 'uv.lock': uv(index) }, `[[rule]]\nrequirements = ["uv.lock"]\nupstream = "${index}"`);
  t.same(twice.warnings, [], 'each rule takes what is its own');
  const elsewhere = policyAt({ 'uv.lock': uv(theirs) }, `${glob}\n[[rule]]\nprojects = ["acme-*"]\nhold = "none"`);
  t.match(elsewhere.warnings, [/passed over: acme-tools;/]);
});
