/** Starts a program: parses its arguments, prints its help, and turns its errors into exit codes. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { useAddon } from '../../state/sqlite/addon.ts';
import { lines } from '../output/lines.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { nodeFolder } from './node-folder.ts';
import { version } from './version.ts';

/** A command that only asks for a text that every program has. */
interface Information {
  readonly kind: 'help' | 'version';
}

/** A program. Its arguments are parsed into a command. */
export interface Program<Command extends { readonly kind: string }> {
  readonly name: string;
  /** The text that `--help` prints. */
  readonly help: string;
  /** The form of the command line, printed after a wrong one. */
  readonly usage: string;
  /** Parses the arguments. Throws UsageError. */
  parse(argv: readonly string[]): Command | Information;
  /** Executes the command. Resolves with the exit code. Throws errors that have an exit code. */
  run(command: Command): Promise<number>;
  /** Prints an error in the arguments in a way of its own, and returns the exit code. */
  tellUsage?(error: UsageError): number;
}

/** Starts `program` with the arguments of the process, and sets the exit code of the process when it ends. */
export function start<Command extends { readonly kind: string }>(program: Program<Command>): void {
  // Printing to a log on a full disk, or to a reader that went away, must not stop the mirroring.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  useBundledAddon();
  // Where only promises are left that nothing can settle, Node ends the process silently, with exit code 0.
  const hangs = (): void => {
    lines.err(`${program.name}: ended before its work was done: nothing is left that could complete it; this is a bug`);
    process.exitCode = exitCodes.bug;
  };
  process.once('beforeExit', hangs);
  const end = (code: number): void => {
    process.off('beforeExit', hangs);
    process.exitCode = code;
  };
  runProgram(program, process.argv.slice(2)).then(end, (error: unknown) => {
    console.error(error);
    end(exitCodes.bug);
  });
}

/** Runs `program` with the arguments `argv`. Resolves with the exit code. Rejects with errors that are bugs. */
export async function runProgram<Command extends { readonly kind: string }>(
  program: Program<Command>,
  argv: readonly string[],
): Promise<number> {
  let command: Command | Information | undefined;
  try {
    command = program.parse(argv);
    if (!isInformation(command)) return await program.run(command);
    lines.out(command.kind === 'help' ? program.help.trimEnd() : version);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof UsageError && program.tellUsage !== undefined) return program.tellUsage(error);
    const code = exitCodeOf(error, false);
    if (code === undefined || !(error instanceof Error)) throw error;
    // The form of the command line helps only if the arguments were wrong.
    if (command === undefined) lines.err(`${program.usage}\n`);
    lines.err(`${program.name}: error: ${error.message}`);
    return code;
  }
}

function isInformation(command: { readonly kind: string }): command is Information {
  return command.kind === 'help' || command.kind === 'version';
}

/** Makes this thread use the SQLite addon beside the running program, if there is one. */
export function useBundledAddon(): void {
  useAddon(bundledAddon());
}

/** Returns the path of the SQLite addon beside the running program, or undefined if node_modules has it. */
function bundledAddon(): string | undefined {
  const program = process.argv[1];
  if (program === undefined) return undefined;
  const addon = join(dirname(realpathSync(program)), nodeFolder, 'better_sqlite3.node');
  return existsSync(addon) ? addon : undefined;
}
