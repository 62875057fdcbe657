/** Sends notices over HTTP, with ten seconds for all of them. */
import type { Clock } from '../../core/clock.ts';
import { PausedError, UnreachableError } from '../../core/errors.ts';
import type { Notice, Post } from '../../notify/notify.ts';
import { HttpClient } from '../../upstream/pypi/http-client.ts';
import { loadPart } from '../program/load-part.ts';
import { version } from '../program/version.ts';

const timeLimitMs = 10_000;

/** Returns a function that posts notices until it is closed or `pause` is aborted. */
export async function openPost(
  clock: Clock,
  pause: AbortSignal,
): Promise<{ readonly post: Post; close(): Promise<void> }> {
  const { openDirectly } = await loadPart('http.js', () => import('./open-dispatcher.ts'));
  const dispatcher = openDirectly(timeLimitMs);
  // AbortSignal.any is not usable: in Node 20 the signal of a timeout may never fire if nothing else refers to it.
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const timer = setTimeout(stop, timeLimitMs);
  pause.addEventListener('abort', stop);
  const { signal } = controller;
  const http = new HttpClient({ dispatcher, clock, signal, userAgent: () => `pep381client/${version}` });
  const post = async ({ url, headers, body }: Notice): Promise<number> => {
    try {
      return (await http.exchange({ method: 'POST', url, headers, body })).status;
    } catch (error) {
      if (!(error instanceof PausedError) || pause.aborted) throw error;
      throw new UnreachableError(`no answer within ${timeLimitMs / 1000} s`, { cause: error });
    }
  };
  const close = async (): Promise<void> => {
    clearTimeout(timer);
    pause.removeEventListener('abort', stop);
    await dispatcher.destroy();
  };
  return { post, close };
}
