/** The common result of reading requirements files and lock files: a list of what a mirror is to hold. */
import { UsageError } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Requirement } from '../../packaging/requirement.ts';

/** A requirement with its location. */
export interface ListedRequirement {
  readonly requirement: Requirement;
  /**
   * The sha256s of the only files that are meant, each as 64 lower-case hex digits. Empty unless the sha256 of every
   * file is given.
   */
  readonly sha256s: readonly string[];
  /** `path:line`, for messages. */
  readonly where: string;
  /**
   * The indexes that it may come from. An empty list means that it comes from none. Undefined if the file names none.
   */
  readonly indexes?: readonly ListedIndex[] | undefined;
}

/** An index as a file names it. */
export interface ListedIndex {
  /** The address, or undefined for the index that installers use by default. */
  readonly address: string | undefined;
  /** True if `address` is that of a file, because nothing else names the index. */
  readonly isOfFiles?: boolean;
  /** `path:line`, for messages. */
  readonly where: string;
}

/** A project that does not come from an index. */
export interface OutsideProject {
  readonly name: ProjectName;
  readonly where: string;
  /** The other source, for messages: `its source is git, not an index`. */
  readonly why: string;
}

/** The requirements in a file and in the files that it includes. */
export interface ListedRequirements {
  readonly requirements: readonly ListedRequirement[];
  /**
   * Constraints narrow the requirements of the same name and the dependencies, where their marker is true. They require
   * nothing themselves.
   */
  readonly constraints: readonly ListedRequirement[];
  /** Projects that do not come from an index. Upstream's projects of these names are not meant. */
  readonly outside: readonly OutsideProject[];
  /** A line about each thing that was skipped, beginning with its location. */
  readonly notes: readonly string[];
  /**
   * The paths of those files read that list nothing, without a comment about it. Some program may be about to write
   * them.
   */
  readonly empty: readonly string[];
  /**
   * True for lock files: their users choose extras and groups when they install, so markers about these may be true.
   */
  readonly isLock: boolean;
}

/** Those of `requirements` whose file is at a URL of its own. */
export function outsideByUrl(requirements: readonly ListedRequirement[]): OutsideProject[] {
  return requirements.flatMap(({ requirement: { name, url }, where }) =>
    url === undefined ? [] : [{ name, where, why: 'it comes from a URL, not from an index' }],
  );
}

/**
 * Returns the sha256s in `hashes`, each a text such as `sha256:…`, or undefined for a file without a hash. Returns none
 * if one is missing or of another kind, because then they do not identify all files. Throws {@link UsageError} if a
 * hash is malformed.
 */
export function pinnedSha256s(hashes: readonly unknown[], where: string): readonly string[] {
  const sha256s = hashes.map((hash) => sha256From(hash, where)).filter((sha256) => sha256 !== undefined);
  return sha256s.length < hashes.length ? [] : [...new Set(sha256s)];
}

function sha256From(hash: unknown, where: string): string | undefined {
  if (hash === undefined) return undefined;
  const [, kind = '', digits = ''] = typeof hash === 'string' ? (/^([\w-]+):(.*)$/s.exec(hash) ?? []) : [];
  if (kind === '') throw new UsageError(`${where}: expected a hash such as sha256:…, found ${shown(hash)}`);
  if (kind.toLowerCase() !== 'sha256') return undefined;
  if (/^[0-9a-f]{64}$/i.test(digits)) return digits.toLowerCase();
  throw new UsageError(`${where}: expected 64 hex digits of a sha256, found ${shown(digits)}`);
}

/** Returns the beginning of `value` for a message. URLs are cut off, because they may contain a password. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60).replace(/(?:@|:\/\/).*$/s, '…'));
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return `${value}`;
  return value === undefined || value === null ? 'nothing' : 'something else';
}
