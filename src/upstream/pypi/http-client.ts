/**
 * One HTTP exchange at a time, over undici's `dispatch`, which costs a third of `request` or `fetch`.
 * No redirects are followed, nothing is tried again here, and every body has a bound in size and in time.
 */
import { gunzip, gunzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { asError, hasCode, messageOf } from '../../core/caught-error.ts';
import type { Clock } from '../../core/clock.ts';
import { MirrorError, NonsenseError, PausedError, UnreachableError } from '../../core/errors.ts';
import { isGzip } from './content-encoding.ts';

/** A request; headers in lower case. */
export interface HttpRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What the body of the answer may have, packed and unpacked, where no receiver takes it; 64 MiB unless told. */
  readonly maxBytes?: number;
  /** The body with which all is well (200) stays as it arrived: see packed-body.ts. */
  readonly packed?: boolean;
  /** How long the first byte of an answer is waited for; as long as for all others unless told. */
  readonly timeoutMs?: number | undefined;
}

/** What came back; the body is empty where a receiver took it. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** The body is still compressed. */
  readonly packed?: boolean;
}

/** Takes the bytes of a body as they arrive; a promise holds the connection back until it resolves. */
export type BodyReceiver = (chunk: Buffer) => void | Promise<void>;

/** Decides, once the head of an answer is there, who takes its body; undefined means that it is collected. */
export type ChooseReceiver = (status: number, headers: HttpResponse['headers']) => BodyReceiver | undefined;

export interface HttpClientOptions {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What upstream's operators see of us. */
  readonly userAgent: (url: URL) => string;
  /** By what we are known there, if that is asked for. */
  readonly authorization?: ((url: URL) => string | undefined) | undefined;
  /** More about why there is no connection, where it is known. */
  readonly explain?: ((url: URL, error: Error) => Promise<string> | undefined) | undefined;
}

/** A page of PyPI is a few MB at most. */
export const largestBody = 64 << 20;
/** Below this many bytes inflating at once costs less than handing it to another thread. */
const inflateHere = 32 << 10;
/** A body that is slower than this after the first half minute is given up: timeouts per chunk never end a drip. */
const slowestBytesPerSecond = 1_000;
const patienceMs = 30_000;
/** What is collected has to be there in time, which is longer for a large body: a page that drips holds up a run. */
const collectedWithinMs = 120_000;
const collectedBytesPerSecond = 20_000;
/** Each interim answer (1xx) starts the wait for the real one anew. */
const maxInterimResponses = 10;

export class HttpClient {
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** Sends the request. Throws UnreachableError without an answer, NonsenseError on one too large, PausedError. */
  async exchange(request: HttpRequest, choose?: ChooseReceiver): Promise<HttpResponse> {
    if (this.#options.signal.aborted) throw new PausedError('paused');
    const answer = await this.#dispatch(request, choose).catch((error: unknown) => this.#explained(request, error));
    if (answer.body.length === 0 || !isCompressed(answer.status, answer.headers, request.url)) return answer;
    if (request.packed === true && answer.status === 200) return { ...answer, packed: true };
    return { ...answer, body: await inflate(answer.body, request) };
  }

  /** Throws the error with what more is known of it. */
  async #explained({ url }: HttpRequest, error: unknown): Promise<never> {
    const { cause } = error instanceof UnreachableError ? error : {};
    const text = cause instanceof Error ? await this.#options.explain?.(url, cause) : undefined;
    throw text === undefined ? error : new UnreachableError(`${url}: ${text}`, { cause });
  }

