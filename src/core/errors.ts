/**
 * The failures that somebody catches apart. Everything else is a bug and keeps its stack.
 * Messages are one line: what, which file or URL, expected against found, what to do.
 */

/** Messages quote what upstream sent: that must neither fill a log nor speak to a terminal. */
const longestMessage = 1000;
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** `text` as one line of bounded length, with nothing that speaks to a terminal. */
export function oneLine(text: string): string {
  return text.slice(0, longestMessage).replace(unprintable, ' ');
}

/** What tells the expected failures apart; what each makes of a program's end stands in `cli/program/exit-codes.ts`. */
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

/** The command line or `mirror.toml` asks for something that does not exist or make sense. */
export class UsageError extends MirrorError {
  readonly code = 'usage';
}

/** Upstream did not give an answer although it was asked several times: network, 5xx, 429, a firewall's page. */
export class UnreachableError extends MirrorError {
  readonly code = 'unreachable';
  /** How long upstream asked us to stay away, if it said so. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Of its kinds, too. */
  override get name(): string {
    return 'UnreachableError';
  }
}

/** Upstream, or what stands before it, refused an answer as if it were asked too much: 403, 406, 429, 503. */
export class BusyError extends UnreachableError {}

/** The same so often of one project that a run does not wait for it any longer. */
export class TooBusyError extends BusyError {}

/** Nothing was asked: the host wants no request, or left many without an answer. So nothing is known of what was wanted. */
export class NotAskedError extends UnreachableError {}

/** A file arrives so slowly that others must not wait for it. What has arrived is kept, and a later try goes on from there. */
export class TooSlowError extends MirrorError {
  readonly code = 'too-slow';
}

/** Upstream answered, but not what the protocol allows. Asking again at once will not help. */
export class NonsenseError extends MirrorError {
  readonly code = 'nonsense';

  /** Of its kinds, too. */
  override get name(): string {
    return 'NonsenseError';
  }
}

/** The changelog's answer is none. It may have been cut off once, or be so for ever. */
export class UnreadableError extends NonsenseError {}

/** Upstream has no changelog (any more): the list of projects must serve instead. */
export class NoChangelogError extends MirrorError {
  readonly code = 'no-changelog';
  /** False where something else answers in its place, so that it may be back at any time. */
  readonly isLasting: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isLasting?: boolean } = {}) {
    super(message, options);
    this.isLasting = options.isLasting ?? true;
  }
}

/** The bytes that came are not the bytes that the index promised. */
export class MismatchError extends MirrorError {
  readonly code = 'mismatch';
}

/** The local disk or database refused: full, read-only, no permission. The run cannot go on. */
export class StorageError extends MirrorError {
  readonly code = 'storage';
}

/** The file system takes no file of that size (EFBIG), or no name of that length (ENAMETOOLONG), but others. */
export class UnfitFileError extends StorageError {}

/** Nothing is there of the tree that the state speaks of: its disk may not be mounted. */
export class LostTreeError extends StorageError {}

/** A file under the target is not what its name promises; nothing was changed. */
export class DamagedFileError extends MirrorError {
  readonly code = 'damaged-file';
}

/** What a project needs is more than the mirror may take. Others may fit. */
export class DoesNotFitError extends MirrorError {
  readonly code = 'does-not-fit';
}

/** The whole index is larger than the disk, and nobody said that all of it is meant. */
export class TooLargeError extends MirrorError {
  readonly code = 'too-large';
}

/** A log that processlogs was given is not there, or cannot be read. The others can. */
export class UnreadableLogError extends MirrorError {
  readonly code = 'unreadable-log';
}

/** The user or the system asked the run to stop. */
export class PausedError extends MirrorError {
  readonly code = 'paused';
}

/** Throws {@link PausedError} when the run was asked to stop. */
export function throwIfPaused(signal: AbortSignal): void {
  if (signal.aborted) throw new PausedError('paused');
}
