/**
 * Measures a mirror in a bucket of a real object store, as a part of the benchmark. What the store may do is measured at
 * the same time: objects of the same size, put by nothing but the client of the programs. The store runs on the same
 * machine, and takes cores from the mirror; one that answers later leaves them to it.
 */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { requestCount, type StoreUsage } from '../../src/core/store-usage.ts';
import { objectStoreOrReason, openObjectStore } from '../../test/fixtures/object-store.ts';
import { type ForkedLargeIndex, forkLargeIndex } from '../../test/sample/fork-large-index.ts';

export interface Figures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** What the benchmark has for its parts. */
export interface Bench {
  readonly folder: string;
  readonly pep381run: string;
  readonly rounds: number;
  /** Returns the path of a target that does not exist yet. */
  newTarget(): string;
  run(program: string, ...args: string[]): Promise<Figures>;
  /** Adds a row to the table. */
  row(what: string, figures: readonly Figures[], show: (seconds: number) => string, goal: string): void;
}

type Hold = 'files' | 'everything';

const projects = 400;
const filesPerProject = 5;
const fileBytes = 20_000;
const changedProjects = 40;
/** Milliseconds until a distant store answers. AWS documents 100 to 200 for small objects. */
const distantMs = 100;
const ends: (() => unknown)[] = [];

/** Measures a first sync, runs with few changes and none, and one with a file of several GB. */
export async function benchStore(bench: Bench): Promise<void> {
  const { skip } = objectStoreOrReason();
  if (skip !== false) throw new Error(`bench: s3: ${skip}`);
  try {
    await benchObjects(bench);
    await benchHugeFile(bench);
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function benchObjects(bench: Bench): Promise<void> {
  const puts = await bundlePuts(bench);
  const index = await forkLargeIndex({ projects, filesPerProject, meanFileSize: fileBytes });
  ends.push(() => index.close());
  for (const hold of ['files', 'everything'] as const) {
    await benchFirstSync(bench, hold, puts, index.url, distantMs);
    const targets = await benchFirstSync(bench, hold, puts, index.url);
    await benchNextRuns(bench, hold, index, targets);
  }
}

/** Measures first syncs, beside bare requests. Returns the mirrors that were made. */
async function benchFirstSync(bench: Bench, hold: Hold, puts: string, upstream: string, latencyMs = 0) {
  const { run, row, pep381run, rounds } = bench;
  const [first, bare]: [Figures[], Figures[]] = [[], []];
  const [targets, shares]: [string[], number[]] = [[], []];
  let objects = 0;
  for (let round = 0; round < rounds; round += 1) {
    const { target, bucket, endpoint, key, secret } = await openBucket(bench, hold, upstream, latencyMs);
    first.push(await run(pep381run, '-q', '--all', target));
    const { requests, bytesSent } = usageOf(bench, target);
    objects = requests.put ?? 0;
    const bytes = Math.round(bytesSent / objects);
    bare.push(await run(puts, endpoint, bucket, key, secret, String(objects), String(bytes)));
    shares.push((bare.at(-1)?.seconds ?? 0) / (first.at(-1)?.seconds ?? 1));
    targets.push(target);
  }
  const rate = (seconds: number): string => `${Math.round(objects / seconds)} objects/s`;
  const share = shares.sort((one, other) => one - other)[rounds >> 1] ?? 0;
  const shown = (seconds: number): string => `${rate(seconds)}, ${Math.round(100 * share)} % of bare requests`;
  const store = latencyMs === 0 ? 'a store on these cores' : `a store ${latencyMs} ms away`;
  row(`first sync, hold = "${hold}", ${projects * filesPerProject} files, ${store}`, first, shown, '80 %');
  row(`bare requests for ${objects} objects of that size`, bare, rate, '');
  return targets;
}

/** Measures runs of these mirrors with few changes, and with none. */
async function benchNextRuns(bench: Bench, hold: Hold, index: ForkedLargeIndex, targets: readonly string[]) {
  const { run, row, pep381run } = bench;
  const [changed, unchanged]: [Figures[], Figures[]] = [[], []];
  let [perProject, ofNone] = [0, 0];
  for (const target of targets) {
    // What changed for the mirrors before it.
    await run(pep381run, '-q', target);
    await index.touch(changedProjects);
    changed.push(await run(pep381run, '-q', target));
    perProject = requestCount(usageOf(bench, target)) / changedProjects;
    unchanged.push(await run(pep381run, '-q', target));
    ofNone = requestCount(usageOf(bench, target));
  }
  const what = `hold = "${hold}"`;
  const forEach = (): string => `${perProject.toFixed(1)} requests for each`;
  row(`${changedProjects} projects changed, ${what}`, changed, forEach, '');
  row(`nothing changed, ${what}`, unchanged, () => `${ofNone} requests`, '0.25 s');
}

async function benchHugeFile(bench: Bench): Promise<void> {
  const gigabytes = freemem() > 12 * 2 ** 30 ? 5 : 1;
  const url = await startProcess('huge-file-process.ts', String(gigabytes * 2 ** 30));
  const { target } = await openBucket(bench, 'everything', url, 0);
  const figures = await bench.run(bench.pep381run, '-q', '--all', target);
  const speed = (seconds: number): string => `${Math.round((gigabytes * 1024) / seconds)} MiB/s`;
  bench.row(`one file of ${gigabytes} GiB into a bucket`, [figures], speed, '200 MiB');
}

async function openBucket(bench: Bench, hold: Hold, upstream: string, latencyMs: number) {
  const store = await openObjectStore({ teardown: (end) => ends.push(end) });
  const { bucket, key, secret } = store;
  process.env.AWS_ACCESS_KEY_ID = key;
  process.env.AWS_SECRET_ACCESS_KEY = secret;
  const endpoint =
    latencyMs === 0
      ? store.endpoint
      : await startProcess('distant-store-process.ts', new URL(store.endpoint).port, String(latencyMs));
  const target = bench.newTarget();
  mkdirSync(target);
  const section = [`bucket = "${bucket}"`, `endpoint = "${endpoint}"`, `hold = "${hold}"`, 'lease = false'];
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${upstream}"\n[storage]\n${section.join('\n')}\n`);
  return { target, bucket, endpoint, key, secret };
}

/** Starts a program beside this one, which ends with the benchmark, and returns the address that it sends. */
async function startProcess(file: string, ...args: readonly string[]): Promise<string> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: ['--import', 'tsx'] });
  ends.push(() => child.disconnect());
  const [url] = (await once(child, 'message')) as [string];
  return url;
}

async function bundlePuts({ folder }: Bench): Promise<string> {
  const outfile = join(folder, 'puts.cjs');
  const entry = fileURLToPath(new URL('bench-puts.ts', import.meta.url));
  await build({
    ...{ entryPoints: [entry], outfile, bundle: true, minify: true, platform: 'node', format: 'cjs', target: 'node20' },
    logLevel: 'warning',
  });
  return outfile;
}

interface StatusOfRun {
  readonly store: { readonly lastRun: StoreUsage };
}

function usageOf({ pep381run }: Bench, target: string): StoreUsage {
  const args = [pep381run, '--status', '--log-format', 'json', target];
  return (JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as StatusOfRun).store.lastRun;
}
