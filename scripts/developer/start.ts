/**
 * Runs a whole mirror on this machine, for a look. Starts the sample upstream, mirrors it into var/pypi with the built
 * pep381run, serves that, and prints how pip uses it. With `--once` it ends after mirroring. `--in FOLDER` replaces
 * var.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import minimist from 'minimist';
import { shellQuote } from '../../src/core/shell-quote.ts';
import { sampleIndex } from '../../test/sample/sample-projects.ts';
import { openSampleServer } from '../../test/sample/sample-server.ts';
import { serveMirror } from './serve-mirror.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const options = minimist(process.argv.slice(2), { string: ['in'], boolean: ['once'] });
const folder = resolve(root, options.in || 'var');
const target = join(folder, 'pypi');
const project = 'sample-app';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

const upstream = await openSampleServer({ index: sampleIndex() });
console.log(`Sample upstream at ${upstream.url}, with ${upstream.index.projects().length} projects.`);
try {
  mkdirSync(target, { recursive: true });
  process.exitCode = await mirror();
  if (process.exitCode === 0 && !stop.signal.aborted && !options.once) await serve();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await upstream.close();
}

/** Mirrors the sample upstream. Its port differs each time, so --reconcile moves the mirror to the new address. */
async function mirror(): Promise<number> {
  const args = ['--upstream', upstream.url, '--reconcile', target];
  const child = spawn(join(root, 'dist', 'pep381run'), args, { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function serve(): Promise<void> {
  const server = await serveMirror(target, `/simple/${project}/`);
  try {
    console.log(`Serving ${join(target, 'web')} with ${server.name}.`);
    console.log(`Open ${server.url}/ in a browser, or install from it:\n`);
    console.log(`  ${pipLine(server.url)}\n`);
    console.log('Ctrl-C ends it.');
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
  } finally {
    await server.close();
  }
}

/**
 * Returns a pip command that installs into a folder: if the system's Python belongs to the distribution (PEP 668), pip
 * installs nowhere else.
 */
function pipLine(url: string): string {
  return `python3 -m pip install --index-url ${url}/simple/ --target ${shellQuote(join(folder, 'installed'))} ${project}`;
}
