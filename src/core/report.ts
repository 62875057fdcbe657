/**
 * The port to whoever watches: one function of one event. Quiet is `() => {}`; the progress display, the text for
 * cron, the JSON log and the tests all read the same events.
 */
import type { ProjectName } from './names.ts';
import type { WebPath } from './paths.ts';

/** How a project ended. */
export type ProjectOutcome = 'published' | 'unchanged' | 'removed';

/** What happens during a run. */
export type MirrorEvent =
  /** The tree that another program has made, or whose state was lost, is taken over. */
  | { readonly type: 'adopting'; readonly from: string }
  /** `lacking` files are linked, but not there, or not what their page says. */
  | {
      readonly type: 'project-adopted';
      readonly name: ProjectName;
      readonly files: number;
      readonly bytes: number;
      readonly lacking: number;
    }
  | { readonly type: 'adopted'; readonly summary: string }
  | {
      readonly type: 'learned';
      readonly source: 'changelog' | 'change-feed' | 'list' | 'names';
      readonly serial: number | undefined;
    }
  /** So many projects are queued; a part of them may wait for a later time. */
  | { readonly type: 'queued'; readonly projects: number }
  | { readonly type: 'project-started'; readonly name: ProjectName }
  /** What is to be done for the project, before anything is done. */
  | {
      readonly type: 'project-planned';
      readonly name: ProjectName;
      readonly fetch: readonly WebPath[];
      readonly bytes: number;
      readonly remove: readonly WebPath[];
      readonly removeBytes?: number | undefined;
      /** The rule that the project is held or left out by, or `removed upstream`; undefined where there are none. */
      readonly rule?: string | undefined;
    }
  /** So many more bytes would have been needed: projects stay queued. The rules and projects that need most come first. */
  | {
      readonly type: 'does-not-fit';
      readonly limit: string;
      readonly missing: number;
      readonly projects: number;
      readonly most: readonly { readonly what: string; readonly bytes: number }[];
    }
  /** More would have gone than may go in a day: it stays until a person allows it. */
  | {
      readonly type: 'deletions-held-back';
      /** Projects that would go, or lose so many files. */
      readonly deletions: readonly {
        readonly name: ProjectName;
        readonly isProject: boolean;
        readonly files: number;
      }[];
      /** So many projects went already: in a day, or since a person allowed it. Some files of one count as that part of it. */
      readonly gone: number;
      /** So many may. */
      readonly limit: number;
      /** The index that would take them away; undefined means the upstream. */
      readonly source?: string | undefined;
    }
  | {
      readonly type: 'file-started';
      readonly path: WebPath;
      readonly bytes: number | undefined;
    }
  /** More bytes arrived; negative when a download begins anew. */
  | { readonly type: 'bytes'; readonly path: WebPath; readonly bytes: number }
  | { readonly type: 'file-done'; readonly path: WebPath }
  | { readonly type: 'file-failed'; readonly path: WebPath }
  | { readonly type: 'file-removed'; readonly path: WebPath }
  /** What upstream took away or changed shows on the page; the project is not done yet. */
  | { readonly type: 'page-published'; readonly name: ProjectName }
  | {
      readonly type: 'project-done';
      readonly name: ProjectName;
      readonly outcome: ProjectOutcome;
    }
  /** The project stays queued; `expected` when time alone is likely to heal it. */
  | {
      readonly type: 'project-parked';
      readonly name: ProjectName;
      readonly reason: string;
      readonly nextTry: number;
      readonly expected: boolean;
      /** True when it is because of an index beside the upstream that does not answer, of which another project told. */
      readonly isTold?: boolean;
    }
  | { readonly type: 'waiting'; readonly ms: number; readonly why: string }
  | { readonly type: 'root-index'; readonly projects: number }
  | { readonly type: 'warning'; readonly message: string }
  /** A person must look at it, so the run ends with exit code 1; it is told once. With a `stack` it is an error of ours. */
  | { readonly type: 'alarm'; readonly message: string; readonly stack?: string | undefined };

/** Receives every event, at once, in order. Must not throw. */
export type Report = (event: MirrorEvent) => void;
