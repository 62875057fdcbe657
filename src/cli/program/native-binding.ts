/** Finds the SQLite addon that lies beside a bundle. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `better_sqlite3.node` beside the running program, or undefined where node_modules has it. */
export function nativeBindingPath(): string | undefined {
  const program = process.argv[1];
  if (program === undefined) return undefined;
  const addon = join(dirname(realpathSync(program)), 'better_sqlite3.node');
  return existsSync(addon) ? addon : undefined;
}
