/**
 * Bundles each program into one file in dist/, beside the manual pages and what is made for this Node.js. The folder
 * can be copied anywhere. The format is CommonJS: a file with ESM and without suffix prints nothing and exits 0 below
 * some package.json files. A program that is started by people or cron has its bundle in `<program>.js`, and starts it
 * with a code cache.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { makeCodeCaches } from './code-cache.mjs';
import { renderCopyright } from './copyright.mjs';
import { orFail, root } from './run.mjs';
import { addon, addonProblem, rebuildAdvice } from './setup.mjs';
import { writeTlsHosts } from './tls-host.mjs';

const programs = {
  pep381run: 'scripts/pep381run.ts',
  processlogs: 'scripts/processlogs.ts',
  pep381checkfiles: 'scripts/pep381checkfiles.ts',
};
const starter = 'scripts/starter.ts';
/** What the CGI loads before anything else. The starter of the other programs has it, too, with more to say. */
const refuseOldNode = 'scripts/refuse-old-node.ts';
const installer = 'scripts/package/install.sh';
const cgi = { 'pep381sync.cgi': 'cgi/pep381sync.ts' };
/** Parts of programs that are loaded only when they are needed. */
const parts = {
  'example.js': 'src/cli/config/example-config.ts',
  'http.js': 'src/cli/network/open-dispatcher.ts',
  'provenance.js': 'src/provenance/sigstore/sigstore-verifier.ts',
  'regex.js': 'src/cli/config/compile-regex.ts',
  'site.js': 'src/site/mirror-pages.ts',
  'metrics.js': 'src/cli/metrics/publish-metrics.ts',
  'statistics.js': 'src/site/statistics/publish-statistics.ts',
  'hook.js': 'src/cli/run/run-hook.ts',
  's3.js': 'src/cli/storage/open-store.ts',
  'import.js': 'src/cli/run/import-config.ts',
  'why.js': 'src/cli/inspect/explain.ts',
  'move.js': 'src/cli/storage/run-move.ts',
  'prefetch.js': 'src/cli/storage/run-prefetch.ts',
  'probe.js': 'src/cli/inspect/status-check.ts',
};

const { engines, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** For all that is loaded before the version of Node.js was looked at. */
const anyNode = { target: 'node12', banner: { js: '#!/usr/bin/env node' } };
const defines = { engine: JSON.stringify(engines.node.replace('>=', '')) };

/**
 * Builds the programs for this Node.js, and the files that they need beside them, into the folder `dist`, which is
 * emptied first. Everybody may read and start them, whatever the umask is.
 */
export async function buildPrograms(dist) {
  await bundlePrograms(dist);
  await addNode(dist, process.execPath, join(root, addon));
}

/** Builds what is the same for each Node.js, and returns the paths of all files that went into it. */
export async function bundlePrograms(dist) {
  const inputs = [];
  const bundle = async (source, path, more) => inputs.push(...(await bundleInto(source, path, more)));
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ type: 'commonjs', version })}\n`);
  for (const [program, source] of Object.entries(programs)) {
    await bundle(source, join(dist, `${program}.js`), { plugins: [partsBeside, sharingErrors] });
    const define = {
      bundleName: JSON.stringify(`${program}.js`),
      ...defines,
      texts: JSON.stringify(textsOf(dist, program)),
    };
    await bundle(starter, join(dist, program), { ...anyNode, define });
  }
  for (const [program, source] of Object.entries(cgi)) {
    await bundle(source, join(dist, program), { ...anyNode, inject: [join(root, refuseOldNode)], define: defines });
  }
  for (const [part, source] of Object.entries(parts))
    await bundle(source, join(dist, part), { plugins: [withoutHttp2, withSharedErrors] });
  writeFileSync(join(dist, 'COPYRIGHT'), renderCopyright(inputs));
  copyFileSync(join(root, installer), join(dist, 'install.sh'));
  for (const name of readdirSync(dist)) if (name.endsWith('.js')) addId(join(dist, name));
  await writeManPages(join(dist, 'man'));
  openToAll(dist);
  return inputs;
}

/** Adds to the programs in `dist` what is made for one Node.js: the SQLite addon at `addon`, and the code caches. */
export async function addNode(dist, node, addon) {
  const folder = join(dist, await nodeFolderOf(node));
  mkdirSync(folder);
  copyFileSync(addon, join(folder, 'better_sqlite3.node'));
  try {
    await makeCodeCaches(dist, node, folder);
  } catch (error) {
    // Without a network, not even one of this machine alone, no run can be recorded. Programs start without a cache.
    for (const name of readdirSync(folder)) if (name.endsWith('.cache')) rmSync(join(folder, name));
    console.error(`Warning: no code caches, so that programs start more slowly: ${error.message}`);
  }
  openToAll(folder);
}

/** Returns what a program prints with `--help` and `--version`, by its bundle. */
function textsOf(dist, program) {
  const help = execFileSync(process.execPath, [join(dist, `${program}.js`), '--help'], { encoding: 'utf8' });
  return { help, version: `${version}\n` };
}

async function nodeFolderOf(node) {
  const module = await bundledText('src/cli/program/node-folder.ts', 'cjs');
  return execFileSync(node, ['-p', `${module}; module.exports.nodeFolder`], { encoding: 'utf8' }).trim();
}

function openToAll(folder) {
  chmodSync(folder, 0o755);
  const isProgram = (name) => name in programs || name in cgi || name === 'install.sh';
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else chmodSync(path, isProgram(entry.name) ? 0o755 : 0o644);
  }
}

/** Writes the manual pages into `folder`: the same bytes for the same sources, whenever they are made. */
async function writeManPages(folder) {
  const texts = readdirSync(join(root, 'scripts/man')).map((name) => [
    name.replace(/\.md$/, ''),
    readFileSync(join(root, 'scripts/man', name), 'utf8'),
  ]);
  const { manPages } = await imported('scripts/developer/man-pages.ts');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(manPages({ readme, texts: Object.fromEntries(texts), version }))) {
    writeFileSync(join(folder, name), text);
  }
}

/** Imports a TypeScript file, which Node itself cannot. */
async function imported(source) {
  return import(`data:text/javascript;base64,${Buffer.from(await bundledText(source, 'esm')).toString('base64')}`);
}

/** Returns the text of a TypeScript file, bundled in this format. */
async function bundledText(source, format) {
  const options = { bundle: true, write: false, platform: 'node', target: 'node20' };
  const { outputFiles } = await build({ entryPoints: [join(root, source)], format, ...options });
  return outputFiles[0].text;
}

/** Ends the file with an id of its content, by which its code cache is recognized. */
function addId(path) {
  appendFileSync(path, `// ${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 32)}\n`);
}

