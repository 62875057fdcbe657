/** What happens during a check, for whoever watches. */
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { SidecarKind } from '../core/sidecars.ts';

/** What can be wrong. */
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
  /** The disk refuses to show what is there. Nothing is done about it but telling. */
  | 'unreadable'
  /** A file that nothing accounts for. */
  | 'unreferenced'
  | 'unknown-project'
  | 'missing-snapshot'
  | 'bad-snapshot'
  | 'bad-signature';

/** One thing that is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  readonly path: WebPath;
  /** Undefined for what belongs to no project. */
  readonly project: ProjectName | undefined;
  /** The file of an index that `path` is, or lies beside; undefined for pages. */
  readonly file?: WebPath | undefined;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

/** What happens during a check. */
export type CheckEvent =
  /** A sync run is at work; the check waits for ten seconds. */
  | { readonly type: 'waiting' }
  /** A check that was interrupted goes on behind this project. */
  | { readonly type: 'resumed'; readonly after: ProjectName }
  /** So many projects are to be checked in all, and so many were before the check was interrupted. */
  | { readonly type: 'started'; readonly projects: number; readonly done: number }
  | { readonly type: 'read'; readonly bytes: number }
  | { readonly type: 'file-checked'; readonly path: WebPath }
  | { readonly type: 'project-started'; readonly name: ProjectName }
  | { readonly type: 'project-checked'; readonly name: ProjectName }
  | { readonly type: 'folder-started'; readonly path: WebPath }
  | { readonly type: 'finding'; readonly finding: Finding }
  | { readonly type: 'empty-folder'; readonly path: WebPath }
  /** What an interrupted run left in staging, by its name there. */
  | { readonly type: 'leftover'; readonly name: string }
  /** The next run fetches the project anew; undefined stands for the list of projects. */
  | { readonly type: 'queued'; readonly name: ProjectName | undefined }
  | { readonly type: 'discarded'; readonly path: WebPath }
  /** So many projects look wrong, but a run is changing them. */
  | { readonly type: 'unjudged'; readonly projects: number }
  /** The snapshot cannot be compared: a run is at work, or one was stopped before it signed. */
  | { readonly type: 'snapshot-unjudged' }
  /** Paths look unreferenced, but a run may be about to remember them. */
  | { readonly type: 'tree-unjudged' }
  /** Nothing unreferenced is deleted (any more). */
  | { readonly type: 'kept'; readonly why: string };

/** Receives every event, at once, in order. Must not throw. */
export type CheckReport = (event: CheckEvent) => void;
