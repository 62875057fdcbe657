/** Finds the SQLite addon that lies beside a bundle. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { useAddon } from '../../state/sqlite/addon.ts';

/** Makes connections by the `better_sqlite3.node` beside the running program; without one, node_modules has it. */
export function useBundledAddon(): void {
  const program = process.argv[1];
  if (program === undefined) return;
  const addon = join(dirname(realpathSync(program)), 'better_sqlite3.node');
  if (existsSync(addon)) useAddon(addon);
}
