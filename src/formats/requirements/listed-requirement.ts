/** What requirements files and lock files have in common: they list what a mirror is to hold. */
import { UsageError } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Requirement } from '../../packaging/requirement.ts';

/** One requirement and where it stands. */
export interface ListedRequirement {
  readonly requirement: Requirement;
  /** 64 lower-case hex digits each: the only files that are meant. Empty when not each file has its sha256 told. */
  readonly sha256s: readonly string[];
  /** `path:line`, for messages. */
  readonly where: string;
  /**
   * The indexes that it may come from, where the file names any; an empty list says that it comes from none. Undefined
   * where nothing is said.
   */
  readonly indexes?: readonly ListedIndex[] | undefined;
}

/** An index, as a file names it. */
export interface ListedIndex {
  /** Undefined for the one that installers take where none is named. */
  readonly address: string | undefined;
  /** True for the address of a file, where only that tells of the index. */
  readonly isOfFiles?: boolean;
  /** `path:line`, for messages. */
  readonly where: string;
}

/** A project that comes from elsewhere than an index. */
export interface OutsideProject {
  readonly name: ProjectName;
  readonly where: string;
  /** From where: `its source is git, not an index`. */
  readonly why: string;
}

/** What a file asks for, together with the files that it includes. */
export interface ListedRequirements {
  readonly requirements: readonly ListedRequirement[];
  /**
   * Narrow the requirements of the same name, and what those depend on, where their marker holds; they ask for nothing
   * themselves.
   */
  readonly constraints: readonly ListedRequirement[];
  /** What is listed and comes from no index: of upstream's projects nothing is meant. */
  readonly outside: readonly OutsideProject[];
  /** A line about each thing that was passed over, beginning with where it stands. */
  readonly notes: readonly string[];
  /** The paths of the files, among those that were read, that ask for nothing, without a word on it: something may be about to write them. */
  readonly empty: readonly string[];
  /** Who installs from it may choose extras and groups: markers that ask about them may hold. */
  readonly isLock: boolean;
}

/** Those of `requirements` whose file is at a URL of its own. */
export function outsideByUrl(requirements: readonly ListedRequirement[]): OutsideProject[] {
  return requirements.flatMap(({ requirement: { name, url }, where }) =>
    url === undefined ? [] : [{ name, where, why: 'it comes from a URL, not from an index' }],
  );
}

/**
 * The sha256s among `hashes`, each a text such as `sha256:…`, or undefined for a file without one. None when one of them
 * is missing or of another kind: then they cannot tell which files are meant. Throws {@link UsageError}.
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

/** The beginning of `value` for a message. Nothing of a URL: it may have a password in it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60).replace(/(?:@|:\/\/).*$/s, '…'));
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return `${value}`;
  return value === undefined || value === null ? 'nothing' : 'something else';
}
