/**
 * `npm run bench -- [--in FOLDER] [start] [files] [latency] [index] [policy] [list] [check] [logs] [statistics] [s3]`:
 * measures the built programs, in all parts or in those that are named. pep381run mirrors the sample upstream's large
 * index, which runs in a process of its own on loopback. Prints one table, with the median of three runs. Targets are
 * removed only at the end: ext4 avoids inodes that were freed within the last seconds, which would slow down the
 * creation of files.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import minimist from 'minimist';
import { forkLargeIndex } from '../../test/sample/fork-large-index.ts';
import { nameOf } from '../../test/sample/large-model.ts';
import { writeAccessLog } from './bench-log.ts';
import { benchStore, type Figures } from './bench-s3.ts';
import { writeYearOfStatistics } from './bench-statistics.ts';

const rounds = 3;
const root = fileURLToPath(new URL('../..', import.meta.url));
const parts = {
  start: benchStart,
  files: benchFiles,
  latency: benchLatency,
  index: benchIndexOnly,
  policy: benchPolicy,
  list: benchList,
  check: benchCheck,
  logs: benchLogs,
  statistics: benchStatistics,
  s3: () => benchStore({ folder, pep381run, rounds, newTarget, run, row }),
};
const { _: chosen, in: place = tmpdir() } = minimist(process.argv.slice(2), { string: ['_', 'in'] });
const unknown = chosen.filter((part) => !Object.hasOwn(parts, part));
if (unknown.length > 0)
  throw new Error(`bench: there is no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
const folder = mkdtempSync(join(place, 'pep381-bench-'));
const usageHook = join(folder, 'usage.cjs');
writeFileSync(
  usageHook,
  `process.on('exit', () => require('fs').writeFileSync(process.env.BENCH_USAGE, JSON.stringify(process.resourceUsage())));`,
);
const pep381run = join(root, 'dist', 'pep381run');
const pep381checkfiles = join(root, 'dist', 'pep381checkfiles');
const takeOver = join(root, 'dist', 'bench-list.cjs');

const rows: string[][] = [];
let targets = 0;
try {
  await build({
    entryPoints: [join(root, 'scripts', 'developer', 'bench-list.ts')],
    outfile: takeOver,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'warning',
  });
  for (const [part, bench] of Object.entries(parts)) if (chosen.length === 0 || chosen.includes(part)) await bench();
  print();
} finally {
  rmSync(takeOver, { force: true });
  rmSync(folder, { recursive: true, force: true });
}

/** Measures 2,000 projects with 10,000 files of 20 KB: the first sync, a run with nothing new, 200 changed projects. */
async function benchFiles(): Promise<void> {
  const files = 10_000;
  const index = await forkLargeIndex({ projects: 2000, filesPerProject: 5, meanFileSize: 20_000 });
  const [first, changed, unchanged]: [Figures[], Figures[], Figures[]] = [[], [], []];
  let traffic = 0;
  for (let round = 0; round < rounds; round += 1) {
    const target = newTarget();
    first.push(await run(pep381run, '-q', '--upstream', index.url, target));
    await index.touch(200);
    changed.push(await run(pep381run, '-q', '--upstream', index.url, target));
    const before = (await index.touch(0)).traffic;
    unchanged.push(await run(pep381run, '-q', '--upstream', index.url, target));
    traffic = Math.max(traffic, (await index.touch(0)).traffic - before);
  }
  await index.close();
  row('first sync, 2,000 projects, 10,000 files of 20 KB', first, (s) => `${rate(files, s)} files/s`, '1,500 files/s');
  row('200 projects changed, one new file each', changed, () => '', '');
  row('nothing changed, 2,000 projects', unchanged, () => `${traffic} bytes of traffic`, '0.25 s, 5,000 bytes');
}

/** Measures what every start costs, beside Node itself. */
async function benchStart(): Promise<void> {
  const [node, version]: [Figures[], Figures[]] = [[], []];
  for (let round = 0; round < 5; round += 1) {
    node.push(await run('-e', '0'));
    version.push(await run(pep381run, '--version'));
  }
  const bare = median(node.map(({ seconds }) => seconds));
  row('node -e 0', node, () => '', '');
  row('pep381run --version', version, (s) => `${(s / bare).toFixed(1)} x node`, '');
}

/**
 * Measures 500 projects with 2,500 files of an upstream that answers after 30 ms, as PyPI does from elsewhere in a
 * continent: as shipped, with fixed numbers of connections, and where a tenth of the files answers 503 first.
 */
