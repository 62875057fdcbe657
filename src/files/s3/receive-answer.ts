/**
 * Receives one answer of a store through undici's `dispatch`. Its size and its time are limited. A failure that may
 * pass is a value, because most of them are tried again.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { asError, errorCode } from '../../core/caught-error.ts';
import type { Clock } from '../../core/clock.ts';
import { PausedError } from '../../core/errors.ts';
import { joinBytes } from '../../core/join-bytes.ts';

/** An answer. The body is empty if a receiver took it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** Why there is no usable answer. */
export class Failure {
  /** One line. */
  readonly reason: string;
  /** True if a receiver got bytes meanwhile, so that a repeated request asks for less. */
  readonly hasProgress: boolean;
  /** True if asking again is useless. */
  readonly isFinal: boolean;
  /** Milliseconds that the store asked us to wait, if it did. */
  readonly retryAfterMs: number;
  readonly cause: Error | undefined;

  constructor(reason: string, more: Partial<Omit<Failure, 'reason'>> = {}) {
    this.reason = reason;
    this.hasProgress = more.hasProgress ?? false;
    this.isFinal = more.isFinal ?? false;
    this.retryAfterMs = more.retryAfterMs ?? 0;
    this.cause = more.cause;
  }
}

/**
 * Receives the pieces of a body, one after the other. While a returned promise is pending, the connection is paused.
 */
export type ReceivePiece = (piece: Buffer) => void | Promise<void>;

/** How an answer is received. */
export interface Reception {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Limit for a collected body in bytes. */
  readonly maxBytes: number;
  /** Chooses the receiver of a body. Undefined means that the body is collected. */
  readonly choose: ((answer: Pick<Answer, 'status' | 'headers'>) => ReceivePiece | undefined) | undefined;
  /** Called before the request is sent; what it throws is thrown, and nothing is sent. */
  readonly beforeSending: () => void;
}

/**
 * Speed below which a body is given up after the first half minute. Time-outs between pieces would never end a drip.
 */
const minBytesPerSecond = 1_000;
const speedGraceMs = 30_000;
/** Limit for interim answers (1xx), each of which restarts the wait for the final one. */
const maxInterimAnswers = 10;

/** Sends a request and receives its answer. Throws PausedError, and what the receiver throws. */
export function receiveAnswer(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  reception: Reception,
): Promise<Answer | Failure> {
  if (reception.signal.aborted) throw new PausedError('paused');
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(request, new AnswerHandler(reception, resolve, reject));
  });
}

