/** Renews the pages for people, and the status for programs, after a check. */
import { StorageError, UsageError } from '../../core/errors.ts';
import { publishStatus } from '../inspect/publish-status.ts';
import { loadPart } from '../program/load-part.ts';
import type { CheckConfig } from './check-config.ts';
import type { OpenedCheck } from './open-check.ts';

/**
 * Publishes the pages and the status, which then show what the check found. A run that is at work does so itself.
 * Resolves with why that was not possible, in one line; a tree that cannot be written to can be checked all the same.
 */
export async function publishCheckPages(
  { settings, readPolicy }: CheckConfig,
  opened: OpenedCheck,
): Promise<string | undefined> {
  const { state, files, clock, takeLock } = opened.job;
  const release = takeLock();
  if (release === undefined) return undefined;
  try {
    opened.createFolders();
    const source = { state, files, settings, policy: await readPolicy() };
    const now = clock.now();
    const [lastRun] = state.history.latest(1);
    if (lastRun !== undefined) await publishStatus(source, lastRun, now);
    const { publishMirrorPages } = await loadPart('site.js', () => import('../../site/mirror-pages.ts'));
    await publishMirrorPages({ ...source, now, isRunning: false });
    return undefined;
  } catch (error) {
    if (error instanceof StorageError) return `the pages for people cannot be renewed: ${error.message}`;
    // The next run tells what is wrong with mirror.toml.
    if (error instanceof UsageError) return undefined;
    throw error;
  } finally {
    release();
  }
}
