/**
 * Installs everything that a fresh clone needs: the dependencies of package-lock.json, and the SQLite addon for this
 * Node. Does nothing, and prints nothing, if all of it is there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { showSeconds, step, tell } from './progress.mjs';
import { isProgram, orFail, root, run } from './run.mjs';

const oldest = [20, 18, 1];

/** Ends this process if Node is too old. */
export function checkNode() {
  const found = process.versions.node.split('.').map(Number);
  const differs = found.findIndex((part, index) => part !== oldest[index]);
  if (differs < 0 || found[differs] > oldest[differs]) return;
  console.error(`pep381client needs Node.js ${oldest.join('.')} or later; this is ${process.versions.node}`);
  process.exit(1);
}

/** Installs what is missing. */
export async function install() {
  await installPackages();
  await buildAddon();
}

/** Installs the packages, without running their install scripts. */
export async function installPackages() {
  if (arePackagesThere()) return;
  refuseLink();
  await step('Installing the packages of package-lock.json.', () =>
    npm(['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--include=dev']),
  );
}

/**
 * Returns true if all packages are installed. npm writes the hidden lock file last. Packages for other systems are
 * optional, and not in it.
 */
function arePackagesThere() {
  const hidden = `${root}node_modules/.package-lock.json`;
  if (!existsSync(hidden)) return false;
  const [wanted, found] = [`${root}package-lock.json`, hidden].map(
    (path) => JSON.parse(readFileSync(path, 'utf8')).packages,
  );
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const installed = found[path];
    if (path === '' || (optional && installed === undefined)) return true;
    return installed?.version === version && installed.integrity === integrity;
  });
}

/** Throws if node_modules is a link: npm would empty the folder it leads to, which may be another checkout's. */
function refuseLink() {
  if (lstatSync(`${root}node_modules`, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  throw new Error(
    'node_modules is a symbolic link, and npm would empty what it leads to: remove it, or make it a folder',
  );
}

/** Builds the SQLite addon, which install scripts would make, if there is none that this Node can load. */
export async function buildAddon() {
  if (addonProblem() === undefined) return;
  const missing = missingTools();
  const env = { ...headersOf(process.execPath), CXXFLAGS: `${process.env.CXXFLAGS ?? ''} ${header}`.trim() };
  const what = `Building SQLite for Node.js ${process.version}: a minute or two where it has to be compiled.`;
  await step(what, async () => {
    if (missing !== undefined) tell(`Should it have to be compiled: ${missing}.`);
    await rebuild(env);
    // The file that npm downloaded was compiled elsewhere.
    if (hasHooks()) await rebuild({ ...env, npm_config_build_from_source: 'true' });
  });
  const problem = addonProblem();
  if (problem === undefined) return;
  const why = 'as where npm is told ignore-scripts';
  throw new Error(`npm rebuild has built no SQLite that can be loaded (${problem}), ${why}: ${rebuildAdvice}`);
}

async function rebuild(env) {
  await npm(['rebuild'], env).catch(({ message }) => {
    throw new Error(`SQLite could not be built (${message}): ${buildAdvice()}`);
  });
}

/**
 * Returns the reason why this Node cannot load the SQLite addon, or undefined if it can. Another process tries it,
 * because a damaged file may end the process that loads it.
 */
export function addonProblem() {
  const load = "new (require('better-sqlite3'))(':memory:').close()";
  const { status, signal, stderr } = spawnSync(process.execPath, ['-e', load], { cwd: root, encoding: 'utf8' });
  if (status === 0) return hasHooks() ? 'it was compiled so that this Node.js ends it at random' : undefined;
  return /^\w*Error: .*?(?=(?: Tried:)?$)/m.exec(stderr)?.[0] ?? `ended with ${signal ?? status}`;
}

/** The path of the addon in an installation by npm. */
export const addon = 'node_modules/better-sqlite3/build/Release/better_sqlite3.node';

/**
 * Returns true if the addon was compiled without scripts/developer/object-wrap.h, by a Node.js whose headers need it.
 */
function hasHooks() {
  return existsSync(`${root}${addon}`) && readFileSync(`${root}${addon}`).includes('RemoveEnvironmentCleanupHook');
}

/**
 * A compiler flag. The path is relative to the addon's folder `build`, where the compiler works, because flags cannot
 * have spaces.
 */
const header = '-include ../../../scripts/developer/object-wrap.h';

/** Advice for the case that all else has failed. */
export const rebuildAdvice = `build it with CXXFLAGS="${header}" npm rebuild better-sqlite3 --foreground-scripts --ignore-scripts=false`;

/** The programs that node-gyp calls, with the variables that replace them. */
const buildTools = { python3: 'PYTHON', make: 'MAKE', 'g++': 'CXX' };

function missingTools() {
  const missing = Object.keys(buildTools).filter((tool) => !process.env[buildTools[tool]] && !isProgram(tool));
  if (missing.length === 0) return undefined;
  return `missing here: ${missing.join(', ')} (on Debian: apt-get install ${missing.join(' ')})`;
}

function buildAdvice() {
  return (
    missingTools() ??
    "the cause stands above. Where Node's headers cannot be fetched, npm_config_nodedir names the folder that has " +
      'them in include/node (on Debian: /usr, with libnode-dev)'
  );
}

/**
 * Returns the setting that saves node-gyp the download of Node's headers, if they came with Node and nothing else is
 * set.
 */
export function headersOf(node) {
  const folder = dirname(dirname(node));
  const path = `${folder}/include/node/node_version.h`;
  if (process.env.npm_config_nodedir || !existsSync(path)) return {};
  const abi = /define NODE_MODULE_VERSION (\d+)/.exec(readFileSync(path, 'utf8'))?.[1];
  return abi === process.versions.modules ? { npm_config_nodedir: folder } : {};
}

/** Runs npm. Below an `npm run --silent`, npm would otherwise not even print why it fails. */
async function npm(args, env = {}) {
  await run('npm', [...args, '--loglevel=error'], { ...process.env, ...env });
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  checkNode();
  showSeconds();
  await orFail(install());
}