/** Bundles a program or a part, and returns the paths of all files that went into it. */
async function bundleInto(source, outfile, options) {
  const { metafile } = await build({
    entryPoints: [join(root, source)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // Loading a part by import() starts Node's loader for ESM, which takes longer than the part itself.
    supported: { 'dynamic-import': false },
    ...options,
  });
  return Object.keys(metafile.inputs);
}

/** Keeps the import() of a part as an import of the file beside the program. */
const partsBeside = {
  name: 'parts-beside',
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const part = Object.keys(parts).find((name) => join(resolveDir, path) === join(root, parts[name]));
      return part && { path: `./${part}`, external: true };
    });
  },
};

/** The place where a program keeps the classes of our errors for its parts. */
const sharedErrors = "globalThis[Symbol.for('pep381client.errors')]";

/** Keeps the classes of our errors for the parts of the program. */
const sharingErrors = insteadOfErrors((text, names) => `${text}\n${sharedErrors} = { ${names} };`);

/** Takes these classes from the program that loads the part, which would not recognize others. */
const withSharedErrors = insteadOfErrors((_text, names) => `export const { ${names} } = ${sharedErrors};`);

/** Bundles what `contents` returns instead of the file with our errors, for its text and the names that it exports. */
function insteadOfErrors(contents) {
  const path = join(root, 'src/core/errors.ts');
  const load = () => {
    const text = readFileSync(path, 'utf8');
    const names = [...text.matchAll(/^export (?:abstract )?(?:class|function) (\w+)/gm)].map(([, name]) => name);
    return { contents: contents(text, names.join(', ')), loader: 'ts' };
  };
  return {
    name: 'errors',
    setup: ({ onLoad }) => onLoad({ filter: /\/errors\.ts$/ }, (file) => (file.path === path ? load() : undefined)),
  };
}

/** Leaves out Node's HTTP/2, which takes milliseconds to load. undici does without it, and we never ask for it. */
const withoutHttp2 = {
  name: 'without-http2',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http2$/ }, ({ path }) => ({ path, namespace: 'none' }));
    onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'module.exports = { constants: {} };' }));
  },
};

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const problem = addonProblem();
  if (problem !== undefined) {
    console.error(`The SQLite addon cannot be loaded: ${problem}; ${rebuildAdvice}`);
    process.exit(1);
  }
  await orFail(buildPrograms(join(root, 'dist')).then(() => writeTlsHosts(join(root, 'apache'))));
}
