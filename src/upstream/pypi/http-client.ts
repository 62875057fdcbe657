/**
 * Sends single HTTP requests through undici's `dispatch`, which costs a third of `request` or `fetch`. It does not
 * follow redirects and does not retry. The size and time of every body are limited.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { gunzip, gunzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { asError, hasCode, messageOf } from '../../core/caught-error.ts';
import type { Clock } from '../../core/clock.ts';
import { MirrorError, NonsenseError, PausedError, UnreachableError } from '../../core/errors.ts';
import { joinBytes } from '../../core/join-bytes.ts';
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
    const { dispatcher, userAgent } = this.#options;
    const authorization = this.#options.authorization?.(request.url);
    const { url, method = 'GET', body = null, headers, timeoutMs } = request;
    return new Promise((resolve, reject) => {
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method,
          headers: { 'user-agent': userAgent(url), ...(authorization && { authorization }), ...headers },
          body,
          ...(timeoutMs !== undefined && { headersTimeout: timeoutMs }),
        },
        new ResponseHandler(this.#options, request, choose, { resolve, reject }),
      );
    });
  }
}

interface Settle {
  readonly resolve: (answer: HttpResponse) => void;
  readonly reject: (error: Error) => void;
}

/** Receives one answer from undici, and settles a promise with it. */
class ResponseHandler implements Dispatcher.DispatchHandler {
  readonly #options: HttpClientOptions;
  readonly #request: HttpRequest;
  readonly #choose: ChooseReceiver | undefined;
  readonly #settle: Settle;
  readonly #sentAt: number;
  #interim = 0;
  #status = 0;
  #headers: HttpResponse['headers'] = {};
  #headAt = 0;
  /** Length of the body in bytes, or infinity if the head does not tell it. */
  #length = Number.POSITIVE_INFINITY;
  #receive: BodyReceiver | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  /** Milliseconds that the body rested for the rate limit. */
  #restedMs = 0;
  /** What the receiver still does with the bytes so far. */
  #received: Promise<void> | undefined;
  #stop = (): void => {};

  constructor(options: HttpClientOptions, request: HttpRequest, choose: ChooseReceiver | undefined, settle: Settle) {
    this.#options = options;
    this.#request = request;
    this.#choose = choose;
    this.#settle = settle;
    this.#sentAt = options.clock.now();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { signal } = this.#options;
    this.#stop = () => controller.abort(new PausedError('paused'));
    if (signal.aborted) this.#stop();
    else signal.addEventListener('abort', this.#stop, { once: true });
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > maxInterimResponses)
        controller.abort(new NonsenseError(`${this.#request.url}: upstream answers ${status} without end`));
      return;
    }
    this.#status = status;
    this.#headers = headers as HttpResponse['headers'];
    this.#headAt = this.#options.clock.now();
    this.#length = lengthOf(this.#headers);
    try {
      this.#receive = this.#choose?.(status, this.#headers);
    } catch (error) {
      controller.abort(asError(error));
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    const restMs = this.#options.throttle?.take(chunk.length) ?? 0;
    this.#restedMs += restMs;
    const problem = this.#problem();
    if (problem !== undefined) {
      controller.abort(problem);
      return;
    }
    const abort = (error: unknown): void => controller.abort(asError(error));
    try {
      this.#take(chunk)?.catch(abort);
      if (this.#mayBeLast()) return;
      const rested = restMs > 0 ? this.#options.clock.sleep(restMs, this.#options.signal) : undefined;
      if (this.#received === undefined && rested === undefined) return;
      controller.pause();
      Promise.all([this.#received, rested]).then(() => {
        this.#received = undefined;
        controller.resume();
      }, abort);
    } catch (error) {
      abort(error);
    }
  }

  onResponseEnd(): void {
    if (this.#received === undefined) this.#resolve();
    else
      this.#received.then(
        () => this.#resolve(),
        (error: unknown) => this.#reject(asError(error)),
      );
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const reject = (): void =>
      this.#reject(error instanceof MirrorError ? error : unreachable(this.#request.url, error));
    // The next attempt must not begin while the receiver is still at work on what came before the loss.
    if (this.#received === undefined) reject();
    else this.#received.then(reject, reject);
  }

  /** Returns the reason to give up the body: it is too slow, or too large to be collected. */
  #problem(): MirrorError | undefined {
    const { url, maxBytes = maxBodyBytes } = this.#request;
    const bytes = this.#bytes;
    // The rests are our own, and do not count as slowness of the host.
    const seconds = (this.#options.clock.now() - this.#headAt - this.#restedMs) / 1000;
    const isCollected = this.#receive === undefined;
    const isDripping = isCollected && seconds >= collectedWithinMs / 1000 + bytes / collectedBytesPerSecond;
    if (isDripping || (seconds > speedGraceMs / 1000 && bytes < seconds * minBytesPerSecond))
      return new UnreachableError(`${url}: gave up at ${Math.round(bytes / seconds)} bytes/s`);
    if (isCollected && bytes > maxBytes) return new NonsenseError(`${url}: larger than ${maxBytes} bytes`);
    return undefined;
  }

  /** Gives the chunk to the receiver, after the chunks before it. Returns a promise if the receiver is not done. */
  #take(chunk: Buffer): Promise<void> | undefined {
    const receive = this.#receive;
    if (receive === undefined) this.#chunks.push(chunk);
    else this.#received = this.#received?.then(() => receive(chunk)) ?? receive(chunk) ?? undefined;
    return this.#received;
  }

  /**
   * Returns true if no more bytes may follow. Then the answer must not be paused: undici takes a connection that the
   * server closes meanwhile for a loss, or fails an assertion. Where the end of the connection ends the body, any
   * bytes may be the last.
   */
  #mayBeLast(): boolean {
    const endsWithConnection =
      this.#length === Number.POSITIVE_INFINITY && this.#headers['transfer-encoding'] === undefined;
    return this.#bytes >= this.#length || endsWithConnection;
  }

  #resolve(): void {
    this.#options.signal.removeEventListener('abort', this.#stop);
    const measured = { headMs: this.#headAt - this.#sentAt, bytes: this.#bytes };
    this.#settle.resolve({
      status: this.#status,
      headers: this.#headers,
      body: joinBytes(this.#chunks),
      measured,
    });
  }

  #reject(error: Error): void {
    this.#options.signal.removeEventListener('abort', this.#stop);
    this.#settle.reject(error);
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
