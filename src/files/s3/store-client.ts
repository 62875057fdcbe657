/**
 * Sends signed requests to a bucket. What may pass is tried again, with growing delays and jitter, for a limited time;
 * what will not ends in a StorageError of one line, which names the bucket and what to do, but no credentials.
 */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../core/clock.ts';
import { minuteMs } from '../../core/durations.ts';
import { PausedError, StorageError, UnfitFileError } from '../../core/errors.ts';
import { Semaphore } from '../../core/semaphore.ts';
import type { Credentials } from '../../formats/aws-credentials.ts';
import type { RequestKind, Usage } from './bucket.ts';
import { type Answer, Failure, type Reception, receiveAnswer } from './receive-answer.ts';
import { encodePath, renderQuery, signRequest } from './sign-request.ts';
import { errorIn, explainError, hideCredentials, isExpired, isPassing, parseStoreError } from './store-error.ts';

/** Returns the credentials to sign with. `refused` are those that the store says have expired. */
export type GetCredentials = (refused?: Credentials) => Promise<Credentials>;

export interface StoreOptions {
  /** undici's, with as many connections as `connections`. */
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** Ends all requests with PausedError. */
  readonly signal: AbortSignal;
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
  /** What all keys begin with: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Whether the bucket is the first part of the path, or of the host's name. */
  readonly style: 'path' | 'host';
  readonly credentials: GetCredentials;
  readonly userAgent: string;
  /** Called before a request that changes something is signed, and again before it is sent. It may throw. */
  readonly mayWrite: () => void;
  /** How many requests are sent at a time. */
  readonly connections: number;
  /** Milliseconds to wait for the head of an answer, and between pieces of its body. 30 seconds by default. */
  readonly timeoutMs?: number;
  /** Milliseconds after which a store that fails is given up. 2 minutes by default. */
  readonly patienceMs?: number;
}

/** A request. Names of headers are in lower case. */
export interface StoreRequest {
  readonly kind: RequestKind;
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Relative to the prefix; undefined for the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** The codes of errors that the caller understands. Their answers are returned. */
  readonly accept?: readonly string[];
  /** Limit for a collected body in bytes. 16 MiB by default. */
  readonly maxBytes?: number;
  /** The factor for the time to wait for an answer. 1 by default. */
  readonly timeoutFactor?: number;
  readonly choose?: Reception['choose'];
}

/** An answer, with the code of the error that the caller accepts; the code is empty if there is none. */
export interface StoreAnswer extends Answer {
  readonly code: string;
  /** How often the request was sent. An earlier attempt may have done its work although its answer was lost. */
  readonly attempts: number;
}

const defaultTimeoutMs = 30_000;
const defaultPatienceMs = 2 * minuteMs;
const firstDelayMs = 200;
const maxDelayMs = 10_000;
/** The time for which a store that was given up is not asked. */
const restMs = 10_000;
/** A page of a listing has 4 MB at most. */
const maxCollectedBytes = 16 << 20;
/** The time for an answer begins before the body is sent, so it is longer for large ones. */
const minUploadBytesPerSecond = 100_000;

export class StoreClient {
  /** `s3://bucket/prefix at https://endpoint`. */
  readonly where: string;
  readonly #options: StoreOptions;
  readonly #slots: Semaphore;
  readonly #origin: string;
  /** The path of the bucket, with a slash at its end. */
  readonly #root: string;
  readonly #requests: Record<RequestKind, number> = { get: 0, head: 0, put: 0, copy: 0, list: 0, upload: 0, delete: 0 };
  #bytesSent = 0;
  #bytesReceived = 0;
  #retries = 0;
  #answeredMs: number | undefined;
  /** When the store began to fail, and when it failed last; undefined while it answers. */
  #outage: { readonly sinceMs: number; readonly lastMs: number } | undefined;