  #dispatch(request: HttpRequest, choose: ChooseReceiver | undefined): Promise<HttpResponse> {
    const { dispatcher, clock, signal, userAgent } = this.#options;
    const authorization = this.#options.authorization?.(request.url);
    const { url, method = 'GET', maxBytes = largestBody, timeoutMs } = request;
    return new Promise((resolve, reject) => {
      let status = 0;
      let interim = 0;
      let headers: HttpResponse['headers'] = {};
      let receive: BodyReceiver | undefined;
      const chunks: Buffer[] = [];
      let bytes = 0;
      let since = 0;
      let stop = (): void => {};
      const finish = (settle: () => void): void => {
        signal.removeEventListener('abort', stop);
        settle();
      };
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart(controller) {
          stop = () => controller.abort(new PausedError('paused'));
          if (signal.aborted) stop();
          else signal.addEventListener('abort', stop, { once: true });
        },
        onResponseStart(controller, code, received) {
          if (code < 200) {
            interim += 1;
            if (interim > maxInterimResponses)
              controller.abort(new NonsenseError(`${url}: upstream answers ${code} without end`));
            return;
          }
          status = code;
          headers = received as HttpResponse['headers'];
          since = clock.now();
          try {
            receive = choose?.(status, headers);
          } catch (error) {
            controller.abort(asError(error));
          }
        },
        onResponseData(controller, chunk) {
          bytes += chunk.length;
          const seconds = (clock.now() - since) / 1000;
          const mayDrip = receive !== undefined || seconds < collectedWithinMs / 1000 + bytes / collectedBytesPerSecond;
          if (!mayDrip || (seconds > patienceMs / 1000 && bytes < seconds * slowestBytesPerSecond)) {
            return controller.abort(new UnreachableError(`${url}: gave up at ${Math.round(bytes / seconds)} bytes/s`));
          }
          if (receive === undefined) {
            if (bytes > maxBytes) return controller.abort(new NonsenseError(`${url}: larger than ${maxBytes} bytes`));
            chunks.push(chunk);
            return;
          }
          try {
            const pending = receive(chunk);
            if (pending === undefined) return;
            controller.pause();
            pending.then(
              () => controller.resume(),
              (error: unknown) => controller.abort(asError(error)),
            );
          } catch (error) {
            controller.abort(asError(error));
          }
        },
        onResponseEnd() {
          finish(() => resolve({ status, headers, body: Buffer.concat(chunks) }));
        },
        onResponseError(_controller, error) {
          finish(() => reject(error instanceof MirrorError ? error : unreachable(url, error)));
        },
      };
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method,
          headers: { 'user-agent': userAgent(url), ...(authorization && { authorization }), ...request.headers },
          body: request.body ?? null,
          ...(timeoutMs !== undefined && { headersTimeout: timeoutMs }),
        },
        handler,
      );
    });
  }
}

/** Whether nothing came in time. Who was slow would do the same work again. */
export function isTimeout({ cause }: UnreachableError): boolean {
  return hasCode(cause, 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT');
}

function unreachable(url: URL, cause: Error): UnreachableError {
  const reason = cause.message || ('code' in cause ? String(cause.code) : cause.name);
  return new UnreachableError(`${url}: ${reason}`, { cause });
}

function isCompressed(status: number, headers: HttpResponse['headers'], url: URL): boolean {
  try {
    return isGzip(headers, url);
  } catch (error) {
    // What refuses says so by its status, however its text is coded.
    if (error instanceof NonsenseError && status >= 300) return false;
    throw error;
  }
}

/** The body as it was before it was compressed. Throws NonsenseError. */
export async function inflate(
  body: Buffer,
  { url, maxBytes = largestBody }: Pick<HttpRequest, 'url' | 'maxBytes'>,
): Promise<Buffer> {
  const bound = { maxOutputLength: maxBytes };
  try {
    if (body.length < inflateHere) return gunzipSync(body, bound);
    return await new Promise<Buffer>((resolve, reject) => {
      gunzip(body, bound, (error, inflated) => (error === null ? resolve(inflated) : reject(error)));
    });
  } catch (cause) {
    throw unreadable(url, maxBytes, cause);
  }
}

/** The error for a body that cannot be unfolded. */
export function unreadable(url: URL, maxBytes: number, cause: unknown): NonsenseError {
  const reason = messageOf(cause, 'unreadable');
  return new NonsenseError(`${url}: the gzip body cannot be read within ${maxBytes} bytes: ${reason}`, { cause });
}
