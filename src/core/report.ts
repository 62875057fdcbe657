/**
 * The port to observers: one function that takes one event. To ignore all events use `() => {}`. The progress display,
 * the text for cron, the JSON log and the tests all read the same events.
 */
import type { ProjectName } from './names.ts';
import type { WebPath } from './paths.ts';

/** The result of a project. */
export type ProjectOutcome = 'published' | 'unchanged' | 'removed';

/** An event during a run. */
export type MirrorEvent =
  /** A tree that another program made, or whose state was lost, is being adopted. */
  | { readonly type: 'adopting'; readonly from: string }
  /** `lacking` is the number of files that are linked, but missing or not as their page says. */
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
  /** The number of queued projects, including those that wait for a later time. */
  | { readonly type: 'queued'; readonly projects: number }
  | { readonly type: 'project-started'; readonly name: ProjectName }
  /** The plan for a project, before anything is done. */
  | {
      readonly type: 'project-planned';
      readonly name: ProjectName;
      readonly fetch: readonly WebPath[];
      readonly bytes: number;
      readonly remove: readonly WebPath[];
      readonly removeBytes?: number | undefined;
      /** The rule by which the project is held or left out, or `removed upstream`; undefined if there are no rules. */
      readonly rule?: string | undefined;
    }
  /**
   * `missing` more bytes would have been needed, so projects stay queued. The rules and projects that need most come
   * first.
   */
  | {
      readonly type: 'does-not-fit';
      readonly limit: string;
      readonly missing: number;
      readonly projects: number;
      readonly most: readonly { readonly what: string; readonly bytes: number }[];
    }
  /** More would be removed than is allowed in a day. It stays until a person allows it. */
  | {
      readonly type: 'deletions-held-back';
      /** Projects that would be removed, or would lose this number of files. */
      readonly deletions: readonly {
        readonly name: ProjectName;
        readonly isProject: boolean;
        readonly files: number;
      }[];
      /**
       * The number of projects removed already, in a day or since a person allowed it. Some files of a project count as
       * a fraction.
       */
      readonly gone: number;
      /** The number of projects that may be removed. */
      readonly limit: number;
      /** The index that would remove them; undefined for the upstream. */
      readonly source?: string | undefined;
    }
  | {
      readonly type: 'file-started';
      readonly path: WebPath;
      readonly bytes: number | undefined;
    }
  /** More bytes arrived. The number is negative if a download starts again. */
  | { readonly type: 'bytes'; readonly path: WebPath; readonly bytes: number }
  | { readonly type: 'file-done'; readonly path: WebPath }
  | { readonly type: 'file-failed'; readonly path: WebPath }
  | { readonly type: 'file-removed'; readonly path: WebPath }
  /** The page shows what upstream removed or changed. The project is not done yet. */
  | { readonly type: 'page-published'; readonly name: ProjectName }
  | {
      readonly type: 'project-done';
      readonly name: ProjectName;
      readonly outcome: ProjectOutcome;
    }
  /** The project stays queued. `expected` is true if it will probably succeed later without help. */
  | {
      readonly type: 'project-parked';
      readonly name: ProjectName;
      readonly reason: string;
      readonly nextTry: number;
      readonly expected: boolean;
      /** True if the cause is another index that does not answer, which was already reported for another project. */
      readonly isTold?: boolean;
    }
  /** The number of connections to a host that may be open at the same time has changed. */
  | { readonly type: 'connections'; readonly host: string; readonly connections: number }
  | { readonly type: 'waiting'; readonly ms: number; readonly why: string }
  | { readonly type: 'root-index'; readonly projects: number }
  | { readonly type: 'warning'; readonly message: string }
  /**
   * A person must act, so the run ends with exit code 1. It is reported once. An alarm with a `stack` is a bug of ours.
   */
  | { readonly type: 'alarm'; readonly message: string; readonly stack?: string | undefined };

/** Receives every event synchronously, in order. Must not throw. */
export type Report = (event: MirrorEvent) => void;
