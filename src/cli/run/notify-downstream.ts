/** Notifies the mirrors that the setting `notify` names, after a run that changed something. */
import { messageOf } from '../../core/caught-error.ts';
import type { Clock } from '../../core/clock.ts';
import { UsageError } from '../../core/errors.ts';
import type { Report } from '../../core/report.ts';
import { secretFrom } from '../../core/sync-signature.ts';
import { notifyDownstream } from '../../notify/notify.ts';
import { readBytes } from '../config/read-text.ts';
import type { Settings } from '../config/settings.ts';
import { openPost } from '../network/open-post.ts';

/**
 * Reads the secret that notices are signed with; undefined if none is set. Throws UsageError. It is read before the
 * run does anything, so that a wrong setting changes nothing.
 */
export function readNotifySecret({ notifySecretFile }: Settings): Uint8Array | undefined {
  if (notifySecretFile === undefined) return undefined;
  let secret: Uint8Array | undefined;
  try {
    secret = secretFrom(readBytes(notifySecretFile));
  } catch (cause) {
    throw new UsageError(`notify-secret-file: ${notifySecretFile} cannot be read: ${messageOf(cause)}`, { cause });
  }
  if (secret === undefined) throw new UsageError(`notify-secret-file: ${notifySecretFile} is empty`);
  return secret;
}

/** The contents of a notice, and the means to send it. */
export interface NotifyAll {
  readonly urls: readonly string[];
  readonly secret: Uint8Array | undefined;
  readonly serial: number | undefined;
  readonly clock: Clock;
  readonly report: Report;
  readonly pause: AbortSignal;
}

/** Sends the notice to all URLs. Resolves within ten seconds. */
export async function notifyAll({ urls, secret, serial, clock, report, pause }: NotifyAll): Promise<void> {
  if (urls.length === 0) return;
  const { post, close } = await openPost(clock, pause);
  try {
    const to = urls.map((url) => new URL(url));
    await notifyDownstream({ urls: to, secret, serial, nowMs: clock.now(), post, report });
  } finally {
    await close();
  }
}