  constructor(options: StoreOptions) {
    const { endpoint, bucket, prefix, style, connections } = options;
    this.#options = options;
    this.#slots = new Semaphore(connections);
    const base = endpoint.pathname.replace(/\/*$/, '/');
    const host = style === 'host' ? `${bucket}.${endpoint.host}` : endpoint.host;
    this.#origin = `${endpoint.protocol}//${host}`;
    this.#root = style === 'host' ? base : `${base}${bucket}/`;
    this.where = `s3://${bucket}/${prefix} at ${endpoint.origin}${base === '/' ? '' : base}`;
  }

  /** Returns `s3://bucket/prefix/key`, for people. */
  addressOf(key: string): string {
    const { bucket, prefix } = this.#options;
    return `s3://${bucket}/${prefix}${key}`;
  }

  get usage(): Usage {
    return {
      requests: { ...this.#requests },
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      retries: this.#retries,
    };
  }

  /** The time of the store in its last answer, in milliseconds since 1970. */
  get answeredMs(): number | undefined {
    return this.#answeredMs;
  }

  /** Returns the path of a key in the bucket as the header of a copy names it. */
  sourceOf(key: string): string {
    return `/${this.#options.bucket}/${encodePath(this.#options.prefix + key)}`;
  }

  /**
   * Sends the request until it is answered. `again` returns the request to repeat it with. Throws StorageError and
   * PausedError.
   */
  async send(request: StoreRequest, again: () => StoreRequest = () => request): Promise<StoreAnswer> {
    return this.#slots.run(() => this.#send(request, again));
  }

  /** The error for an answer that makes no sense, or that shows a problem. */
  error(request: Pick<StoreRequest, 'method' | 'key'>, problem: string, cause?: Error): StorageError {
    return new StorageError(this.#line(request, problem), { cause });
  }

  #line({ method, key }: Pick<StoreRequest, 'method' | 'key'>, problem: string): string {
    return `${this.where}: ${method}${key === undefined ? '' : ` ${key}`}: ${problem}`;
  }

  async #send(first: StoreRequest, again: () => StoreRequest): Promise<StoreAnswer> {
    const { clock, signal, patienceMs = defaultPatienceMs } = this.#options;
    let failedAt: number | undefined;
    let delays = 0;
    let request = first;
    for (let attempts = 1; ; attempts += 1) {
      this.#throwIfDown(request, patienceMs);
      const outcome = await this.#attempt(request);
      if (!(outcome instanceof Failure)) {
        this.#outage = undefined;
        return { ...outcome, attempts };
      }
      if (outcome.isFinal) throw this.error(request, outcome.reason, outcome.cause);
      if (outcome.hasProgress) failedAt = undefined;
      failedAt ??= clock.now();
      delays = outcome.hasProgress ? 1 : delays + 1;
      const outage = this.#noteFailure(clock.now(), patienceMs);
      const delayMs = outcome.retryAfterMs + clock.random() * Math.min(maxDelayMs, firstDelayMs * 2 ** delays);
      const waitedMs = clock.now() - Math.min(failedAt, outage.sinceMs);
      if (waitedMs + delayMs > patienceMs) {
        const tries = `tried ${attempts === 1 ? 'once' : `${attempts} times`} in ${Math.round(waitedMs / 1000)} s`;
        throw this.error(request, `${outcome.reason} (${tries})`, outcome.cause);
      }
      this.#retries += 1;
      await clock.sleep(delayMs, signal);
      request = again();
    }
  }

  /** A failure long after the last one is the first of another outage. */
  #noteFailure(now: number, patienceMs: number): { readonly sinceMs: number } {
    const known = this.#outage;
    const sinceMs = known === undefined || now - known.lastMs > patienceMs ? now : known.sinceMs;
    this.#outage = { sinceMs, lastMs: now };
    return this.#outage;
  }

  /** Throws if the store has failed for so long that it is given up. Otherwise all that wait would try it in turn. */
  #throwIfDown(request: StoreRequest, patienceMs: number): void {
    const outage = this.#outage;
    if (outage === undefined) return;
    const now = this.#options.clock.now();
    const seconds = Math.round((now - outage.sinceMs) / 1000);
    if (now - outage.sinceMs < patienceMs || now - outage.lastMs > restMs) return;
    throw this.error(request, `not asked, because the store has failed for ${seconds} s`);
  }

