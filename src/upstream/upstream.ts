/** The port to the index that is mirrored. Absence is a value; only what prevents an answer is an error. */
import type { FileSink, ResumePoint } from '../core/file-sink.ts';
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { SidecarKind } from '../core/sidecars.ts';
import type { FeedHead, FeedPiece } from '../formats/mirror/change-feed.ts';
import type { ListedProject } from '../formats/simple/project-list.ts';
import type { SimplePage } from '../formats/simple/simple-json.ts';

/** One row of the changelog that concerns a project; the page asked for later is the truth. */
export interface Change {
  readonly name: ProjectName;
  readonly displayName: string;
  readonly serial: number;
  /** Undefined where the row is about the project as a whole. */
  readonly version: string | undefined;
  /** What happened, in upstream's words. */
  readonly action: string | undefined;
  /** Milliseconds. */
  readonly at: number;
}

/** What the changelog says after some serial. */
export interface Changes {
  /** In the order of serials; a project may occur often. */
  readonly rows: readonly Change[];
  /** The highest serial seen, also when its row concerned no project. */
  readonly serial: number;
  /** The largest step between the serials of two neighbouring rows, also of those that name no project. */
  readonly leap: number;
  /** False when upstream cut the answer off and must be asked again from {@link serial}. */
  readonly complete: boolean;
}

/** The list of all projects, while it arrives. */
export interface ProjectList {
  readonly etag: string | undefined;
  /** In pieces of some hundred; can be read once. */
  readonly pieces: AsyncIterable<readonly ListedProject[]>;
  /** The list's own serial, known once all pieces were read. */
  serial(): number | undefined;
  /** Of the list as it was served, known once all pieces were read. */
  sha256(): string | undefined;
}

/** The latest changes of a mirror of our kind. */
export interface ServedFeed extends FeedHead {
  readonly etag: string | undefined;
}

/** A snapshot that nobody has looked at. Both files are replaced one after the other, so they may not belong together. */
export interface ServedSnapshot {
  readonly url: URL;
  readonly body: Buffer;
  /** What lies beside it under the same name with `.sig`. */
  readonly signature: Buffer;
}

/** The answers to "how does this project look now?". */
export type ProjectResponse =
  | {
      readonly kind: 'page';
      readonly page: SimplePage;
      readonly etag: string | undefined;
      /** Of the page as it was served. */
      readonly sha256: string;
      readonly url: URL;
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'absent' };

/** The SHA-256 of a page as it was served, or why there is none. */
export type PageDigest = string | 'unchanged' | 'absent';

/** The index that is mirrored. All methods throw UnreachableError, NonsenseError, or PausedError. */
export interface Upstream {
  /** The newest serial. Throws NoChangelogError where there is no changelog. */
  serial(): Promise<number>;
  /** The bytes of all files, where upstream tells; undefined where it does not, or did not answer. Throws PausedError only. */
  totalBytes(): Promise<number | undefined>;
  /** The changes after `serial`. Throws NoChangelogError where there is no changelog. */
  changesSince(serial: number): Promise<Changes>;
  /** The latest changes where upstream is a mirror with a change feed, 'unchanged' when they are those known by `etag`. */
  feed(etag: string | undefined): Promise<ServedFeed | 'unchanged' | undefined>;
  /** Earlier changes of the feed `id`: its piece with that number; undefined where it is not there (any more). */
  feedPiece(id: string, piece: number): Promise<FeedPiece | undefined>;
  /** The list of projects, or undefined when it is the one known by `etag`. */
  listProjects(etag: string | undefined): Promise<ProjectList | undefined>;
  /** One project page; `fresh` asks in a way that goes around a stale copy in upstream's cache. */
  project(name: ProjectName, etag: string | undefined, fresh: boolean): Promise<ProjectResponse>;
  /** What a project page is, without reading it; it is likely to be asked for soon. */
  pageDigest(name: ProjectName, etag: string | undefined): Promise<PageDigest>;
  /** Upstream's signed snapshot and the file beside it, as they are served; undefined when there is none. */
  snapshot(): Promise<ServedSnapshot | undefined>;
  /** Upstream's clock as its latest answer told it, in milliseconds; undefined when none did. */
  time(): number | undefined;
  /** True when files may be fetched from there. */
  allows(url: URL): boolean;
  /** Where a file of it lies below `web/`; undefined where its address or name is none that a mirror takes. */
  pathOf(url: URL, filename: string, sha256: string): WebPath | undefined;
  /**
   * Streams a file of the project `about`, of `size` bytes (undefined when the index does not say), into `sink`, once,
   * without trying again.
   * Resolves when the body is complete, or with 'absent' (404, 410).
   * Throws MismatchError, too, when it is far longer than `size` or is not what follows `from`.
   */
  file(
    url: URL,
    size: number | undefined,
    from: ResumePoint | undefined,
    sink: FileSink,
    about: ProjectName,
  ): Promise<'done' | 'absent'>;
  /**
   * A sidecar of a file of the project `about`, decoded; undefined when there is none, 'off' when upstream serves
   * none of its kind now.
   */
  sidecar(url: URL, kind: SidecarKind, about: ProjectName): Promise<Buffer | 'off' | undefined>;
}
