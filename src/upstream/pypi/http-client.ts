/**
 * Sends single HTTP requests through undici's `dispatch`, which costs a third of `request` or `fetch`. It does not
 * follow redirects and does not retry. The size and time of every body are limited.
 */
import { gunzip, gunzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { asError, hasCode, messageOf } from '../../core/caught-error.ts';
import type { Clock } from '../../core/clock.ts';
import { MirrorError, NonsenseError, PausedError, UnreachableError } from '../../core/errors.ts';
import type { Throttle } from '../../core/throttle.ts';
import type { MeasuredAnswer } from './connection-limit.ts';
import { isGzip } from './content-encoding.ts';

/** A request. Names of headers are in lower case. */
export interface HttpRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Limit for a collected body in bytes, compressed and uncompressed. 64 MiB by default. */
  readonly maxBytes?: number;
  /** True to keep the body of a 200 answer compressed: see packed-body.ts. */
  readonly packed?: boolean;
  /** Milliseconds to wait for the first byte of the answer. The dispatcher's timeout by default. */
  readonly timeoutMs?: number | undefined;
}

/** An answer. The body is empty if a receiver took it. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** True if the body is still compressed. */
  readonly packed?: boolean;
  /** How the answer arrived. */
  readonly measured: MeasuredAnswer;
}

/**
 * Receives the bytes of a body as they arrive, one piece after the other. While a returned promise is pending, the
 * connection is paused, unless the bytes may be the last ones of the answer.
 */
export type BodyReceiver = (chunk: Buffer) => void | Promise<void>;

/**
 * Chooses the receiver of a body when the head of the answer has arrived. Undefined means that the body is collected.
 */
export type ChooseReceiver = (status: number, headers: HttpResponse['headers']) => BodyReceiver | undefined;

export interface HttpClientOptions {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Returns the User-Agent header, which upstream's operators see. */
  readonly userAgent: (url: URL) => string;
  /** Returns the Authorization header for a URL, if one is needed. */
  readonly authorization?: ((url: URL) => string | undefined) | undefined;
  /** Limits the bytes a second, if they are limited. */
  readonly throttle?: Throttle | undefined;
  /** Returns the reason why a connection failed, if more than the error is known. */
  readonly explain?: ((url: URL, error: Error) => Promise<string> | undefined) | undefined;
}

/** Limit for a collected body in bytes. A page of PyPI has a few MB at most. */
export const maxBodyBytes = 64 << 20;
/** Compressed size in bytes below which unpacking in this thread costs less than in another one. */
const inflateHereBytes = 32 << 10;
/** Speed below which a body is given up after the first half minute. Timeouts per chunk would never end a drip. */
const minBytesPerSecond = 1_000;
const speedGraceMs = 30_000;
/** Time limit for collected bodies, longer for large ones: a page that drips would hold up a run. */
const collectedWithinMs = 120_000;
const collectedBytesPerSecond = 20_000;
/** Limit for interim answers (1xx), each of which restarts the wait for the final answer. */
const maxInterimResponses = 10;

export class HttpClient {
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /**
   * Sends the request. Throws UnreachableError if there is no answer, NonsenseError if it is too large, and
   * PausedError.
   */
  async exchange(request: HttpRequest, choose?: ChooseReceiver): Promise<HttpResponse> {
    const { throttle, clock, signal } = this.#options;
    if (signal.aborted) throw new PausedError('paused');
    // The last bytes of an answer do not rest, and small answers have no others.
    const restMs = throttle?.take(0) ?? 0;
    if (restMs > 0) await clock.sleep(restMs, signal);
    const answer = await this.#dispatch(request, choose).catch((error: unknown) => this.#explained(request, error));
    if (answer.body.length === 0 || !isCompressed(answer.status, answer.headers, request.url)) return answer;
    if (request.packed === true && answer.status === 200) return { ...answer, packed: true };
    return { ...answer, body: await inflate(answer.body, request) };
  }