async function benchLatency(): Promise<void> {
  const size = { projects: 500, filesPerProject: 5, meanFileSize: 20_000, latencyMs: 30 };
  const cases = [
    ['as shipped', [], {}],
    ['10 connections', ['--workers', '10'], {}],
    ['50 connections', ['--workers', '50'], {}],
    ['at 2 MB/s', [], { bytesPerSecond: 2_000_000, projects: 50 }],
    ['429 above 30 requests', [], { maxRequests: 30 }],
    ['a tenth of the files answers 503 once', [], { failingFile: 10 }],
  ] as const;
  for (const [what, options, network] of cases) {
    const figures: Figures[] = [];
    const notes: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const index = await forkLargeIndex({ ...size, ...network });
      figures.push(await run(pep381run, '-q', ...options, '--upstream', index.url, newTarget()));
      const { mostRequests, refusals } = await index.touch(0);
      notes.push(`${mostRequests} requests at a time${refusals > 0 ? `, ${refusals} refused` : ''}`);
      await index.close();
    }
    const projects = 'projects' in network ? network.projects : size.projects;
    row(`first sync 30 ms away, ${projects} projects, ${what}`, figures, () => notes[0] ?? '', '');
  }
}

/** Measures 20,000 projects without their files. */
async function benchIndexOnly(): Promise<void> {
  const projects = 20_000;
  const index = await forkLargeIndex({ projects, filesPerProject: 5, meanFileSize: 1000 });
  const figures: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    figures.push(await run(pep381run, '-q', '--index-only', '--upstream', index.url, newTarget()));
  }
  await index.close();
  row('index only, 20,000 projects', figures, (s) => `${rate(projects, s)} projects/s`, '1,500 projects/s');
}

/**
 * Measures 100,000 projects with 200,000 files of 100 bytes. First every file is decided anew and stays as it was. Then
 * a rule names one project, which requires all others in 800,000 ways.
 */
async function benchPolicy(): Promise<void> {
  const projects = 100_000;
  const index = await forkLargeIndex({ projects, filesPerProject: 2, meanFileSize: 100, requires: 8 });
  const target = newTarget();
  const config = join(target, 'mirror.toml');
  mkdirSync(target);
  writeFileSync(config, '[releases]\nkeep = 20\n');
  await run(pep381run, '-q', '--upstream', index.url, target);
  const figures: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    writeFileSync(config, `[releases]\nkeep = ${21 + round}\n`);
    figures.push(await run(pep381run, '-q', '--upstream', index.url, target));
  }
  row('new rules for 100,000 projects', figures, (s) => `${rate(projects, s)} projects/s`, '20 s, 200 MiB');
  writeFileSync(config, `dependencies = true\nprojects = ["${nameOf(0)}"]\n`);
  await run(pep381run, '-q', '--upstream', index.url, target);
  await index.close();
  await benchLooks(target);
}

/** Measures what a person asks of that mirror. */
async function benchLooks(target: string): Promise<void> {
  const looks = [
    ['--why, a project that a rule names', ['--why', nameOf(0)]],
    ['--why, one that others require', ['--why', nameOf(50_000)]],
    ['--status', ['--status']],
  ] as const;
  for (const [what, options] of looks) {
    const figures: Figures[] = [];
    for (let round = 0; round < rounds; round += 1) figures.push(await run(pep381run, ...options, target));
    row(`${what}, 100,000 projects`, figures, () => '', '0.2 s');
  }
}

/** Measures the list of all projects at PyPI's size, and runs with few changes, or none, at large sizes. */
async function benchList(): Promise<void> {
  for (const names of [300_000, 880_000]) await benchListOf(names);
}

async function benchListOf(names: number): Promise<void> {
  const projects = 2000;
  const index = await forkLargeIndex({
    projects,
    filesPerProject: 1,
    meanFileSize: 100,
    listOnlyNames: names - projects,
  });
  const [list, unchanged, changed]: [Figures[], Figures[], Figures[]] = [[], [], []];
  const count = names.toLocaleString('en-US');
  for (let round = 0; round < rounds; round += 1) list.push(await run(takeOver, index.url, newTarget()));
  const target = newTarget();
  await run(takeOver, index.url, target, 'finish');
  // A tree without any project would be taken for a disk that is not mounted.
  mkdirSync(join(target, 'web/simple', nameOf(0)), { recursive: true });
  await run(pep381run, '-q', '--upstream', index.url, target);
  let traffic = 0;
  for (let round = 0; round < rounds; round += 1) {
    const before = (await index.touch(0)).traffic;
    unchanged.push(await run(pep381run, '-q', '--upstream', index.url, target));
    traffic = Math.max(traffic, (await index.touch(0)).traffic - before);
  }
  for (let round = 0; round < rounds; round += 1) {
    await index.touch(20);
    changed.push(await run(pep381run, '-q', '--upstream', index.url, target));
  }
  await index.close();
  row(`list of ${count} names taken over`, list, () => '', '4 s, 150 MiB');
  row(`nothing changed, ${count} projects`, unchanged, () => `${traffic} bytes of traffic`, '0.25 s, 5,000 bytes');
  row(`20 changed of ${count} projects`, changed, () => '', '0.5 s of CPU');
}

