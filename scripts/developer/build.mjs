/**
 * Bundles each program into one file in dist/, beside the SQLite addon. The folder can be copied anywhere. The format
 * is CommonJS: a file with ESM and without suffix prints nothing and exits 0 below some package.json files. A program
 * that is started by people or cron has its bundle in `<program>.js`, and starts it with a code cache.
 */
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
import { orFail, root } from './run.mjs';
import { addon, addonProblem, rebuildAdvice } from './setup.mjs';
import { writeTlsHost } from './tls-host.mjs';

const programs = {
  pep381run: 'scripts/pep381run.ts',
  processlogs: 'scripts/processlogs.ts',
  pep381checkfiles: 'scripts/pep381checkfiles.ts',
};
const starter = 'scripts/starter.ts';
const cgi = { 'pep381sync.cgi': 'cgi/pep381sync.ts' };
/** Parts of programs that are loaded only when they are needed. */
const parts = {
  'http.js': 'src/cli/network/open-dispatcher.ts',
  'provenance.js': 'src/provenance/sigstore/sigstore-verifier.ts',
  'regex.js': 'src/cli/config/compile-regex.ts',
  'site.js': 'src/site/mirror-pages.ts',
  'metrics.js': 'src/cli/metrics/publish-metrics.ts',
  'statistics.js': 'src/site/statistics/publish-statistics.ts',
};

/**
 * Builds the programs, and the files that they need beside them, into the folder `dist`, which is emptied first.
 * Everybody may read and start them, whatever the umask is.
 */
export async function buildPrograms(dist) {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const executable = { banner: { js: '#!/usr/bin/env node' } };
  for (const [program, source] of Object.entries(programs)) {
    const define = { bundleName: JSON.stringify(`${program}.js`) };
    await bundle(starter, join(dist, program), { ...executable, define });
    await bundle(source, join(dist, `${program}.js`), { plugins: [partsBeside] });
  }
  for (const [program, source] of Object.entries(cgi)) await bundle(source, join(dist, program), executable);
  for (const [part, source] of Object.entries(parts))
    await bundle(source, join(dist, part), { plugins: [withoutHttp2] });
  copyFileSync(join(root, addon), join(dist, 'better_sqlite3.node'));
  writeFileSync(join(dist, 'package.json'), '{"type":"commonjs"}\n');
  for (const name of readdirSync(dist)) if (name.endsWith('.js')) addId(join(dist, name));
  await makeCodeCaches(dist);
  chmodSync(dist, 0o755);
  const isProgram = (name) => name in programs || name in cgi;
  for (const name of readdirSync(dist)) chmodSync(join(dist, name), isProgram(name) ? 0o755 : 0o644);
}

/** Ends the file with an id of its content, by which its code cache is recognized. */
function addId(path) {
  appendFileSync(path, `// ${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 32)}\n`);
}

async function bundle(source, outfile, options) {
  await build({
    entryPoints: [join(root, source)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'warning',
    // Loading a part by import() starts Node's loader for ESM, which takes longer than the part itself.
    supported: { 'dynamic-import': false },
    ...options,
  });
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
  await orFail(buildPrograms(join(root, 'dist')).then(() => writeTlsHost(join(root, 'apache'))));
}
