/**
 * The errors that callers distinguish. Any other error is a bug and keeps its stack. A message is one line: what, which
 * file or URL, expected against found, what to do.
 */

/** Characters. Messages quote upstream, so they must neither fill a log nor control a terminal. */
const maxMessageLength = 1000;
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** Returns `text` as one line of limited length, without control characters. */
export function oneLine(text: string): string {
  return text.slice(0, maxMessageLength).replace(unprintable, ' ');
}

/** The kinds of expected failures. `cli/program/exit-codes.ts` maps them to exit codes. */
export type ErrorCode =
  | 'usage'
  | 'unreachable'
  | 'too-slow'
  | 'nonsense'
  | 'no-changelog'
  | 'mismatch'
  | 'storage'
  | 'damaged-file'
  | 'does-not-fit'
  | 'too-large'
  | 'unreadable-log'
  | 'paused';

/** Base of all expected failures; `code` tells them apart, never the message. */
export abstract class MirrorError extends Error {
  abstract readonly code: ErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(oneLine(message), options);
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/** The command line or `mirror.toml` asks for something that does not exist or makes no sense. */
export class UsageError extends MirrorError {
  readonly code = 'usage';
}

/** Upstream gave no usable answer after several requests: network failure, 5xx, 429, or a firewall's page. */
export class UnreachableError extends MirrorError {
  readonly code = 'unreachable';
  /** Milliseconds that upstream asked us to wait, if it did. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Also for subclasses. */
  override get name(): string {
    return 'UnreachableError';
  }
}

/** Upstream, or a proxy before it, refused a request as if there were too many: 403, 406, 429, 503. */
export class BusyError extends UnreachableError {}

/** Upstream refused a request as one too many: 429. */
export class RateLimitError extends BusyError {}

/** Upstream asked for more waiting time for one project than a run spends on it. */
export class TooBusyError extends BusyError {}

/**
 * No request was sent, because the host wants none or has left many unanswered. So nothing is known about the resource.
 */
export class NotAskedError extends UnreachableError {}

/**
 * A file arrives so slowly that others must not wait for it. The bytes so far are kept, and a later try resumes there.
 */
export class TooSlowError extends MirrorError {
  readonly code = 'too-slow';
}

/** Upstream's answer violates the protocol. Asking again at once will not help. */
export class NonsenseError extends MirrorError {
  readonly code = 'nonsense';

  /** Also for subclasses. */
  override get name(): string {
    return 'NonsenseError';
  }
}

/** The changelog's answer is unreadable. It may have been cut off once, or be so for ever. */
export class UnreadableError extends NonsenseError {}

/** Upstream has no changelog, or has one no longer, so the list of projects must be used instead. */
export class NoChangelogError extends MirrorError {
  readonly code = 'no-changelog';
  /** False if something else answers at the changelog's address, so that it may be back at any time. */
  readonly isLasting: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isLasting?: boolean } = {}) {
    super(message, options);
    this.isLasting = options.isLasting ?? true;
  }
}

/** The bytes received differ from those that the index promised. */
export class MismatchError extends MirrorError {
  readonly code = 'mismatch';
}

/** The local disk or database failed: full, read-only, or no permission. The run cannot go on. */
export class StorageError extends MirrorError {
  readonly code = 'storage';
}

/**
 * The file system accepts no file of that size (EFBIG) or no name of that length (ENAMETOOLONG), but accepts others.
 */
export class UnfitFileError extends StorageError {}

/** Nothing of the tree that the state describes is there. Its disk may not be mounted. */
export class LostTreeError extends StorageError {}

/** A file under the target is not what its name says. Nothing was changed. */
export class DamagedFileError extends MirrorError {
  readonly code = 'damaged-file';
}

/** A project needs more than the mirror may take. Others may fit. */
export class DoesNotFitError extends MirrorError {
  readonly code = 'does-not-fit';
}

/** The whole index is larger than the disk, and nobody confirmed that all of it is wanted. */
export class TooLargeError extends MirrorError {
  readonly code = 'too-large';
}

/** A log given to processlogs is missing or unreadable. Other logs may be read. */
export class UnreadableLogError extends MirrorError {
  readonly code = 'unreadable-log';
}

/** The user or the system asked the run to stop. */
export class PausedError extends MirrorError {
  readonly code = 'paused';
}

/** Throws {@link PausedError} if the run was asked to stop. */
export function throwIfPaused(signal: AbortSignal): void {
  if (signal.aborted) throw new PausedError('paused');
}
