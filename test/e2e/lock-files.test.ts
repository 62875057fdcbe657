/** Requirements files and lock files with other indexes, emptied, or with mistakes; and what pip can build from the mirror. */
import { type Dirent, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { apacheOrReason, openApache } from '../fixtures/apache.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { readerProblems, treeOf } from '../fixtures/reader-check.ts';
import { buildBackend } from '../sample/build-backend.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { pipOrReason, pipSucceeds, pythonOutput } from './pip.ts';
import { type Ended, run } from './program.ts';
import { runHere } from './run-here.ts';

const needsPip = await pipOrReason();
const needsBoth = needsPip.skip === false ? apacheOrReason() : needsPip;
const program = join(await openBundle(), 'pep381run');

/** A target of an index, its `mirror.toml`, and files beside it. */
async function openTarget(t: Parameters<typeof openSample>[0], index: SampleIndex) {
  const { server, target } = await openSample(t, program, index);
  mkdirSync(join(target, 'web'), { recursive: true });
  return {
    server,
    target,
    write: (name: string, text: string | Buffer): void => writeFileSync(join(target, name), text),
    configure: (...toml: readonly string[]): void =>
      writeFileSync(join(target, 'mirror.toml'), [`upstream = "${server.url}"`, ...toml, ''].join('\n')),
    pep381run: (...options: readonly string[]): Promise<Ended> => run(program, [...options, target]),
    runHere: (...options: readonly string[]): Promise<Ended> => runHere(...options, target),
    hasPage: (name: string): boolean => existsSync(join(target, 'web/simple', name)),
    files: (): string[] => {
      const paths = treeOf(join(target, 'web/packages')).filter((path) => !path.endsWith('.metadata'));
      return paths.map((path) => path.split('/').at(-1) ?? '').sort();
    },
  };
}

const isFolder = (entry: Dirent): boolean => entry.isDirectory();
const nameOf = ({ name }: Dirent): string => name;

function indexOf(...names: readonly string[]): SampleIndex {
  const index = new SampleIndex();
  for (const name of names) index.publish(makeWheel({ name, version: '1.0' }));
  return index;
}

t.test('a project of upstream whose name a lock file takes from another index is never fetched', async (t) => {
  const { server, configure, write, pep381run, runHere, hasPage } = await openTarget(t, indexOf('public', 'acme-core'));
  const locked = (name: string, index: string): string =>
    `[[package]]\nname = "${name}"\nversion = "1.0"\nsource = { registry = "${index}" }\n`;
  const internal = 'https://me:secret@py.internal.example/simple';
  write('uv.lock', `version = 1\n${locked('public', 'https://pypi.org/simple')}${locked('acme-core', internal)}`);
  configure('requirements = ["uv.lock"]', 'dependencies = true');
  const { code, stderr } = await pep381run();
  t.equal(code, 0);
  t.match(
    stderr,
    /uv\.lock:6: https:\/\/py\.internal\.example\/simple is not http:\S+, and .* passed over: acme-core; /,
  );
  t.notMatch(stderr, 'secret');
  t.same([hasPage('public'), hasPage('acme-core')], [true, false]);
  t.notOk(server.requests.some(({ path }) => path.includes('acme')));
  t.match(
    (await runHere('--why', 'acme-core')).stdout,
    /left out: uv\.lock:6 \(acme-core==1\.0\): it comes from https/,
  );
  configure('requirements = ["uv.lock"]', 'upstream-aliases = ["http://py.internal.example/simple/"]');
  t.same(await runHere('-q'), { code: 0, stdout: '', stderr: '' });
  t.ok(hasPage('acme-core'), 'unless it is the same index');
});

t.test('a project that a requirements file takes from a URL or a path is not fetched as a dependency', async (t) => {
  const index = indexOf('urly', 'gitty', 'wheely');
  index.publish(makeWheel({ name: 'app', version: '1.0', requires: ['urly', 'gitty', 'wheely'] }));
  const { server, target, configure, write, runHere } = await openTarget(t, index);
  const package_ = (name: string, source: string): string =>
    `[[package]]\nname = "${name}"\nversion = "1.0"\nsource = { ${source} }\n`;
  const lists = {
    'uv.lock': [
      'version = 1',
      package_('app', 'registry = "https://pypi.org/simple"'),
      package_('urly', 'url = "https://x.example/urly-1.0-py3-none-any.whl"'),
      package_('gitty', 'git = "https://x.example/gitty"'),
      package_('wheely', 'path = "wheely-1.0-py3-none-any.whl"'),
    ],
    'pylock.toml': [
      'lock-version = "1.0"',
      '[[packages]]\nname = "app"\nversion = "1.0"',
      `[[packages]]\nname = "urly"\narchive = { url = "https://x.example/u.zip", hashes = { sha256 = "${'0'.repeat(64)}" } }`,
      '[[packages]]\nname = "gitty"\nvcs = { type = "git", url = "https://x.example/gitty", commit-id = "1" }',
      '[[packages]]\nname = "wheely"\ndirectory = { path = "wheely" }',
    ],
    'requirements.txt': [
      'app==1.0',
      'https://x.example/urly-1.0-py3-none-any.whl?token=1#sha256=0',
      '-e git+https://x.example/gitty.git@main#egg=gitty',
      './wheels/wheely-1.0-py3-none-any.whl',
    ],
    'constrained.txt': ['app', 'urly', '-c constraints.txt'],
  };
  const constraints = ['urly', 'gitty', 'wheely'].map((name) => `${name} @ https://x.example/${name}-1.0.tar.gz`);
  write('constraints.txt', constraints.join('\n'));
  for (const [name, lines] of Object.entries(lists)) {
    write(name, lines.join('\n'));
    configure(`requirements = ["${name}"]`, 'dependencies = true');
    t.equal((await runHere()).code, 0, name);
    t.same(
      readdirSync(join(target, 'web/simple'), { withFileTypes: true }).filter(isFolder).map(nameOf),
      ['app'],
      name,
    );
    for (const one of ['urly', 'wheely']) {
      t.match((await runHere('--why', one)).stdout, /left out: \S+:\d+ \(\w+\): it comes from |its source is path/);
    }
  }
  t.notOk(server.requests.some(({ path }) => /urly|gitty|wheely/.test(path)));
});

t.test('a requirement of a held release on a URL is reported, and not fetched', async (t) => {
  const index = indexOf('urly', 'helper');
  index.publish(makeWheel({ name: 'app', version: '1.0', requires: ['helper', 'urly @ https://x.example/urly.zip'] }));
  const { server, configure, runHere, hasPage } = await openTarget(t, index);
  configure('projects = ["app"]', 'dependencies = true');
  const { code, stderr } = await runHere();
  t.equal(code, 0);
  t.match(
    stderr,
    /^Warning: app: \S+\.metadata:\d+: "urly @ https:\/\/x\.example\/urly\.zip" comes from a URL, not from an index, and is not held\n$/,
  );
  t.same([hasPage('helper'), hasPage('urly')], [true, false]);
  t.notOk(server.requests.some(({ path }) => path.includes('urly')));
  t.match(await runHere(), { code: 0, stderr: '' }, 'once');
});

t.test('a requirements file that is read while it is being written removes nothing', async (t) => {
  const { configure, write, pep381run, runHere, hasPage, server } = await openTarget(t, indexOf('one', 'two'));
  write('one.txt', 'one\n');
  write('two.txt', Buffer.from('\ufefftwo\r\n', 'utf16le'));
  configure('requirements = ["one.txt", "two.txt"]');
  t.same(await runHere('-q'), { code: 0, stdout: '', stderr: '' });
  t.same([hasPage('one'), hasPage('two')], [true, true]);
  write('two.txt', '');
  server.requests.length = 0;
  const { code, stderr } = await pep381run('-q');
  t.equal(code, 2);
  t.match(stderr, /mirror\.toml:2: two\.txt asks for nothing, .*put "two\.txt" into may-be-empty\n$/);
  t.same([hasPage('one'), hasPage('two'), server.requests.length], [true, true, 0]);
  write('two.txt', `--index-url ${server.url}/simple/\n`);
  const left = await runHere('-q');
  t.match(left, { code: 2, stderr: /mirror\.toml:2: two\.txt asks for nothing, .*into may-be-empty\n$/ });
  t.same([hasPage('one'), hasPage('two'), server.requests.length], [true, true, 0], 'nor where options are left alone');
  configure('requirements = ["one.txt", "two.txt"]', 'may-be-empty = ["two.txt"]');
  t.equal((await runHere('-q')).code, 0);
  t.same([hasPage('one'), hasPage('two')], [true, false], 'unless it is meant');
});

t.test('unsatisfied wants are shown by the run, the status and --why', async (t) => {
  const { configure, write, pep381run, runHere, hasPage, target } = await openTarget(t, indexOf('demo', 'other'));
  write('r.txt', 'other\ndemo==9.9\ntyop\n');
  configure('requirements = ["r.txt"]');
  const lines = ['r.txt:2: demo==9.9: upstream has no such version', 'r.txt:3: tyop: upstream has no project tyop'];
  const tells = (t: Test, what: string, text: string): void => {
    const shown = text.replaceAll(`${target}/`, '');
    for (const line of lines) t.ok(shown.includes(line), `${what}: ${line}`);
  };
  tells(t, 'the plan', (await runHere('--plan')).stderr);
  const first = await pep381run('-q');
  t.equal(first.code, 1);
  tells(t, 'a quiet run, once', first.stderr);
  t.match(await runHere('-q'), { stdout: '', stderr: '' });
  const second = await pep381run();
  tells(t, 'each other run', second.stderr);
  tells(t, 'the status', (await runHere('--status')).stdout);
  t.match((await runHere('--why', 'demo')).stdout, /lacks +r\.txt:2: demo==9\.9: upstream has no such version/);
  t.match((await runHere('--why', 'tyop')).stdout, /upstream (?:does not have it|answers that it does not exist)/);
  t.same([hasPage('demo'), hasPage('tyop'), hasPage('other')], [false, false, true]);
});

t.test('pip installs and builds an application from nothing but its mirror', needsBoth, async (t) => {
  const index = indexOf('helper', 'pure', 'unneeded');
  const { metadata: _, ...app } = makeWheel({ name: 'app', version: '1.0', requires: ['needs-build >=1.0.*'] });
  index.publish(app);
  const pyproject = '[build-system]\nrequires = ["builder>=1"]\nbuild-backend = "builder"\n';
  const source = { name: 'needs-build', version: '1.0', requires: ['pure'], metadataVersion: '2.2', pyproject };
  index.publish(makeSdist(source));
  const backend = buildBackend.replace('pathlib.Path(__file__).resolve().parent.parent', 'pathlib.Path.cwd()');
  const files = { 'builder.py': `import helper\n${backend.replace(/^""".*"""\n/, '')}` };
  index.publish(makeWheel({ name: 'builder', version: '1.1', requires: ['helper'], files }));
  const { configure, write, pep381run, files: held, target } = await openTarget(openToAll(t), index);
  write('requirements.txt', 'app\n');
  configure('requirements = ["requirements.txt"]', 'dependencies = true');
  t.same(await pep381run('-q'), { code: 0, stdout: '', stderr: '' });
  t.same(readerProblems(join(target, 'web')), []);
  t.same(held(), [
    'app-1.0-py3-none-any.whl',
    'builder-1.1-py3-none-any.whl',
    'helper-1.0-py3-none-any.whl',
    'needs_build-1.0.tar.gz',
    'pure-1.0-py3-none-any.whl',
  ]);
  const apache = await openApache({ target });
  t.teardown(() => apache.close());
  const site = join(target, '../site');
  await pipSucceeds(t, 'install', '--no-compile', '--index-url', `${apache.url}/simple/`, '--target', site, 'app');
  const script = `import sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
import app, needs_build, pure; print(app.__version__, needs_build.__version__, pure.__version__)`;
  t.equal((await pythonOutput('-c', script, site)).trim(), '1.0 1.0 1.0');
});
