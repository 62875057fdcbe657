/** Reads what a disk or a store may refuse to show. */
import { StorageError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { Finding } from './check-event.ts';
import type { CheckJob } from './check-job.ts';

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

/**
 * Throws StorageError if something is unreadable because the whole object store is: then nothing is wrong with a file.
 */
export async function expectStore({ files, objects }: CheckJob, findings: readonly Finding[]): Promise<void> {
  if (findings.some(({ kind, path }) => kind === 'unreadable' && files.isRemote(path)))
    await objects?.expectReachable();
}
