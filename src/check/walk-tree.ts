/** Walks through a part of the tree, however large, in no order. */
import { childPath, type WebPath } from '../core/paths.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { readOrFinding } from './read-or-finding.ts';

/** What a walk meets; folders only when they are empty. */
export interface WalkedEntry {
  readonly path: WebPath;
  readonly kind: 'file' | 'other' | 'empty-folder';
}

/** Meets everything below `folder`. What the disk refuses to show is reported, and the walk goes on beside it. */
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
