import { StorageError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { Finding } from './check-event.ts';

/** What `look` finds at `path`; what the disk refuses to show is a finding, too, and ends nothing. */
export async function readOrFinding<T>(
  path: WebPath,
  project: ProjectName | undefined,
  look: () => Promise<T>,
): Promise<T | Finding> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return { kind: 'unreadable', path, project, found: error.message };
  }
}
