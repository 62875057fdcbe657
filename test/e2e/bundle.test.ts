/** The programs must run wherever their folder is copied to. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { nodeFolder } from '../../src/cli/program/node-folder.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { visibleFiles } from '../sample/sample-model.ts';
import { sampleIndex } from '../sample/sample-projects.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { type BuildScript, openBundle } from './bundle.ts';
import { openMirrored } from './opened-sample.ts';
import { run } from './program.ts';
import { treeOf } from './tree.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const built = await openBundle();
const elsewhere = mkdtempSync(join(tmpdir(), 'elsewhere-'));
t.teardown(() => rmSync(elsewhere, { recursive: true, force: true }));
const copied = join(elsewhere, 'a folder with spaces');
cpSync(built, copied, { recursive: true });
rmSync(built, { recursive: true });
const program = join(copied, 'pep381run');

t.test('the folder holds the programs, what they load, their manual pages, and nothing else', async (t) => {
  const others = readdirSync(copied).filter((name) => !isProgram(name));
  t.same(others.sort(), [
    'COPYRIGHT',
    'example.js',
    'hook.js',
    'http.js',
    'import.js',
    'install.sh',
    'man',
    'metrics.js',
    'move.js',
    nodeFolder,
    'package.json',
    'pep381checkfiles.js',
    'pep381run.js',
    'prefetch.js',
    'probe.js',
    'processlogs.js',
    'provenance.js',
    'regex.js',
    's3.js',
    'site.js',
    'statistics.js',
    'why.js',
  ]);
  t.same(readdirSync(join(copied, nodeFolder)).sort(), [
    'better_sqlite3.node',
    ...['http', 'pep381checkfiles', 'pep381run', 'processlogs', 'site', 'statistics'].map((name) => `${name}.js.cache`),
  ]);
  t.same(JSON.parse(readFileSync(join(copied, 'package.json'), 'utf8')), { type: 'commonjs', version });
});

t.test('each build makes the same bytes, and under umask 077, too, everybody may read them', async (t) => {
  const before = process.umask(0o077);
  t.teardown(() => process.umask(before));
  const { buildPrograms } = (await import(
    new URL('../../scripts/developer/build.mjs', import.meta.url).href
  )) as BuildScript;
  const folder = join(t.testdir(), 'dist');
  await buildPrograms(folder);
  t.equal(statSync(folder).mode & 0o777, 0o755);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const isOpen = isProgram(name) || ['install.sh', 'man', nodeFolder].includes(name);
    t.equal(statSync(join(folder, name)).mode & 0o777, isOpen ? 0o755 : 0o644, name);
    const isFile = statSync(join(folder, name)).isFile();
    if (isFile) t.ok(readFileSync(join(folder, name)).equals(readFileSync(join(copied, name))), `${name} is as before`);
  }
});

t.test('every program stays below half a megabyte and needs no other package', async (t) => {
  const programs = readdirSync(copied).filter(isProgram);
  t.ok(programs.includes('pep381run'));
  for (const name of programs) {
    const { mode } = statSync(join(copied, name));
    const { size } = statSync(join(copied, bundleOf(name)));
    t.ok(size <= (name === 'pep381sync.cgi' ? 10_000 : 500_000), `${name}: ${size} bytes`);
    t.equal(mode & 0o777, 0o755, 'everybody may start it');
    const text = readFileSync(join(copied, bundleOf(name)), 'utf8');
    t.notOk(text.includes('several times. Everything else stays'), 'what only manual pages say is in none');
    t.same([...foreignTo(name), ...foreignTo(bundleOf(name))], [], 'everything required is part of Node or beside it');
  }
});

t.test(
  'the verifier of provenance is small, needs no other package, and is loaded only by runs that verify',
  async (t) => {
    t.ok(statSync(join(copied, 'provenance.js')).size < 250_000);
    t.same(foreignTo('provenance.js'), []);
    for (const name of readdirSync(copied).filter(isProgram)) {
      const text = readFileSync(join(copied, bundleOf(name)), 'utf8');
      t.equal(text.includes('"./provenance.js"'), name === 'pep381run', name);
      t.notOk(text.includes('sigstore.bundle'), `${name} holds nothing of it`);
    }
    const folder = t.testdir({
      'mirror.toml': 'provenance = "verify"\nupstream = "https://mirror.invalid"\n',
      web: {},
    });
    const without = join(elsewhere, 'without');
    cpSync(copied, without, { recursive: true });
    rmSync(join(without, 'provenance.js'));
    const ended = await run(join(without, 'pep381run'), ['-q', folder]);
    t.equal(ended.code, 2);
    t.match(ended.stderr, /provenance\.js, which belongs beside the program, cannot be loaded: /);
    writeFileSync(join(folder, 'mirror.toml'), 'provenance = "verify"\ntrusted-root-file = "/dev/null"\n');
    const link = join(folder, 'linked');
    symlinkSync(program, link);
    const refused = await run(link, ['-q', folder]);
    t.equal(refused.code, 2, 'an error of ours that a part throws is recognized');
    t.match(
      refused.stderr,
      /^pep381run: error: trusted-root-file: \/dev\/null: not a trusted root of Sigstore: [^\n]*\n$/,
    );
  },
);

t.test('a code cache that does not fit, or none, changes nothing', async (t) => {
  const folder = join(t.testdir(), 'programs');
  cpSync(copied, folder, { recursive: true });
  const started = join(folder, 'pep381run');
  const cache = join(folder, nodeFolder, 'pep381run.js.cache');
  const whole = readFileSync(cache);
  const ofOtherBuild = Buffer.from(whole);
  ofOtherBuild.write('0'.repeat(32), whole.length - 64);
  const damaged = Buffer.from(whole);
  damaged.fill(7, 100, 200);
  const cases = { ofOtherBuild, damaged, 'cut off': whole.subarray(0, 1000), empty: Buffer.alloc(0) };
  for (const [what, bytes] of Object.entries(cases)) {
    writeFileSync(cache, bytes);
    t.same(await run(started, ['--version']), { code: 0, stdout: `${version}\n`, stderr: '' }, what);
  }
  writeFileSync(cache, whole);
  const bundle = join(folder, 'pep381run.js');
  const text = readFileSync(bundle, 'utf8');
  // Another program of the same length, as a repaired one may be: V8 itself would compare nothing but the length.
  const other = text.replace(JSON.stringify(version), JSON.stringify(version.replace(/\d+$/, '9')));
  t.not(other, text);
  writeFileSync(bundle, other.replace(/\w{32}\n$/, `${'1'.repeat(32)}\n`));
  t.equal((await run(started, ['--version'])).stdout, `${version.replace(/\d+$/, '9')}\n`, 'another program');
  writeFileSync(bundle, text);
  const others = await run(started, ['--version'], { node: ['--no-opt', '--max-lazy'] });
  t.equal(others.stdout, `${version}\n`, 'other flags of V8');
  rmSync(cache);
  t.equal((await run(started, ['--version'])).stdout, `${version}\n`, 'none');
  t.equal(spawnSync('mkfifo', [cache]).status, 0);
  t.equal((await run(started, ['--version'])).stdout, `${version}\n`, 'a pipe, which would never end');
  rmSync(bundle);
  const { code, stderr } = await run(started, ['--version']);
  t.equal(code, 2);
  t.match(
    stderr,
    /^\S+\/pep381run\.js, which belongs beside the program, is missing: copy the whole folder of the programs\n$/,
  );
});

t.test('a copy prints its help', async (t) => {
  const help = await run(program, ['--help']);
  t.equal(help.code, 0);
  t.match(help.stdout, /^Usage: pep381run /);
});

t.test('a program starts by its own name, directly, through a link, and from any folder', async (t) => {
  const folder = t.testdir();
  const link = join(folder, 'pep381run');
  symlinkSync(program, link);
  for (const [name, command] of Object.entries({ directly: program, 'through a link': link })) {
    const ended = spawnSync(command, ['--version'], { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH } });
    t.equal(ended.stdout, `${version}\n`, name);
  }
});

t.test('a copy with an addon that this Node cannot load says so in one line', async (t) => {
  const { target } = await openMirrored(t, program, smallIndex);
  const damaged = join(elsewhere, 'damaged');
  cpSync(copied, damaged, { recursive: true });
  const addon = join(damaged, nodeFolder, 'better_sqlite3.node');
  const commands = ['pep381run', 'pep381checkfiles', 'processlogs'];
  const says = async (pattern: RegExp, programs = commands): Promise<void> => {
    for (const name of programs) {
      const logs = name === 'processlogs' ? ['/dev/null'] : [];
      const { code, stderr } = await run(join(damaged, name), ['-q', target, ...logs]);
      t.equal(code, 4, name);
      t.match(stderr, pattern, name);
      t.equal(stderr.split('\n').length, 2, stderr);
    }
  };
  writeFileSync(addon, 'of another machine');
  await says(/^\w+: error: the SQLite addon cannot be loaded: .*better_sqlite3\.node: .*; npm run build with /);
  const status = await run(join(damaged, 'pep381run'), ['--status', target]);
  t.match(status.stderr, /^\w+: error: the SQLite addon cannot be loaded: /);
  t.equal((await run(join(damaged, 'pep381run'), ['--version'])).stdout, `${version}\n`);
  rmSync(addon);
  await says(
    /^\w+: error: the SQLite addon cannot be loaded: better_sqlite3\.node is not beside the program; npm run/,
    ['pep381run', 'processlogs'],
  );
});

t.test('a copy below a package of ES modules runs as well', async (t) => {
  const folder = t.testdir({ 'package.json': '{"type":"module"}' });
  cpSync(copied, join(folder, 'programs'), { recursive: true });
  t.equal((await run(join(folder, 'programs/pep381run'), ['--version'])).stdout, `${version}\n`);
});

t.test('a copy that is started through a link mirrors the whole sample index', async (t) => {
  const before = treeOf(copied);
  const server = await openSampleServer({ index: sampleIndex() });
  t.teardown(() => server.close());
  const folder = t.testdir();
  const link = join(folder, 'pep381run');
  symlinkSync(program, link);
  const target = join(folder, 'target');
  t.same(await run(link, ['-q', '--upstream', server.url, target]), { code: 0, stdout: '', stderr: '' });
  const tree = treeOf(join(target, 'web'));
  const wanted = server.index.projects().flatMap(visibleFiles);
  t.same(
    wanted.map(({ path }) => tree[path.slice(1)]),
    wanted.map(({ sha256 }) => sha256),
  );
  t.same(treeOf(copied), before, 'a run leaves nothing beside the program');
});

/** What a bundle requires that is not part of Node. */
function foreignTo(name: string): string[] {
  const text = readFileSync(join(copied, name), 'utf8');
  const required = [...text.matchAll(/\brequire\(["']([^"']+)["']\)/g)].map(([, module]) => module ?? '');
  const isPart = (module: string): boolean => /^\.\/[a-z0-9]+\.js$/.test(module) && existsSync(join(copied, module));
  return required.filter((module) => !module.startsWith('node:') && !isBuiltin(module) && !isPart(module));
}

/** Returns the name of the file that a program's code is in. */
function bundleOf(name: string): string {
  return name === 'pep381sync.cgi' ? name : `${name}.js`;
}

function isProgram(name: string): boolean {
  return /^(?:pep381run|processlogs|pep381checkfiles|pep381sync\.cgi)$/.test(name);
}
