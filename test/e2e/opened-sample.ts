/** Opens a sample upstream and a target for one test. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SampleIndex } from '../sample/sample-index.ts';
import { sampleIndex } from '../sample/sample-projects.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { type Ended, killAtEnd, type Running, run, start } from './program.ts';
import { runHere } from './run-here.ts';

/** The parts of a test that are needed here. */
interface Test {
  testdir(): string;
  teardown(end: () => unknown): void;
}

/** The result of {@link openSample}. */
export interface OpenedSample {
  readonly server: SampleServer;
  readonly target: string;
  /** Runs pep381run with these options to its end. */
  mirror(...options: string[]): Promise<Ended>;
  /** Does the same in this process, for runs that the test is not about. */
  mirrorHere(...options: string[]): Promise<Ended>;
  /** Starts pep381run with these options. It is killed at the end of the test at the latest. */
  begin(...options: string[]): Running;
}

/** Serves `index`, by default the sample projects, until `t` ends. `target` does not exist yet. */
export async function openSample(t: Test, program: string, index: SampleIndex = sampleIndex()): Promise<OpenedSample> {
  return opened(t, program, await openSampleServer({ index }));
}

function opened(t: Test, program: string, server: SampleServer): OpenedSample {
  t.teardown(() => server.close());
  const target = join(t.testdir(), 'not/yet/there');
  const args = (options: string[]): string[] => [...options, '--upstream', server.url, target];
  return {
    server,
    target,
    mirror: (...options) => run(program, args(options)),
    mirrorHere: (...options) => runHere(...args(options)),
    begin: (...options) => {
      const running = start(program, args(options));
      killAtEnd(t, running);
      return running;
    },
  };
}

/** How a mirror is made that is copied then. */
export interface MirroredOptions {
  /** What its mirror.toml says, besides upstream; by default it has none. */
  readonly settings?: string;
  /** The exit code of the run that makes it. By default it is 0, and the run says nothing. */
  readonly code?: number;
}

/** A mirror that was made by one quiet run, and the port of its upstream, which its state names. */
interface Made {
  readonly target: string;
  readonly port: number;
}

/** By what makes their index, and by their options. */
const made = new Map<() => SampleIndex, Map<string, Promise<Made>>>();

/**
 * Does the same, and `target` is a mirror after its first run. A process makes each of these mirrors once, and copies it
 * for each test: for tests of what comes after that run, which takes longer than most of them.
 */
export async function openMirrored(
  t: Test,
  program: string,
  makeIndex: () => SampleIndex = sampleIndex,
  options: MirroredOptions = {},
): Promise<OpenedSample> {
  const { server, copyTo } = await openCopies(program, makeIndex, options);
  const sample = opened(t, program, server);
  copyTo(sample.target);
  return sample;
}

/** Serves `makeIndex()`. `copyTo` makes a mirror of it in a folder, by copying one that was made once. */
export async function openCopies(
  program: string,
  makeIndex: () => SampleIndex,
  options: MirroredOptions = {},
): Promise<{ readonly server: SampleServer; copyTo(target: string): void }> {
  const key = JSON.stringify(options);
  const mirrors = made.get(makeIndex) ?? new Map<string, Promise<Made>>();
  made.set(makeIndex, mirrors);
  const found = mirrors.get(key) ?? makeMirror(makeIndex, options);
  mirrors.set(key, found);
  const { target, port } = await found;
  const server = await openSampleServer({ index: makeIndex(), port }).catch(() => undefined);
  if (server === undefined) {
    // Somebody has the port meanwhile.
    mirrors.delete(key);
    return openCopies(program, makeIndex, options);
  }
  return {
    server,
    copyTo: (copy) => {
      mkdirSync(dirname(copy), { recursive: true });
      execFileSync('cp', ['-a', '-T', target, copy]);
    },
  };
}

async function makeMirror(
  makeIndex: () => SampleIndex,
  { settings, code: expected = 0 }: MirroredOptions,
): Promise<Made> {
  const folder = mkdtempSync(join(tmpdir(), 'mirrored-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const server = await openSampleServer({ index: makeIndex() });
  const target = join(folder, 'target');
  if (settings !== undefined) {
    mkdirSync(target);
    writeFileSync(join(target, 'mirror.toml'), settings);
  }
  const { code, stdout, stderr } = await runHere('-q', '--upstream', server.url, target);
  await server.close();
  if (code !== expected || (code === 0 && stdout + stderr !== ''))
    throw new Error(`a first run ended with ${code}: ${stdout}${stderr}`);
  return { target, port: Number(new URL(server.url).port) };
}
