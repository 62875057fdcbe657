/** Opens a sample upstream and a target for one test. */
import { join } from 'node:path';
import type { SampleIndex } from '../sample/sample-index.ts';
import { sampleIndex } from '../sample/sample-projects.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { type Ended, killAtEnd, type Running, run, start } from './program.ts';

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
  /** Starts pep381run with these options. It is killed at the end of the test at the latest. */
  begin(...options: string[]): Running;
}

/** Serves `index`, by default the sample projects, until `t` ends. `target` does not exist yet. */
export async function openSample(t: Test, program: string, index: SampleIndex = sampleIndex()): Promise<OpenedSample> {
  const server = await openSampleServer({ index });
  t.teardown(() => server.close());
  const target = join(t.testdir(), 'not/yet/there');
  const args = (options: string[]): string[] => [...options, '--upstream', server.url, target];
  return {
    server,
    target,
    mirror: (...options) => run(program, args(options)),
    begin: (...options) => {
      const running = start(program, args(options));
      killAtEnd(t, running);
      return running;
    },
  };
}
