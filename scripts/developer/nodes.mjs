/**
 * The versions of Node.js that packages are made for: each one's program and headers, from npm's registry, and the
 * SQLite addon compiled with these headers. Both are kept in `.build`, because compiling takes a minute or two each.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { root, run } from './run.mjs';

/** The latest version of each supported line by its major version, when this was written. */
export const supported = { 20: '20.20.2', 22: '22.23.5', 24: '24.22.3', 26: '26.12.1' };
/** Versions that cannot run the programs; the older one cannot even parse them. */
export const tooOld = ['12.22.12', '18.20.8'];

/**
 * Fetches what test/deploy/nodes.test.ts tests: those that are too old, and one that this machine's build is not made
 * for. What cannot be had is told; its test is skipped.
 */
export async function provideTestNodes() {
  const others = Object.values(supported).filter(
    (version) => version.split('.')[0] !== process.versions.node.split('.')[0],
  );
  for (const version of [...tooOld, others.at(-1)]) {
    await fetchNode(version).catch(({ message }) =>
      console.error(`${message}; what needs Node.js ${version} is skipped`),
    );
  }
}

const sqlite = join(root, 'node_modules/better-sqlite3');
const objectWrap = join(root, 'scripts/developer/object-wrap.h');

/**
 * Returns the folder of this version of Node.js, with `bin/node` and `include/node`; undefined if it was not fetched.
 */
export function fetchedNode(version) {
  const folder = nodeFolder(version);
  return existsSync(folder) ? folder : undefined;
}

function nodeFolder(version) {
  return join(root, '.build/nodes', `${version}-${process.platform}-${process.arch}`);
}

/** Returns the same folder, after fetching it if it is not there. */
export async function fetchNode(version) {
  const folder = nodeFolder(version);
  if (existsSync(folder)) return folder;
  const part = `${folder}.part`;
  const name = `node-${process.platform}-${process.arch}`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  console.log(`Fetching ${name} ${version}.`);
  // npm verifies the archive by the hash that the registry names.
  await run('npm', ['pack', '--silent', '--pack-destination', part, `${name}@${version}`]);
  const members = ['package/bin/node', 'package/include/node'];
  execFileSync('tar', ['-xzf', `${name}-${version}.tgz`, '--strip-components=1', ...members], { cwd: part });
  rmSync(join(part, `${name}-${version}.tgz`));
  renameSync(part, folder);
  return folder;
}

/**
 * For node-gyp: no symbols, and object-wrap.h first. The path is relative to the folder `build`, where compilers work.
 */
const flags = { CXXFLAGS: '-include ../object-wrap.h', LDFLAGS: '-s -Wl,-z,relro,-z,now' };

function addonPath(version) {
  const texts = [join(sqlite, 'package.json'), objectWrap].map((path) => readFileSync(path, 'utf8'));
  const compiler = execFileSync(process.env.CXX ?? 'g++', ['-dumpfullversion', '-dumpmachine'], { encoding: 'utf8' });
  const inputs = JSON.stringify([version, texts, flags, compiler]);
  const key = createHash('sha256').update(inputs).digest('hex').slice(0, 16);
  return join(root, `.build/addons/${version}-${process.arch}-${key}.node`);
}

/**
 * Returns the environment without what says where the headers of Node.js are, as npm's setting `nodedir` does: node-gyp
 * takes that instead of its option, and would compile all addons with the headers of one Node.js.
 */
export function withoutNodedir(environment) {
  const isNodedir = /^npm_(?:config|package_config_node_gyp)_nodedir$/i;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isNodedir.test(name)));
}

/** Throws if this version of Node.js, which lies in `folder`, does not load the addon at `path`. */
function expectLoadable(version, folder, path) {
  const { status, stderr } = spawnSync(join(folder, 'bin/node'), ['-e', 'require(process.argv[1])', path], {
    encoding: 'utf8',
  });
  if (status === 0) return;
  const reason = /^\w*Error: .*/m.exec(stderr)?.[0] ?? stderr.trim();
  throw new Error(`${path}: Node.js ${version} does not load it (${reason}): remove it, and start again`);
}

/** Returns the file of the SQLite addon for this version of Node.js, after compiling it if it is not there. */
export async function compileAddon(version) {
  const path = addonPath(version);
  const node = await fetchNode(version);
  if (!existsSync(path)) await compileInto(path, version, node);
  expectLoadable(version, node, path);
  return path;
}

async function compileInto(path, version, node) {
  // The makefiles take no folder with spaces.
  const work = mkdtempSync(join(tmpdir(), 'pep381client-addon-'));
  try {
    const folder = join(work, 'sqlite');
    cpSync(sqlite, folder, { recursive: true, filter: (source) => basename(source) !== 'build' });
    cpSync(objectWrap, join(folder, 'object-wrap.h'));
    symlinkSync(node, join(work, 'node'));
    console.log(`Compiling SQLite for Node.js ${version}: a minute or two.`);
    const gyp = execFileSync('npm', ['exec', '-c', 'echo "$npm_config_node_gyp"'], { encoding: 'utf8' }).trim();
    const args = [gyp, 'rebuild', '--release', '--directory', folder, '--nodedir', join(work, 'node'), '--silent'];
    await run(process.execPath, args, { ...withoutNodedir(process.env), ...flags });
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(join(folder, 'build/Release/better_sqlite3.node'), `${path}.part`);
    renameSync(`${path}.part`, path);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
