/** Sends requests to the service for metadata of an instance or a container. */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../core/clock.ts';
import { StorageError } from '../../core/errors.ts';
import type { AskMetadata } from './credentials.ts';
import { Failure, receiveAnswer } from './receive-answer.ts';

const tries = 3;
/** The service answers within milliseconds, or there is none. */
const timeoutMs = 2_000;
const pauseMs = 500;
const maxBytes = 64 << 10;

/** Returns a function that asks through a dispatcher, which has to connect directly. It throws StorageError. */
export function openAskMetadata(dispatcher: Dispatcher, clock: Clock, signal: AbortSignal): AskMetadata {
  const reception = { clock, signal, maxBytes, choose: undefined, beforeSending: () => {} };
  return async (method, url, headers) => {
    const timeouts = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
    const request = { origin: url.origin, path: url.pathname + url.search, method, headers, ...timeouts };
    for (let tried = 1; ; tried += 1) {
      const answer = await receiveAnswer(dispatcher, request, reception);
      const isPassing = answer instanceof Failure || answer.status >= 500;
      if (!isPassing) return { status: answer.status, body: answer.body.toString('utf8') };
      if (tried === tries) {
        const reason = answer instanceof Failure ? answer.reason : `status ${answer.status}`;
        throw new StorageError(`${url.href}: ${reason}`);
      }
      await clock.sleep(pauseMs, signal);
    }
  };
}
