/**
 * Measures a mirror in a bucket of a real object store, as a part of the benchmark. The store runs on the same machine, so
 * what it may do is measured at the same time: objects of the same size, put by nothing but the client of the programs.
 */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
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
  const files = projects * filesPerProject;
  const index = await forkLargeIndex({ projects, filesPerProject, meanFileSize: fileBytes });
  ends.push(() => index.close());
  const kinds = ['raw', 'files', 'everything'] as const;
  const first: Record<(typeof kinds)[number], Figures[]> = { raw: [], files: [], everything: [] };
  const later: Record<'changed' | 'unchanged', Figures[]> = { changed: [], unchanged: [] };
  let objects = 0;
  let requests = { perProject: 0, unchanged: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const { bucket, store } = await openBucket(bench, 'files', index.url);
    const { endpoint, key, secret } = store;
    first.raw.push(await run(puts, endpoint, bucket, key, secret, String(files), String(fileBytes)));
    for (const hold of ['files', 'everything'] as const) {
      const { target } = await openBucket(bench, hold, index.url);
      first[hold].push(await run(pep381run, '-q', '--all', target));
      if (hold === 'files') continue;
      objects = putsOf(bench, target);
      await index.touch(40);
      later.changed.push(await run(pep381run, '-q', target));
      const perProject = requestsOf(bench, target) / 40;
      later.unchanged.push(await run(pep381run, '-q', target));
      requests = { perProject, unchanged: requestsOf(bench, target) };
    }
  }
  const rate = (count: number, seconds: number): number => Math.round(count / seconds);
  const raw = Math.min(...first.raw.map(({ seconds }) => seconds));
  const share = (count: number, seconds: number): string =>
    `${rate(count, seconds)} objects/s, ${Math.round((100 * raw * count) / files / seconds)} % of bare requests`;
  row(`${files} objects of 20 KB, bare requests`, first.raw, (s) => `${rate(files, s)} objects/s`, '');
  row(`first sync into a bucket, files only`, first.files, (s) => share(files, s), '80 %');
  row(`first sync into a bucket, everything`, first.everything, (s) => share(objects, s), '80 %');
  row('40 projects changed', later.changed, () => `${requests.perProject.toFixed(1)} requests for each`, '');
  row('nothing changed, bucket', later.unchanged, () => `${requests.unchanged} requests`, '0.25 s');
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
  readonly store?: { readonly lastRun?: { readonly requests: Readonly<Record<string, number>> } };
}

function usageOf({ pep381run }: Bench, target: string): Readonly<Record<string, number>> {
  const args = [pep381run, '--status', '--log-format', 'json', target];
  const status = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as StatusOfRun;
  return status.store?.lastRun?.requests ?? {};
}

function putsOf(bench: Bench, target: string): number {
  return usageOf(bench, target).put ?? 0;
}

function requestsOf(bench: Bench, target: string): number {
  return Object.values(usageOf(bench, target)).reduce((sum, count) => sum + count, 0);
}
