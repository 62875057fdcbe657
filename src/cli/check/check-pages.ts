/** Renews the pages for people after a check. */
import type { CheckJob } from '../../check/check-job.ts';
import { UsageError } from '../../core/errors.ts';
import { readConfigFile } from '../config/config-file.ts';
import { readPolicy } from '../config/policy-file.ts';
import { settingsFrom } from '../config/settings.ts';
import { loadPart } from '../program/load-part.ts';
import type { Target } from '../target/target.ts';

/**
 * Publishes the pages, which then show what the check found. A run that is at work does so itself. Throws StorageError.
 */
export async function publishCheckPages(
  { config }: Target,
  { state, files, clock, takeLock }: CheckJob,
): Promise<void> {
  const release = takeLock();
  if (release === undefined) return;
  try {
    const file = readConfigFile(config);
    const settings = settingsFrom(file.given);
    const policy = await readPolicy(file, settings);
    const { publishMirrorPages } = await loadPart('site.js', () => import('../../site/mirror-pages.ts'));
    await publishMirrorPages({ state, files, settings, policy, now: clock.now(), isRunning: false });
  } catch (error) {
    // The next run tells what is wrong with mirror.toml.
    if (!(error instanceof UsageError)) throw error;
  } finally {
    release();
  }
}
