/**
 * Bundles each program into one file in dist/, beside the SQLite addon. The folder can be copied anywhere. The format
 * is CommonJS: a file with ESM and without suffix prints nothing and exits 0 below some package.json files.
 */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { orFail, root } from './run.mjs';
import { addon, addonProblem, rebuildAdvice } from './setup.mjs';
import { writeTlsHost } from './tls-host.mjs';

const programs = {
  pep381run: 'scripts/pep381run.ts',
  processlogs: 'scripts/processlogs.ts',
  pep381checkfiles: 'scripts/pep381checkfiles.ts',
  'pep381sync.cgi': 'cgi/pep381sync.ts',
};
/** Parts of programs that are loaded only when they are needed. */
const parts = {
  'http.js': 'src/cli/network/http.ts',
  'provenance.js': 'src/provenance/sigstore/sigstore-verifier.ts',
  'regex.js': 'src/cli/config/compile-regex.ts',
};

/**
 * Builds the programs, and the files that they need beside them, into the folder `dist`, which is emptied first.
 * Everybody may read and start them, whatever the umask is.
 */
export async function buildPrograms(dist) {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  for (const [program, source] of Object.entries(programs)) {
    const outfile = join(dist, program);
    await bundle(source, outfile, { banner: { js: '#!/usr/bin/env node' }, plugins: [partsBeside] });
  }
  for (const [part, source] of Object.entries(parts)) await bundle(source, join(dist, part), {});
  copyFileSync(join(root, addon), join(dist, 'better_sqlite3.node'));
  writeFileSync(join(dist, 'package.json'), '{"type":"commonjs"}\n');
  chmodSync(dist, 0o755);
  for (const name of readdirSync(dist)) chmodSync(join(dist, name), name in programs ? 0o755 : 0o644);
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

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const problem = addonProblem();
  if (problem !== undefined) {
    console.error(`The SQLite addon cannot be loaded: ${problem}; ${rebuildAdvice}`);
    process.exit(1);
  }
  await orFail(buildPrograms(join(root, 'dist')).then(() => writeTlsHost(join(root, 'apache'))));
}
