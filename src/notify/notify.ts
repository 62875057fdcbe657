/** Notifies the mirrors that mirror from this one of a change, so that they need not wait for their cron job. */
import { MirrorError } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import { signSync } from '../core/sync-signature.ts';

/** A message to one mirror. */
export interface Notice {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends a notice and resolves to the HTTP status. Rejects with a MirrorError if there is no answer in time. */
export type Post = (notice: Notice) => Promise<number>;

export interface NotifyOptions {
  readonly urls: readonly URL[];
  /** The secret that notices are signed with. Undefined to send them unsigned. */
  readonly secret: Uint8Array | undefined;
  readonly serial: number | undefined;
  readonly nowMs: number;
  readonly post: Post;
  readonly report: Report;
}

/**
 * Notifies all mirrors at the same time. Warns of each that does not accept: it discovers the change in its next run.
 */
export async function notifyDownstream(options: NotifyOptions): Promise<void> {
  const { urls, secret, serial, nowMs, post, report } = options;
  const body = `${JSON.stringify({ serial: serial ?? null })}\n`;
  const headers = { 'content-type': 'application/json', ...(secret && signatureHeaders(secret, nowMs, body)) };
  await Promise.all(
    urls.map(async (url) => {
      const problem = await problemOf(post({ url, headers, body }));
      if (problem !== undefined) report({ type: 'warning', message: `${url} was not notified: ${problem}` });
    }),
  );
}

function signatureHeaders(secret: Uint8Array, nowMs: number, body: string): Record<string, string> {
  const { timestamp, signature } = signSync(secret, nowMs, body);
  return { 'x-pep381-timestamp': timestamp, 'x-pep381-signature': signature };
}

async function problemOf(posted: Promise<number>): Promise<string | undefined> {
  try {
    const status = await posted;
    return status >= 200 && status < 300 ? undefined : `expected status 2xx, found ${status}`;
  } catch (error) {
    if (error instanceof MirrorError) return error.message;
    throw error;
  }
}
