/**
 * The port to the hashes of pages. Signed snapshots are made of them, and upstream's snapshots are compared with them.
 * Every method is one transaction. All methods throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';

/** The kinds of pages of a project: our JSON and HTML page, and upstream's JSON page as it was served. */
export type PageKind = 'json' | 'html' | 'upstream';

/** SHA-256 of each page as 64 lower-case hex digits. An absent one is unknown when read, unchanged when written. */
export type PageHashes = { readonly [kind in PageKind]?: string | undefined };

/** The hashes of the pages of a project. */
export interface ProjectPages {
  readonly name: ProjectName;
  readonly pages: PageHashes;
}

/** The hash of a project's page, as a leaf of a Merkle tree. */
export interface PageHash {
  readonly name: ProjectName;
  /** 32 bytes. */
  readonly sha256: Uint8Array;
}

/** The SHA-256 of upstream's page of a project as it was served, or 'absent' if there was none. */
export type UpstreamPageDigest = string | 'absent';

/** A queued project, and the digest of upstream's page if it was seen since the last news of the project. */
export interface QueuedPage {
  readonly name: ProjectName;
  readonly seen: UpstreamPageDigest | undefined;
}

export interface PageHashStore {
  /** Returns the next published projects after `after`, by name, whose page has no known hash. */
  unknown(kind: PageKind, after: ProjectName | undefined, limit: number): ProjectName[];
  /** Remembers hashes; ignores projects that are not published. */
  remember(projects: readonly ProjectPages[]): void;
  /** Returns the known hashes of the pages of a project. */
  hashesOf(name: ProjectName): PageHashes;
  /** Returns the published projects of a bucket, by name. */
  projectsIn(bucket: number): ProjectPages[];
  /** Returns the known hashes in a bucket, by name. */
  pagesIn(bucket: number, kind: PageKind): PageHash[];
  /** Returns the buckets in which a page has changed since their hash was remembered. */
  staleBuckets(kind: PageKind): number[];
  /** Returns the hash of each bucket that is not stale, without buckets that never held a project. */
  bucketHashes(kind: PageKind): Map<number, string>;
  /** Records which projects are queued now, for {@link queuedIn}. */
  groupQueue(): void;
  /** Returns the projects of a group, by name, that were queued at the last {@link groupQueue} and still are. */
  queuedIn(group: number): QueuedPage[];
  /** Remembers the digest of upstream's page of a queued project. */
  setUpstreamDigest(name: ProjectName, seen: UpstreamPageDigest): void;
  /** Returns the digest of upstream's page: as seen while the project is queued, else as it was published from. */
  upstreamDigestOf(name: ProjectName): UpstreamPageDigest;
  rememberBuckets(kind: PageKind, hashes: ReadonlyMap<number, string>): void;
}
