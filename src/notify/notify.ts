/** Tells the mirrors that mirror from this one that something changed: they need not wait for their cron. */
import { MirrorError } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import { signSync } from '../core/sync-signature.ts';

/** A message for one of them. */
export interface Notice {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends a notice; resolves with the HTTP status. Rejects with a MirrorError when there is no answer in time. */
export type Post = (notice: Notice) => Promise<number>;

export interface NotifyOptions {
  readonly urls: readonly URL[];
  /** Without one the notices are not signed. */
  readonly secret: Uint8Array | undefined;
  readonly serial: number | undefined;
  readonly nowMs: number;
  readonly post: Post;
  readonly report: Report;
}

/** Notifies all at the same time. Who does not accept is warned of, and finds out at its next run. */
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
