/**
 * The port to what is held: projects with published pages, and their files. Every method is one transaction; all throw
 * StorageError.
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
  /** sha256 of the core metadata beside it, when that is held. */
  readonly metadataSha256: string | undefined;
  /** True when the provenance object beside it is held. */
  readonly provenance: boolean;
  /** What that object proves; absent when nobody looked. */
  readonly verdict?: Verdict;
}

/** What is held of a project. */
export interface HeldProject {
  /** True once its pages were published; files may be held before. */
  readonly published: boolean;
  readonly displayName: string | undefined;
  readonly serial: number | undefined;
  readonly etag: string | undefined;
  /** PEP 792. */
  readonly status: string | undefined;
  /** True when a person brought it back although upstream does not have it. */
  readonly restored: boolean;
  /** Where it is from: undefined for the upstream of the mirror, the address of another index, or 'local'. */
  readonly source: string | undefined;
  readonly files: readonly HeldFile[];
}

/** Projects come and go when they are finished, by `StateStore.finish`. */
export interface HeldProjects {
  project(name: ProjectName): HeldProject;
  /** The file that is held at `path`, if any. */
  file(path: WebPath): HeldFile | undefined;
  /** The project that holds a file, if any. */
  holderOf(path: WebPath): ProjectName | undefined;
  /** Remembers files that were published, or what was published beside them. */
  addFiles(name: ProjectName, files: readonly HeldFile[]): void;
  /** Remembers which files may soon lie in their places, held or not, until the project is finished. */
  addPendingFiles(name: ProjectName, paths: readonly WebPath[]): void;
  /** The files of a project that a run which was killed, or a check that forgot them, may have left in their places. */
  pendingFiles(name: ProjectName): WebPath[];
  /** Published projects by name after `after`. */
  published(after: ProjectName | undefined, limit: number): IndexEntry[];
  /** The projects that are from there: see {@link HeldProject.source}. */
  publishedFrom(source: string): ProjectName[];
  /** Where published projects are from, besides the upstream, and how many. */
  sources(): { readonly source: string; readonly projects: number }[];
}
