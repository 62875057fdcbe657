/** The events of a check, for observers. */
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { SidecarKind } from '../core/sidecars.ts';
import type { Stray } from '../files/object-check.ts';

/** The kind of a finding. */
export type FindingKind =
  | 'missing-page'
  | 'bad-page'
  | 'bad-twin'
  | 'missing-file'
  | 'bad-size'
  | 'bad-sha256'
  | `missing-${SidecarKind}`
  | `bad-${SidecarKind}`
  /** A link, a folder or a device where a file belongs. */
  | 'not-a-file'
  /** The disk refuses access. Such a finding is only reported. */
  | 'unreadable'
  /** A file that no held file, page or queued project accounts for. */
  | 'unreferenced'
  | 'unknown-project'
  | 'missing-snapshot'
  | 'bad-snapshot'
  | 'bad-signature'
  /** The object of a file that is both on the disk and in the object store. */
  | 'missing-copy'
  | 'bad-copy';

/** One thing that is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  readonly path: WebPath;
  /** Undefined for paths that belong to no project. */
  readonly project: ProjectName | undefined;
  /** The file at `path`, or the one whose sidecar it is; undefined for pages. */
  readonly file?: WebPath | undefined;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
  /** Where it lies in an object store; undefined if it lies on the disk. */
  readonly address?: string | undefined;
}

/** An event during a check. */
export type CheckEvent =
  /** A sync run holds the lock. The check waits for ten seconds. */
  | { readonly type: 'waiting' }
  /** An interrupted check continues after this project. */
  | { readonly type: 'resumed'; readonly after: ProjectName }
  /** The number of objects in one page of the listing of an object store. */
  | { readonly type: 'listed'; readonly objects: number }
  /** The number of projects to be checked in total, and the number already checked before an interruption. */
  | { readonly type: 'started'; readonly projects: number; readonly done: number }
  | { readonly type: 'read'; readonly bytes: number }
  | { readonly type: 'file-checked'; readonly path: WebPath }
  | { readonly type: 'project-started'; readonly name: ProjectName }
  | { readonly type: 'project-checked'; readonly name: ProjectName }
  | { readonly type: 'folder-started'; readonly path: WebPath }
  | { readonly type: 'finding'; readonly finding: Finding }
  | { readonly type: 'empty-folder'; readonly path: WebPath; readonly address?: string | undefined }
  /** Something in an object store belongs to nothing, and perhaps was removed. `address` is for messages. */
  | { readonly type: 'stray' | 'stray-discarded'; readonly stray: Stray; readonly address: string }
  /** A file or folder that an interrupted run left in staging, by its name there. */
  | { readonly type: 'leftover'; readonly name: string }
  /** The next run fetches the project again. Undefined stands for the list of projects. */
  | { readonly type: 'queued'; readonly name: ProjectName | undefined }
  | { readonly type: 'discarded'; readonly path: WebPath; readonly address?: string | undefined }
  /** The number of projects that look wrong while a run is changing them. */
  | { readonly type: 'unjudged'; readonly projects: number }
  /** The snapshot cannot be compared, because a run holds the lock or was stopped before it signed. */
  | { readonly type: 'snapshot-unjudged' }
  /** Some paths look unreferenced, but a run may be about to record them. */
  | { readonly type: 'tree-unjudged' }
  /** No unreferenced files are deleted, or no further ones. */
  | { readonly type: 'kept'; readonly why: string };

/** Receives every event synchronously, in order. Must not throw. */
export type CheckReport = (event: CheckEvent) => void;