  /** Throws the error, with the reason if more is known. */
  async #explained({ url }: HttpRequest, error: unknown): Promise<never> {
    const { cause } = error instanceof UnreachableError ? error : {};
    const text = cause instanceof Error ? await this.#options.explain?.(url, cause) : undefined;
    throw text === undefined ? error : new UnreachableError(`${url}: ${text}`, { cause });
  }

  #dispatch(request: HttpRequest, choose: ChooseReceiver | undefined): Promise<HttpResponse> {
    const { dispatcher, clock, signal, userAgent, throttle } = this.#options;
    const authorization = this.#options.authorization?.(request.url);
    const { url, method = 'GET', maxBytes = maxBodyBytes, timeoutMs } = request;
    return new Promise((resolve, reject) => {
      let status = 0;
      let interim = 0;
      let headers: HttpResponse['headers'] = {};
      let receive: BodyReceiver | undefined;
      const chunks: Buffer[] = [];
      let bytes = 0;
      const sentAt = clock.now();
      let headAt = 0;
      let since = 0;
      let length = Number.POSITIVE_INFINITY;
      let received: Promise<void> | undefined;
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
        onResponseStart(controller, code, fields) {
          if (code < 200) {
            interim += 1;
            if (interim > maxInterimResponses)
              controller.abort(new NonsenseError(`${url}: upstream answers ${code} without end`));
            return;
          }
          status = code;
          headers = fields as HttpResponse['headers'];
          headAt = clock.now();
          since = headAt;
          length = lengthOf(headers);
          try {
            receive = choose?.(status, headers);
          } catch (error) {
            controller.abort(asError(error));
          }
        },
        onResponseData(controller, chunk) {
          bytes += chunk.length;
          const restMs = throttle?.take(chunk.length) ?? 0;
          // The rest is our own, and does not count as slowness of the host.
          since += restMs;
          const seconds = (clock.now() - since) / 1000;
          const mayDrip = receive !== undefined || seconds < collectedWithinMs / 1000 + bytes / collectedBytesPerSecond;
          if (!mayDrip || (seconds > speedGraceMs / 1000 && bytes < seconds * minBytesPerSecond)) {
            return controller.abort(new UnreachableError(`${url}: gave up at ${Math.round(bytes / seconds)} bytes/s`));
          }
          if (receive === undefined && bytes > maxBytes)
            return controller.abort(new NonsenseError(`${url}: larger than ${maxBytes} bytes`));
          const abort = (error: unknown): void => controller.abort(asError(error));
          try {
            if (receive === undefined) chunks.push(chunk);
            // Bytes are received one after the other, also where nothing is paused.
            received = received?.then(() => receive?.(chunk)) ?? receive?.(chunk) ?? undefined;
            received?.catch(abort);
            // After its last bytes an answer is not paused: undici takes a connection that the server then closes for
            // a loss, or fails an assertion. Where the end of the connection ends the body, any bytes may be the last.
            if (bytes >= length || (headers['transfer-encoding'] === undefined && length === Number.POSITIVE_INFINITY))
              return;
            const rested = restMs > 0 ? clock.sleep(restMs, signal) : undefined;
            if (received === undefined && rested === undefined) return;
            controller.pause();
            Promise.all([received, rested]).then(() => {
              received = undefined;
              controller.resume();
            }, abort);
          } catch (error) {
            abort(error);
          }
        },
        onResponseEnd() {
          const measured = { headMs: headAt - sentAt, bytes };
          const end = (): void => finish(() => resolve({ status, headers, body: Buffer.concat(chunks), measured }));
          if (received === undefined) end();
          else received.then(end, (error: unknown) => finish(() => reject(asError(error))));
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

/** Returns true if the answer did not arrive in time. A slow server would do the same work again for a retry. */
export function isTimeout({ cause }: UnreachableError): boolean {
  return hasCode(cause, 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT');
}

function unreachable(url: URL, cause: Error): UnreachableError {
  const reason = cause.message || ('code' in cause ? String(cause.code) : cause.name);
  return new UnreachableError(`${url}: ${reason}`, { cause });
}

/** Returns the length of the body in bytes as the head of the answer tells it, or infinity. */
function lengthOf(headers: HttpResponse['headers']): number {
  const text = headers['transfer-encoding'] === undefined ? headers['content-length'] : undefined;
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

function isCompressed(status: number, headers: HttpResponse['headers'], url: URL): boolean {
  try {
    return isGzip(headers, url);
  } catch (error) {
    // A refusal is clear from its status, even if its text has an unknown coding.
    if (error instanceof NonsenseError && status >= 300) return false;
    throw error;
  }
}

/** Returns the uncompressed body. Throws NonsenseError. */
export async function inflate(
  body: Buffer,
  { url, maxBytes = maxBodyBytes }: Pick<HttpRequest, 'url' | 'maxBytes'>,
): Promise<Buffer> {
  const bound = { maxOutputLength: maxBytes };
  try {
    if (body.length < inflateHereBytes) return gunzipSync(body, bound);
    return await new Promise<Buffer>((resolve, reject) => {
      gunzip(body, bound, (error, inflated) => (error === null ? resolve(inflated) : reject(error)));
    });
  } catch (cause) {
    throw unreadable(url, maxBytes, cause);
  }
}

/** Returns the error for a body that cannot be unpacked. */
export function unreadable(url: URL, maxBytes: number, cause: unknown): NonsenseError {
  const reason = messageOf(cause, 'unreadable');
  return new NonsenseError(`${url}: the gzip body cannot be read within ${maxBytes} bytes: ${reason}`, { cause });
}
