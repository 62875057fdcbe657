/**
 * The port to the hashes of pages: what a signed snapshot is made of, and what one of upstream is held against. Every
 * method is one transaction. All methods throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';

/** Our two pages of a project, and upstream's JSON page as it was served. */
export type PageKind = 'json' | 'html' | 'upstream';

/** Each the SHA-256 of a page as 64 lower-case hex digits; what is absent is not known, or as it was. */
export type PageHashes = { readonly [kind in PageKind]?: string | undefined };

/** The hashes of the pages of a project. */
export interface ProjectPages {
  readonly name: ProjectName;
  readonly pages: PageHashes;
}

/** The page of a project, to be a leaf of a tree. */
export interface PageHash {
  readonly name: ProjectName;
  /** 32 bytes. */
  readonly sha256: Uint8Array;
}

/** What upstream's page of a project was: the SHA-256 of it as it was served, or that there was none. */
export type UpstreamPageDigest = string | 'absent';

/** A queued project, and what upstream's page of it was seen to be since there were news of it; undefined when nobody looked. */
export interface QueuedPage {
  readonly name: ProjectName;
  readonly seen: UpstreamPageDigest | undefined;
}

export interface PageHashStore {
  /** Published projects whose page has no known hash, by name after `after`. */
  unknown(kind: PageKind, after: ProjectName | undefined, limit: number): ProjectName[];
  /** Remembers hashes; what is not published is passed over. */
  remember(projects: readonly ProjectPages[]): void;
  /** What is known of the pages of a project. */
  hashesOf(name: ProjectName): PageHashes;
  /** The published projects of a bucket, by name. */
  projectsIn(bucket: number): ProjectPages[];
  /** The known hashes in a bucket, by name. */
  pagesIn(bucket: number, kind: PageKind): PageHash[];
  /** The buckets in which something has changed since their hash was remembered. */
  staleBuckets(kind: PageKind): number[];
  /** The hash of each bucket that is not stale; one that never held anything is left out. */
  bucketHashes(kind: PageKind): Map<number, string>;
  /** Notes which projects are queued, for {@link queuedIn}. */
  groupQueue(): void;
  /** The projects of a group that were queued when that was noted last, and still are, by name. */
  queuedIn(group: number): QueuedPage[];
  /** Remembers what upstream's page of a queued project is. */
  setUpstreamDigest(name: ProjectName, seen: UpstreamPageDigest): void;
  /** What upstream's page of a project is known to be: seen while it is queued, or else published from. */
  upstreamDigestOf(name: ProjectName): UpstreamPageDigest;
  rememberBuckets(kind: PageKind, hashes: ReadonlyMap<number, string>): void;
}
