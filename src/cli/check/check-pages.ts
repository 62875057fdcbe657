/** Renews the pages for people after a check. */
import { StorageError, UsageError } from '../../core/errors.ts';
import { readConfigFile } from '../config/config-file.ts';
import { readPolicy } from '../config/policy-file.ts';
import { settingsFrom } from '../config/settings.ts';
import { loadPart } from '../program/load-part.ts';
import type { Target } from '../target/target.ts';
import type { OpenedCheck } from './open-check.ts';

/**
 * Publishes the pages, which then show what the check found. A run that is at work does so itself. Resolves with why that
 * was not possible, in one line; a tree that cannot be written to can be checked all the same.
 */
export async function publishCheckPages({ config }: Target, opened: OpenedCheck): Promise<string | undefined> {
  const { state, files, clock, takeLock } = opened.job;
  const release = takeLock();
  if (release === undefined) return undefined;
  try {
    opened.createFolders();
    const file = readConfigFile(config);
    const settings = settingsFrom(file.given);
    const policy = await readPolicy(file, settings);
    const { publishMirrorPages } = await loadPart('site.js', () => import('../../site/mirror-pages.ts'));
    await publishMirrorPages({ state, files, settings, policy, now: clock.now(), isRunning: false });
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
