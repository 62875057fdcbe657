/** The port to the index that is mirrored. Absence is a value. Errors are thrown only if there is no answer. */
import type { FileSink, ResumePoint } from '../core/file-sink.ts';
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { SidecarKind } from '../core/sidecars.ts';
import type { FeedHead, FeedPiece } from '../formats/mirror/change-feed.ts';
import type { ListedProject } from '../formats/simple/project-list.ts';
import type { SimplePage } from '../formats/simple/simple-json.ts';

/** A row of the changelog that concerns a project. The page that is fetched later decides. */
export interface Change {
  readonly name: ProjectName;
  readonly displayName: string;
  readonly serial: number;
  /** Undefined if the row is about the project as a whole. */
  readonly version: string | undefined;
  /** The kind of change, in upstream's words. */
  readonly action: string | undefined;
  /** Time of the change, in milliseconds. */
  readonly at: number;
}

/** The changelog after some serial. */
export interface Changes {
  /** Rows in the order of their serials. A project may occur often. */
  readonly rows: readonly Change[];
  /** The highest serial seen, even if its row concerns no project. */
  readonly serial: number;
  /** The largest step between the serials of two neighbouring rows, including rows that name no project. */
  readonly leap: number;
  /** False if upstream cut the answer off and must be asked again from {@link serial}. */
  readonly complete: boolean;
}

/** The list of all projects, while it arrives. */
export interface ProjectList {
  readonly etag: string | undefined;
  /** The projects in pieces of some hundred. Can be read once. */
  readonly pieces: AsyncIterable<readonly ListedProject[]>;
  /** Returns the list's own serial, once all pieces were read. */
  serial(): number | undefined;
  /** Returns the hash of the list as it was served, once all pieces were read. */
  sha256(): string | undefined;
}

/** The latest changes of a mirror of our kind. */
export interface ServedFeed extends FeedHead {
  readonly etag: string | undefined;
}

/** A snapshot that is not verified. Its two files are replaced one after the other, so they may not belong together. */
export interface ServedSnapshot {
  readonly url: URL;
  readonly body: Buffer;
  /** The content of the file beside it with the suffix `.sig`. */
  readonly signature: Buffer;
}

/** The answers to a request for a project page. */
export type ProjectResponse =
  | {
      readonly kind: 'page';
      readonly page: SimplePage;
      readonly etag: string | undefined;
      /** Hash of the page as it was served. */
      readonly sha256: string;
      readonly url: URL;
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'absent' };

/** The SHA-256 of a page as it was served, or the reason why there is none. */
export type PageDigest = string | 'unchanged' | 'absent';

/** The index that is mirrored. All methods throw UnreachableError, NonsenseError, or PausedError. */
export interface Upstream {
  /** Returns the newest serial. Throws NoChangelogError if there is no changelog. */
  serial(): Promise<number>;
  /**
   * Returns the size of all files in bytes, or undefined if upstream does not tell or did not answer. Throws
   * PausedError only.
   */
  totalBytes(): Promise<number | undefined>;
  /** Returns the changes after `serial`. Throws NoChangelogError if there is no changelog. */
  changesSince(serial: number): Promise<Changes>;
  /**
   * Returns the latest changes if upstream is a mirror with a change feed, and 'unchanged' if they are those of `etag`.
   */
  feed(etag: string | undefined): Promise<ServedFeed | 'unchanged' | undefined>;
  /**
   * Returns the piece of the feed `id` with that number, which has earlier changes. Undefined if it does not exist, or
   * no longer.
   */
  feedPiece(id: string, piece: number): Promise<FeedPiece | undefined>;
  /** Returns the list of projects, or undefined if it is the one of `etag`. */
  listProjects(etag: string | undefined): Promise<ProjectList | undefined>;
  /** Returns a project page. With `fresh` the request bypasses a stale copy in upstream's cache. */
  project(name: ProjectName, etag: string | undefined, fresh: boolean): Promise<ProjectResponse>;
  /** Returns the digest of a project page without parsing it. The page is likely to be requested soon. */
  pageDigest(name: ProjectName, etag: string | undefined): Promise<PageDigest>;
  /** Returns upstream's signed snapshot and its signature, as they are served. Undefined if there is none. */
  snapshot(): Promise<ServedSnapshot | undefined>;
  /** Returns the time of upstream's clock in its latest answer, in milliseconds. Undefined if no answer had one. */
  time(): number | undefined;
  /** Returns true if files may be fetched from `url`. */
  allows(url: URL): boolean;
  /** Returns the path of a file below `web/`, or undefined if a mirror cannot take its address or name. */
  pathOf(url: URL, filename: string, sha256: string): WebPath | undefined;
  /**
   * Streams a file of the project `about`, of `size` bytes (undefined if the index does not say), into `sink`. Does not
   * retry. Resolves when the body is complete, or to 'absent' (404, 410).
   * Also throws MismatchError if the file is far longer than `size` or does not continue at `from`.
   */
  file(
    url: URL,
    size: number | undefined,
    from: ResumePoint | undefined,
    sink: FileSink,
    about: ProjectName,
  ): Promise<'done' | 'absent'>;
  /**
   * Returns a sidecar of a file of the project `about`, decoded. Undefined if there is none, 'off' if upstream serves
   * none of its kind now.
   */
  sidecar(url: URL, kind: SidecarKind, about: ProjectName): Promise<Buffer | 'off' | undefined>;
}