class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #reception: Reception;
  readonly #resolve: (outcome: Answer | Failure) => void;
  readonly #reject: (error: Error) => void;
  #interim = 0;
  #status = 0;
  #headers: Answer['headers'] = {};
  #headAt = 0;
  #receive: ReceivePiece | undefined;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  /** What the receiver still does with the bytes so far. */
  #received: Promise<void> | undefined;
  /** Milliseconds that the receiver took. */
  #restedMs = 0;
  /** What is to be thrown instead of the error of the connection. */
  #thrown: Error | undefined;
  #stop = (): void => {};

  constructor(reception: Reception, resolve: (outcome: Answer | Failure) => void, reject: (error: Error) => void) {
    this.#reception = reception;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { signal, beforeSending } = this.#reception;
    this.#stop = () => this.#throw(controller, new PausedError('paused'));
    if (signal.aborted) {
      this.#stop();
      return;
    }
    signal.addEventListener('abort', this.#stop, { once: true });
    try {
      beforeSending();
    } catch (error) {
      this.#throw(controller, error);
    }
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > maxInterimAnswers) controller.abort(new Error(`the store answers ${status} without end`));
      return;
    }
    this.#status = status;
    this.#headers = headers as Answer['headers'];
    this.#headAt = this.#reception.clock.now();
    try {
      this.#receive = this.#reception.choose?.({ status, headers: this.#headers });
    } catch (error) {
      this.#throw(controller, error);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    // undici gives an empty piece after each pause; to pause at that, too, would never end.
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    const problem = this.#problem();
    if (problem !== undefined) {
      controller.abort(problem);
      return;
    }
    if (this.#receive === undefined) {
      this.#pieces.push(piece);
      return;
    }
    const fail = (error: unknown): void => this.#throw(controller, error);
    try {
      const receive = this.#receive;
      this.#received = this.#received?.then(() => receive(piece)) ?? receive(piece) ?? undefined;
      const received = this.#received;
      if (received === undefined) return;
      received.catch(fail);
      if (this.#mayBeLast()) return;
      const { clock } = this.#reception;
      const since = clock.now();
      controller.pause();
      received.then(() => {
        this.#restedMs += clock.now() - since;
        this.#received = undefined;
        controller.resume();
      }, fail);
    } catch (error) {
      fail(error);
    }
  }

  onResponseEnd(): void {
    const done = (): void =>
      this.#end(() => this.#resolve({ status: this.#status, headers: this.#headers, body: joinBytes(this.#pieces) }));
    if (this.#received === undefined) done();
    else this.#received.then(done, (error: unknown) => this.#end(() => this.#reject(asError(error))));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const thrown = this.#thrown;
    const hasProgress = this.#receive !== undefined && this.#bytes > 0;
    const failed = (): void =>
      this.#end(() => (thrown === undefined ? this.#resolve(failureOf(error, hasProgress)) : this.#reject(thrown)));
    // A repeated request goes on behind what the receiver has, once it has it.
    if (thrown !== undefined || this.#received === undefined) failed();
    else this.#received.then(failed, (error: unknown) => this.#end(() => this.#reject(asError(error))));
  }

  #end(settle: () => void): void {
    this.#reception.signal.removeEventListener('abort', this.#stop);
    settle();
  }

  #throw(controller: Dispatcher.DispatchController, error: unknown): void {
    this.#thrown ??= asError(error);
    controller.abort(this.#thrown);
  }

  /** Returns the reason to give up the body: it is too slow, or too large to be collected. */
  #problem(): Error | undefined {
    const { clock, maxBytes } = this.#reception;
    const ms = clock.now() - this.#headAt - this.#restedMs;
    if (ms > speedGraceMs && this.#bytes < (ms / 1000) * minBytesPerSecond)
      return new Error(`gave up at ${Math.round((this.#bytes * 1000) / ms)} bytes/s`);
    if (this.#receive === undefined && this.#bytes > maxBytes)
      return Object.assign(new Error(`the answer is larger than ${maxBytes} bytes`), { code: 'TOO_LARGE' });
    return undefined;
  }

  /** Returns true if no more bytes may follow. undici takes a paused connection that ends for one that broke. */
  #mayBeLast(): boolean {
    const length = Number(this.#headers['content-length'] ?? Number.POSITIVE_INFINITY);
    const endsWithConnection = length === Number.POSITIVE_INFINITY && this.#headers['transfer-encoding'] === undefined;
    return this.#bytes >= length || endsWithConnection;
  }
}

function failureOf(error: Error, hasProgress: boolean): Failure {
  const code = errorCode(error) ?? '';
  const isFinal = /CERT|^ERR_TLS|^ERR_SSL|^EPROTO|^UNABLE_TO_|^UND_ERR_INVALID_ARG$|^TOO_LARGE$/.test(code);
  const reasons: Readonly<Record<string, string>> = {
    UND_ERR_HEADERS_TIMEOUT: 'the store does not answer in time',
    UND_ERR_BODY_TIMEOUT: 'the answer of the store stopped',
    UND_ERR_CONNECT_TIMEOUT: 'no connection to the store in time',
    UND_ERR_SOCKET: 'the store closed the connection',
    ECONNRESET: 'the store closed the connection',
  };
  return new Failure(reasons[code] ?? (error.message || code || error.name), { hasProgress, isFinal, cause: error });
}
