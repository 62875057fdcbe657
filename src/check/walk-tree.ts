/** Walks through a part of the tree of any size, in no particular order. */
import type { WebPath } from '../core/paths.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { readOrFinding } from './read-or-finding.ts';

/** An entry of the walk. Folders occur only if they are empty. */
export interface WalkedEntry {
  readonly path: WebPath;
  readonly kind: 'file' | 'other' | 'empty-folder';
}

/** Calls `meet` for everything below `folder`. Folders that the disk refuses to show are reported and skipped. */
export async function walk(check: Check, folder: WebPath, meet: (met: WalkedEntry) => Promise<void>): Promise<void> {
  await check.yielder.yieldIfDue();
  let isEmpty = true;
  const refused = await readOrFinding(folder, undefined, async () => {
    for await (const { name, kind } of check.files.entries(folder)) {
      isEmpty = false;
      const path = childPath(folder, name);
      if (kind === 'folder') await walk(check, path, meet);
      else await meet({ path, kind });
    }
  });
  if (refused !== undefined) check.report({ type: 'finding', finding: refused satisfies Finding });
  else if (isEmpty) await meet({ path: folder, kind: 'empty-folder' });
}

/** Returns the path of the entry `name` in `folder`. */
export function childPath(folder: WebPath, name: string): WebPath {
  return `${folder}/${name}` as WebPath;
}
