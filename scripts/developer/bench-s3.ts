/**
 * Measures a mirror in a bucket of a real object store, as a part of the benchmark. The store runs on the same machine,
 * so what it may do is measured at the same time: objects of the same size, put by nothing but the client of the
 * programs.
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
import { forkLargeIndex } from '../../test/sample/fork-large-index.ts';

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
  const { run, row, pep381run, rounds } = bench;
  const puts = await bundlePuts(bench);
  const index = await forkLargeIndex({ projects, filesPerProject, meanFileSize: fileBytes });
  ends.push(() => index.close());
  for (const hold of ['files', 'everything'] as const) {
    const [first, bare, changed, unchanged]: [Figures[], Figures[], Figures[], Figures[]] = [[], [], [], []];
    const shares: number[] = [];
    let [objects, perProject, ofNone] = [0, 0, 0];
    for (let round = 0; round < rounds; round += 1) {
      const { target, bucket, store } = await openBucket(bench, hold, index.url);
      first.push(await run(pep381run, '-q', '--all', target));
      const { requests, bytesSent } = usageOf(bench, target);
      objects = requests.put ?? 0;
      const { endpoint, key, secret } = store;
      const bytes = Math.round(bytesSent / objects);
      bare.push(await run(puts, endpoint, bucket, key, secret, String(objects), String(bytes)));
      shares.push((bare.at(-1)?.seconds ?? 0) / (first.at(-1)?.seconds ?? 1));
      await index.touch(changedProjects);
      changed.push(await run(pep381run, '-q', target));
      perProject = requestCount(usageOf(bench, target)) / changedProjects;
      unchanged.push(await run(pep381run, '-q', target));
      ofNone = requestCount(usageOf(bench, target));
    }
    const rate = (seconds: number): string => `${Math.round(objects / seconds)} objects/s`;
    const share = shares.sort((one, other) => one - other)[rounds >> 1] ?? 0;
    const what = `hold = "${hold}"`;
    const shown = (seconds: number): string => `${rate(seconds)}, ${Math.round(100 * share)} % of bare requests`;
    row(`first sync, ${what}, ${projects * filesPerProject} files`, first, shown, '80 %');
    row(`bare requests for ${objects} objects of that size`, bare, rate, '');
    row(
      `${changedProjects} projects changed, ${what}`,
      changed,
      () => `${perProject.toFixed(1)} requests for each`,
      '',
    );
    row(`nothing changed, ${what}`, unchanged, () => `${ofNone} requests`, '0.25 s');
  }
}

async function benchHugeFile(bench: Bench): Promise<void> {
  const gigabytes = freemem() > 12 * 2 ** 30 ? 5 : 1;
  const process = fork(fileURLToPath(new URL('huge-file-process.ts', import.meta.url)), [String(gigabytes * 2 ** 30)], {
    execArgv: ['--import', 'tsx'],
  });
  ends.push(() => process.disconnect());
  const [url] = (await once(process, 'message')) as [string];
  const { target } = await openBucket(bench, 'everything', url);
  const figures = await bench.run(bench.pep381run, '-q', '--all', target);
  const speed = (seconds: number): string => `${Math.round((gigabytes * 1024) / seconds)} MiB/s`;
  bench.row(`one file of ${gigabytes} GiB into a bucket`, [figures], speed, '200 MiB');
}

async function openBucket(bench: Bench, hold: Hold, upstream: string) {
  const store = await openObjectStore({ teardown: (end) => ends.push(end) });
  process.env.AWS_ACCESS_KEY_ID = store.key;
  process.env.AWS_SECRET_ACCESS_KEY = store.secret;
  const target = bench.newTarget();
  const { bucket, endpoint } = store;
  mkdirSync(target);
  const section = [`bucket = "${bucket}"`, `endpoint = "${endpoint}"`, `hold = "${hold}"`, 'lease = false'];
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${upstream}"\n[storage]\n${section.join('\n')}\n`);
  return { target, bucket, store };
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