  /** Sends the request once, and once more if the credentials have expired and there are others. */
  async #attempt(request: StoreRequest): Promise<(Answer & { readonly code: string }) | Failure> {
    const { credentials } = this.#options;
    const current = await credentials();
    const outcome = await this.#judged(request, current);
    if (!(outcome instanceof Failure) || !(outcome.cause instanceof ExpiredError)) return outcome;
    const renewed = await credentials(current);
    return renewed.accessKeyId === current.accessKeyId ? outcome : this.#judged(request, renewed);
  }

  async #judged(
    request: StoreRequest,
    credentials: Credentials,
  ): Promise<(Answer & { readonly code: string }) | Failure> {
    const outcome = await this.#exchange(request, credentials);
    if (outcome instanceof Failure) return outcome;
    const { status, headers, body } = outcome;
    // Some requests are answered with 200 before they are done.
    const mayFailLate = request.kind === 'copy' || request.kind === 'upload';
    const isGood = status >= 200 && status < 300 && !(mayFailLate && errorIn(body) !== undefined);
    if (isGood) return { ...outcome, code: '' };
    const error = parseStoreError(body);
    if (request.accept?.includes(error.code === '' ? String(status) : error.code) === true)
      return { ...outcome, code: error.code === '' ? String(status) : error.code };
    const { clock } = this.#options;
    const region = headers['x-amz-bucket-region']?.slice(0, 40) ?? error.region;
    const explained = explainError(status, { ...error, region }, headers.date, clock.now());
    const reason = hideCredentials(explained, credentials);
    if (isPassing(status, error)) {
      return new Failure(reason, { retryAfterMs: retryAfter(headers['retry-after'], clock.now()) });
    }
    if (error.code === 'EntityTooLarge' || error.code === 'KeyTooLongError')
      throw new UnfitFileError(this.#line(request, reason));
    return new Failure(reason, { isFinal: true, ...(isExpired(error) && { cause: new ExpiredError(error.code) }) });
  }

  async #exchange(request: StoreRequest, credentials: Credentials): Promise<Answer | Failure> {
    const { method, key, query = {}, body, maxBytes = maxCollectedBytes, choose, kind } = request;
    const { dispatcher, clock, signal, region, prefix, userAgent, mayWrite } = this.#options;
    if (signal.aborted) throw new PausedError('paused');
    const beforeSending = kind === 'get' || kind === 'head' || kind === 'list' ? () => {} : mayWrite;
    beforeSending();
    const path = this.#root + (key === undefined ? '' : encodePath(prefix + key));
    const { host } = new URL(this.#origin);
    const unsigned = { method, host, path, query, headers: request.headers ?? {}, body };
    const signed = signRequest(unsigned, credentials, region, clock.now());
    const timeoutMs = (this.#options.timeoutMs ?? defaultTimeoutMs) * (request.timeoutFactor ?? 1);
    this.#requests[kind] += 1;
    this.#bytesSent += body?.length ?? 0;
    const rendered = renderQuery(query);
    const answer = await receiveAnswer(
      dispatcher,
      {
        origin: this.#origin,
        path: rendered === '' ? path : `${path}?${rendered}`,
        method,
        headers: { 'user-agent': userAgent, ...signed },
        body: body ?? null,
        headersTimeout: timeoutMs + ((body?.length ?? 0) * 1000) / minUploadBytesPerSecond,
        bodyTimeout: timeoutMs,
      },
      { clock, signal, maxBytes, choose: this.#counting(choose), beforeSending },
    );
    if (answer instanceof Failure) return answer;
    this.#bytesReceived += answer.body.length;
    const dateMs = Date.parse(answer.headers.date ?? '');
    this.#answeredMs = Number.isNaN(dateMs) ? undefined : dateMs;
    return answer;
  }

  /** Returns `choose` with receivers that count the bytes. */
  #counting(choose: Reception['choose']): Reception['choose'] {
    if (choose === undefined) return undefined;
    return (answer) => {
      const receive = choose(answer);
      return (
        receive &&
        ((piece) => {
          this.#bytesReceived += piece.length;
          return receive(piece);
        })
      );
    };
  }
}

/** Marks a failure for which other credentials may help. */
class ExpiredError extends Error {}

/** Returns the milliseconds that a Retry-After header (seconds or a date, RFC 9110) asks for. */
function retryAfter(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.max(ms, 0);
}