/** Measures checks of mirrors that were just written: one with many small files, one with few large ones. */
async function benchCheck(): Promise<void> {
  const small = { projects: 2000, filesPerProject: 5, meanFileSize: 20_000 };
  const large = { projects: 4, filesPerProject: 15, meanFileSize: 32_000_000 };
  const count = small.projects * small.filesPerProject;
  const [smallTarget] = await mirrored(small);
  const [largeTarget, bytes] = await mirrored(large);
  const [full, quick, read]: [Figures[], Figures[], Figures[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    full.push(await run(pep381checkfiles, smallTarget));
    quick.push(await run(pep381checkfiles, '--quick', smallTarget));
    read.push(await run(pep381checkfiles, largeTarget));
  }
  row('check of 10,000 files of 20 KB', full, (s) => `${rate(count, s)} files/s`, '5,000 files/s, 120 MiB');
  row('quick check of 10,000 files', quick, (s) => `${rate(count, s)} files/s`, '');
  row('check of 60 files of 32 MB', read, (s) => `${rate(bytes / 1e6, s)} MB/s`, '800 MB/s, 120 MiB');
}

/** Returns a target that mirrors such an index, and the size of its files in bytes. */
async function mirrored(options: Parameters<typeof forkLargeIndex>[0]): Promise<[string, number]> {
  const index = await forkLargeIndex(options);
  const target = newTarget();
  await run(pep381run, '-q', '--upstream', index.url, target);
  await index.close();
  return [target, index.started.bytes];
}

/** Measures a log of two million lines over three days, as a mirror with modern clients writes it. */
async function benchLogs(): Promise<void> {
  const lines = 2_000_000;
  const log = join(folder, 'pypi.log');
  writeAccessLog(log, lines);
  const figures: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const target = newTarget();
    mkdirSync(join(target, 'web'), { recursive: true });
    figures.push(await run(join(root, 'dist', 'processlogs'), '-q', target, log));
  }
  row('access log of 2,000,000 lines', figures, (s) => `${rate(lines, s)} lines/s`, '1,000,000 lines/s');
}

/** Measures processlogs on a year of statistics: its first run with new lines makes the pages, the next ones do not. */
async function benchStatistics(): Promise<void> {
  const log = join(folder, 'year.log');
  const noFile = '192.0.2.1 - - [28/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "x"\n';
  const processlogs = join(root, 'dist', 'processlogs');
  const [made, left]: [Figures[], Figures[]] = [[], []];
  const target = newTarget();
  mkdirSync(join(target, 'web'), { recursive: true });
  writeYearOfStatistics(join(target, 'state.db'));
  for (let round = 0; round < rounds; round += 1) {
    writeFileSync(log, noFile.repeat(round + 1));
    made.push(await run(processlogs, '-q', target, log));
    left.push(await run(processlogs, '-q', target, log));
  }
  row('a year of statistics, nothing new', left, () => '', '');
  row('a year of statistics, new pages', made, () => '', '0.5 s and 30 MiB more');
}

function newTarget(): string {
  targets += 1;
  return join(folder, `target-${targets}`);
}

async function run(program: string, ...args: string[]): Promise<Figures> {
  const usageFile = join(folder, 'usage.json');
  const env = { ...process.env, BENCH_USAGE: usageFile };
  const started = process.hrtime.bigint();
  const child = spawn(process.execPath, ['--require', usageHook, program, ...args], {
    env,
    // The output of the programs is dropped: only their resources are measured.
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
  const usage = JSON.parse(readFileSync(usageFile, 'utf8')) as NodeJS.ResourceUsage;
  return { seconds, cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6, peakMiB: usage.maxRSS / 1024 };
}

function row(what: string, figures: readonly Figures[], show: (seconds: number) => string, goal: string): void {
  const seconds = median(figures.map((figure) => figure.seconds));
  const cpu = median(figures.map((figure) => figure.cpuSeconds));
  const peak = median(figures.map((figure) => figure.peakMiB));
  rows.push([what, `${seconds.toFixed(2)} s`, `${cpu.toFixed(2)} s`, `${peak.toFixed(0)} MiB`, show(seconds), goal]);
  process.stderr.write(`${rows.at(-1)?.join('  ')}\n`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function rate(count: number, seconds: number): string {
  return Math.round(count / seconds).toLocaleString('en-US');
}

function print(): void {
  const table = [['', 'wall', 'CPU', 'peak memory', 'result', 'goal'], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  console.log(`\n${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.versions.node}`);
  for (const cells of table)
    console.log(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}
