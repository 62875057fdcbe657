/** What a test can have done in its own process, where the start of a program would prove nothing and cost more. */
import { mkdirSync } from 'node:fs';
import { lines } from '../../src/cli/output/lines.ts';
import { printable } from '../../src/cli/output/printable.ts';
import { exitCodeOf } from '../../src/cli/program/exit-codes.ts';
import type { Program } from '../../src/cli/program/program.ts';
import { systemClock } from '../../src/cli/program/system-clock.ts';
import { SitePages } from '../../src/cli/run/site-pages.ts';
import type { SyncSettings } from '../../src/sync/mirror.ts';
import { sync } from '../../src/sync/sync.ts';
import { openMirrorAt } from '../fixtures/test-mirror.ts';
import { type Ended, withoutRootHint } from './program.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does in this process what `program` does with any arguments but `--help` and `--version`, and returns what it would
 * print. `env` are the variables that it finds besides those of this process. Only one call may be at work at a time.
 */
export async function call<Command extends { readonly kind: string }>(
  program: Program<Command>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []];
  const ended = (code: number): Ended => ({ code, stdout: withoutRootHint(textOf(out)), stderr: textOf(err) });
  const restore = keepProcess();
  Object.assign(process.env, env);
  Object.assign(lines, { out: (line: string) => out.push(line), err: (line: string) => err.push(line) });
  try {
    return ended(await program.run(program.parse(args) as Command));
  } catch (error) {
    const code = exitCodeOf(error, false);
    if (code === undefined || !(error instanceof Error)) throw error;
    err.push(`${program.name}: error: ${error.message}`);
    return ended(code);
  } finally {
    restore();
  }
}

/** Mirrors all of the index at `upstream` into the folder `target`, with the pages for people. The folder is made if need be. */
export async function mirrorTo(target: string, upstream: string, settings: Partial<SyncSettings> = {}): Promise<void> {
  mkdirSync(target, { recursive: true });
  const { mirror, close } = openMirrorAt(target, upstream, systemClock, { settings });
  try {
    const { parked, trouble } = await sync(mirror);
    if (parked.size > 0 || trouble !== undefined) throw new Error(`${target}: not all could be mirrored`);
    const failure = await new SitePages(mirror, undefined).end(undefined, true);
    if (failure !== undefined) throw failure;
  } finally {
    await close();
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** Returns a function that takes back what commands change in this process. */
function keepProcess(): () => void {
  const umask = process.umask();
  const env = { ...process.env };
  const printing = { ...lines };
  const listeners = new Map(signals.map((name) => [name, process.listeners(name)]));
  return () => {
    process.umask(umask);
    Object.assign(lines, printing);
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    Object.assign(process.env, env);
    for (const [name, before] of listeners)
      for (const listener of process.listeners(name)) if (!before.includes(listener)) process.off(name, listener);
  };
}
