import { StorageError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { Finding } from './check-event.ts';

/** Returns the result of `look`. If the disk refuses access to `path`, returns a finding instead of throwing. */
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
