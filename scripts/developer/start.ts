/**
 * Runs a whole mirror on this machine, for a look. Starts the sample upstream, mirrors it into var/pypi with the built
 * pep381run, counts made-up downloads, serves that, and prints how pip uses it. With `--once` it ends after mirroring.
 * `--in FOLDER` replaces var.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import minimist from 'minimist';
import { shellQuote } from '../../src/core/shell-quote.ts';
import { type SampleProject, visibleFiles } from '../../test/sample/sample-model.ts';
import { sampleIndex } from '../../test/sample/sample-projects.ts';
import { openSampleServer } from '../../test/sample/sample-server.ts';
import { extendMadeUpLog, type MadeUpFile, madeUpDays } from './made-up-log.ts';
import { serveMirror } from './serve-mirror.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const options = minimist(process.argv.slice(2), { string: ['in'], boolean: ['once'] });
const folder = resolve(root, options.in || 'var');
const target = join(folder, 'pypi');
const project = 'sample-app';

/** Projects that are downloaded more than others. */
const popular: Readonly<Record<string, number>> = { 'sample-base': 12, 'sample-app': 8, 'sample-platform': 5 };
const madeUpNotice = '<p><strong>A sample of npm start: the downloads are made up.</strong></p>';
const parentPollMs = 500;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
// A terminal that is closed, or a reader that went away, ends everything in order. Only then is nothing left behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stop.abort());
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) stop.abort();
}, parentPollMs).unref();

const upstream = await openSampleServer({ index: sampleIndex() });
console.log(`Sample upstream at ${upstream.url}, with ${upstream.index.projects().length} projects.`);
try {
  mkdirSync(target, { recursive: true });
  process.exitCode = await mirror();
  if (process.exitCode === 0 && !stop.signal.aborted) await countDownloads();
  if (process.exitCode === 0 && !stop.signal.aborted && !options.once) await serve();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await upstream.close();
}

/** Mirrors the sample upstream. Its port differs each time, so --reconcile moves the mirror to the new address. */
function mirror(): Promise<number> {
  return run('pep381run', ['--upstream', upstream.url, '--reconcile', target]);
}

/** Counts downloads that nobody made, so that there is something to see. */
async function countDownloads(): Promise<void> {
  const log = join(folder, 'made-up-access.log');
  extendMadeUpLog(log, upstream.index.projects().flatMap(madeUpFiles), Math.floor(Date.now() / 1000));
  console.log(`Counting the downloads in ${log}. They are made up.`);
  process.exitCode = await run('processlogs', ['-q', target, log]);
  for (const page of ['index.html', 'local-stats/index.html']) tellMadeUp(join(target, 'web', page));
}

/** Says on a page, if it is there, that its numbers are made up. */
function tellMadeUp(path: string): void {
  if (!existsSync(path)) return;
  const page = readFileSync(path, 'utf8');
  if (!page.includes(madeUpNotice)) writeFileSync(path, page.replace('</h1>', `</h1>\n${madeUpNotice}`));
}

function madeUpFiles(project: SampleProject): MadeUpFile[] {
  return visibleFiles(project).map(({ path, content }, at) => ({
    path,
    bytes: content.length,
    weight: (popular[project.name] ?? 1) * (at + 1),
  }));
}

/** Runs a program to its end, or until this process is to end. Resolves with its exit code. */
async function run(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(join(root, 'dist', program), args, { stdio: 'inherit' });
  const end = (): boolean => child.kill('SIGTERM');
  stop.signal.addEventListener('abort', end);
  const [code] = (await once(child, 'exit')) as [number | null];
  stop.signal.removeEventListener('abort', end);
  return code ?? 1;
}

async function serve(): Promise<void> {
  const server = await serveMirror(target, `/simple/${project}/`);
  try {
    console.log(`Serving ${join(target, 'web')} with ${server.name}.`);
    console.log(`Open ${server.url}/ in a browser, or install from it:\n`);
    console.log(`  ${pipLine(server.url)}\n`);
    console.log(`  Status      ${server.url}${firstOf('/status/', '/mirror-status.json')}`);
    const statistics = firstOf('/local-stats/', '/local-stats/summary.json');
    console.log(`  Statistics  ${server.url}${statistics} of ${madeUpDays} days of made-up downloads\n`);
    console.log('Ctrl-C ends it.');
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
  } finally {
    await server.close();
  }
}

/** Returns the address of a page, or another one as long as there is no such page. */
function firstOf(page: `/${string}/`, other: string): string {
  return existsSync(join(target, 'web', page, 'index.html')) ? page : other;
}

/**
 * Returns a pip command that installs into a folder: if the system's Python belongs to the distribution (PEP 668), pip
 * installs nowhere else.
 */
function pipLine(url: string): string {
  return `python3 -m pip install --index-url ${url}/simple/ --target ${shellQuote(join(folder, 'installed'))} ${project}`;
}
