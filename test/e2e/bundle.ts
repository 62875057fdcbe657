/** Builds the programs as an administrator installs them, into a folder that has nothing of this project above it. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

export interface BuildScript {
  buildPrograms(folder: string): Promise<void>;
}

/** Builds the programs for one test file, and returns their folder. The folder is removed when the file ends. */
export async function openBundle(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'pep381client-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const programs = join(folder, 'programs');
  // `npm test` and `npm run test:faults` have built them before.
  if (process.env.npm_lifecycle_event?.startsWith('test') === true) {
    cpSync(fileURLToPath(new URL('../../dist', import.meta.url)), programs, { recursive: true });
    return programs;
  }
  const script = (await import(new URL('../../scripts/developer/build.mjs', import.meta.url).href)) as BuildScript;
  await script.buildPrograms(programs);
  return programs;
}
