/** What a test can have done in its own process, where the start of a program would prove nothing and cost more. */
import { mkdirSync } from 'node:fs';
import { parseRunOptions } from '../../src/cli/config/run-options.ts';
import { inspect } from '../../src/cli/inspect/inspect.ts';
import { backUp } from '../../src/cli/inspect/open-backup.ts';
import type { Lines } from '../../src/cli/output/lines.ts';
import { printable } from '../../src/cli/output/printable.ts';
import { exitCodeOf } from '../../src/cli/program/exit-codes.ts';
import { systemClock } from '../../src/cli/program/system-clock.ts';
import { moveMirror } from '../../src/cli/run/open-move.ts';
import { prefetch } from '../../src/cli/run/open-prefetch.ts';
import { restore } from '../../src/cli/run/restore.ts';
import { SitePages } from '../../src/cli/run/site-pages.ts';
import type { SyncSettings } from '../../src/sync/mirror.ts';
import { sync } from '../../src/sync/sync.ts';
import { openMirrorAt } from '../fixtures/test-mirror.ts';
import type { Ended } from './program.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does what `pep381run` does with arguments that do not ask for a run, and returns what it would print. `env` are the
 * variables that it finds besides those of this process.
 */
export async function call(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []];
  const lines: Lines = { out: (line) => out.push(line), err: (line) => err.push(line) };
  const ended = (code: number): Ended => ({ code, stdout: textOf(out), stderr: textOf(err) });
  const restoreProcess = keepProcess();
  Object.assign(process.env, env);
  try {
    return ended(await execute(args, lines));
  } catch (error) {
    const code = exitCodeOf(error, false);
    if (code === undefined || !(error instanceof Error)) throw error;
    lines.err(`pep381run: error: ${error.message}`);
    return ended(code);
  } finally {
    restoreProcess();
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

async function execute(args: readonly string[], lines: Lines): Promise<number> {
  const command = parseRunOptions(args);
  if (command.kind === 'why' || command.kind === 'status') return await inspect(command, lines);
  if (command.kind === 'backup') return backUp(command, lines);
  if (command.kind === 'restore') return await restore(command, lines);
  if (command.kind === 'move') return await moveMirror(command, lines);
  if (command.kind === 'prefetch') return await prefetch(command, lines);
  throw new Error(`${args.join(' ')}: needs a start`);
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** Returns a function that takes back what commands change in this process. */
function keepProcess(): () => void {
  const umask = process.umask();
  const env = { ...process.env };
  const listeners = new Map(signals.map((name) => [name, process.listeners(name)]));
  return () => {
    process.umask(umask);
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    Object.assign(process.env, env);
    for (const [name, before] of listeners)
      for (const listener of process.listeners(name)) if (!before.includes(listener)) process.off(name, listener);
  };
}
