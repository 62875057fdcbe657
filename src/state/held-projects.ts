/**
 * The port to the held projects, those with published pages, and to their files. Every method is one transaction; all
 * throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { IndexEntry } from '../formats/simple/root-index.ts';
import type { Verdict } from './provenance-records.ts';

/** A file that is held: complete and verified under `web/`. */
export interface HeldFile {
  readonly path: WebPath;
  readonly size: number;
  readonly sha256: string;
  /** The sha256 of the core metadata beside the file; undefined if none is held. */
  readonly metadataSha256: string | undefined;
  /** True if the provenance object beside the file is held. */
  readonly provenance: boolean;
  /** The verdict on that object; absent while it has not been verified. */
  readonly verdict?: Verdict;
}

/** A project as the state knows it, with its held files. */
export interface HeldProject {
  /** True once the pages of the project were published; files may be held before that. */
  readonly published: boolean;
  readonly displayName: string | undefined;
  readonly serial: number | undefined;
  readonly etag: string | undefined;
  /** The project status (PEP 792). */
  readonly status: string | undefined;
  /** True if a person restored the project although upstream does not have it. */
  readonly restored: boolean;
  /** The origin of the project: undefined for the mirror's upstream, the address of another index, or 'local'. */
  readonly source: string | undefined;
  readonly files: readonly HeldFile[];
}

/** The held projects. `StateStore.finish` adds and removes them. */
export interface HeldProjects {
  project(name: ProjectName): HeldProject;
  /** Returns true if the pages of the project were published, as {@link HeldProject.published} says. */
  isPublished(name: ProjectName): boolean;
  /** Returns the file that is held at `path`, if any. */
  file(path: WebPath): HeldFile | undefined;
  /**
   * Returns the paths of all held files and sidecars below `folder`; undefined if there are more than `maxFiles` files.
   */
  pathsBelow(folder: WebPath, maxFiles: number): ReadonlySet<WebPath> | undefined;
  /** Returns the next held files after the path `after`, by path. */
  filesAfter(after: WebPath | undefined, limit: number): HeldFile[];
  /** Returns the project that holds the file at `path`, if any. */
  holderOf(path: WebPath): ProjectName | undefined;
  /** Remembers files that were published, or whose sidecars were. */
  addFiles(name: ProjectName, files: readonly HeldFile[]): void;
  /** Remembers files that may soon be in the tree, held or not, until the project is finished. */
  addPendingFiles(name: ProjectName, paths: readonly WebPath[]): void;
  /** Returns the pending files of a project, left in the tree by a killed run or by a check that forgot them. */
  pendingFiles(name: ProjectName): WebPath[];
  /** Returns the next published projects after `after`, by name. */
  published(after: ProjectName | undefined, limit: number): IndexEntry[];
  /** Returns the published projects with this {@link HeldProject.source}. */
  publishedFrom(source: string): ProjectName[];
  /** Returns the sources of published projects other than the upstream, with the number of projects of each. */
  sources(): { readonly source: string; readonly projects: number }[];
}
