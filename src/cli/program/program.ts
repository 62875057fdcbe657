/** The start of a program: its arguments, its help, and how its errors become exit codes. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { useAddon } from '../../state/sqlite/addon.ts';
import { lines } from '../output/lines.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { version } from './version.ts';

/** Asks for nothing but a text that every program has. */
interface Information {
  readonly kind: 'help' | 'version';
}

/** A program that is started with arguments, which ask for a command. */
export interface Program<Command extends { readonly kind: string }> {
  readonly name: string;
  /** What `--help` prints. */
  readonly help: string;
  /** The form of the command line: for who misspelt it. */
  readonly usage: string;
  /** Reads the arguments. Throws UsageError. */
  parse(argv: readonly string[]): Command | Information;
  /** Does what is asked for; resolves with the exit code. Throws the errors that have an exit code. */
  run(command: Command): Promise<number>;
  /** Tells of wrong usage in a way of its own, and returns the exit code. */
  tellUsage?(error: UsageError): number;
}

/** Starts `program` with the arguments of the process, and sets its exit code when it has ended. */
export function start<Command extends { readonly kind: string }>(program: Program<Command>): void {
  // A log whose disk is full or whose reader went away is no reason to leave the mirror as it is.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  useAddon(bundledAddon());
  runWith(program, process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error);
      process.exitCode = exitCodes.bug;
    },
  );
}

/** Runs `program`; resolves with the exit code. Rejects with what is a bug. */
async function runWith<Command extends { readonly kind: string }>(
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
    // Only who misspelt the command line is helped by its form.
    if (command === undefined) lines.err(`${program.usage}\n`);
    lines.err(`${program.name}: error: ${error.message}`);
    return code;
  }
}

function isInformation(command: { readonly kind: string }): command is Information {
  return command.kind === 'help' || command.kind === 'version';
}

/** `better_sqlite3.node` beside the running program, or undefined where node_modules has it. */
function bundledAddon(): string | undefined {
  const program = process.argv[1];
  if (program === undefined) return undefined;
  const addon = join(dirname(realpathSync(program)), 'better_sqlite3.node');
  return existsSync(addon) ? addon : undefined;
}
