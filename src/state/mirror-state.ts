/**
 * The sections of what the state remembers about the mirror as a whole, each with its owners: the folders that may
 * change it. `test/architecture.test.ts` holds them to it.
 */
import type { ProjectName } from '../core/names.ts';
import { change, section } from './state-section.ts';
import type { StateStore } from './state-store.ts';

/**
 * How far upstream was followed. Owned by `sync/discover` and `sync/serials`; `cli/target` knows the upstream of what
 * it adopts.
 */
export interface SerialState {
  /** Everything that upstream's changelog says up to here is in the queue or done. Undefined: no list taken over yet. */
  readonly serial?: number | undefined;
  /** Milliseconds: when {@link serial} became what it is. */
  readonly serialMovedAt?: number | undefined;
  /** Milliseconds: when upstream was last asked why it does not move. */
  readonly serialAskedAt?: number | undefined;
  /** The projects that {@link serial} speaks of. */
  readonly scope?: string | undefined;
  /** The index that is mirrored; serials of another one mean nothing. */
  readonly upstream?: string | undefined;
}
export const serialState = section<SerialState>({
  serial: true,
  serialMovedAt: true,
  serialAskedAt: true,
  scope: true,
  upstream: true,
});

/** Upstream's changelog and change feed. Owned by `sync/discover`. */
export interface ChangelogState {
  /** Milliseconds: upstream's changelog does not answer since then. */
  readonly changelogDownSince?: number | undefined;
  /** Milliseconds: upstream said it has no changelog; not asked again before. */
  readonly changelogRetryAt?: number | undefined;
  /** How far upstream's change feed was read; undefined where upstream has none, or from where on is not known. */
  readonly feed?: FeedPosition | undefined;
  /** Milliseconds: upstream has no change feed; not asked for again before. */
  readonly feedRetryAt?: number | undefined;
}
export const changelogState = section<ChangelogState>({
  changelogDownSince: true,
  changelogRetryAt: true,
  feed: true,
  feedRetryAt: true,
});

/** Upstream's list of projects. Owned by `sync/discover`. */
export interface ListState {
  /** ETag of the list of projects that was last compared as a whole. */
  readonly listEtag?: string | undefined;
  /** The sha256 of that list as upstream served it. */
  readonly listSha256?: string | undefined;
  /** Milliseconds: when the whole list was last compared. */
  readonly reconciledAt?: number | undefined;
  /** Milliseconds: up to here the projects that were due were queued to be looked at. */
  readonly sweptAt?: number | undefined;
}
export const listState = section<ListState>({ listEtag: true, listSha256: true, reconciledAt: true, sweptAt: true });

/**
 * What the rules were. Owned by `sync/discover` and `sync/selection`; `--all` is remembered by `cli/run`, and
 * triggers of the database delete `wantsOf`.
 */
export interface PolicyState {
  /** The whole policy that projects were last compared with. */
  readonly policy?: string | undefined;
  /** True from when {@link policy} changes until all that it leaves out is gone. */
  readonly policyUnsettled?: boolean | undefined;
  /** The decisions about projects that are not followed, as that would go on for ever, by project. */
  readonly endless?: Readonly<Record<string, string>> | undefined;
  /** Stands for the rules that the remembered wants follow from; forgotten as soon as they may be others. */
  readonly wantsOf?: string | undefined;
  /** Somebody said that the whole index is meant. */
  readonly all?: boolean | undefined;
}
export const policyState = section<PolicyState>({
  policy: true,
  policyUnsettled: true,
  endless: true,
  wantsOf: true,
  all: true,
});

/** What is asked for and not held. Owned by `sync/discover`, `sync/selection` and `sync/requirements`. */
export interface MissingState {
  /** Projects that the policy names and upstream does not have, or has nothing of that is wanted. */
  readonly missing?: readonly string[] | undefined;
  /** Milliseconds: what is named and missing is not asked for again before. */
  readonly missingRetryAt?: number | undefined;
  /** What is wanted of projects and not held, by project, with the decision that it was found by. */
  readonly unmet?: Readonly<Record<string, UnmetOf>> | undefined;
  /** What was told of that last. */
  readonly unmetLines?: readonly string[] | undefined;
}
export const missingState = section<MissingState>({
  missing: true,
  missingRetryAt: true,
  unmet: true,
  unmetLines: true,
});

/** How pages are made. Owned by `sync/discover`, `sync/selection` and `sync/index`; `cli/target` adopts legacy JSON. */
export interface PageState {
  /** The settings that the published pages were made with. */
  readonly pageForm?: string | undefined;
  /** What the addresses of upstream's files begin with, up to the slash before `packages/`. */
  readonly fileBase?: string | undefined;
  /** The legacy JSON is served; undefined where it is not. */
  readonly legacyJson?: LegacyJsonState | undefined;
}
export const pageState = section<PageState>({ pageForm: true, fileBase: true, legacyJson: true });

/**
 * What is published about the mirror as a whole. Owned by `sync/index`; others say what is due by the changes below. What
 * is adopted or restored, and a state older than the tree, change it too.
 */
export interface IndexState {
  /** True when projects were published or removed and the root index does not say so yet. */
  readonly rootIndexDue?: boolean | undefined;
  /** The sha256 of the published root index in both forms. */
  readonly rootIndex?: { readonly json: string; readonly html: string } | undefined;
  /** The number of the latest change that the published root index shows; see change-log.ts. */
  readonly changesListed?: number | undefined;
  /** What the published change feed tells: of which log, up to which change, and {@link changesListed}. */
  readonly changesTold?: { readonly id: string; readonly last: number; readonly listed: number } | undefined;
  /** True when a check has found damage in the published change feed. */
  readonly changesDue?: boolean | undefined;
  /** The last removal that the published list of removals has. */
  readonly removalsListed?: number | undefined;
  /** What upstream removes is kept, out of sight. */
  readonly keepsRemoved?: boolean | undefined;
  /** Milliseconds: when the last run began that `last-modified` tells. */
  readonly completedAt?: number | undefined;
}
export const indexState = section<IndexState>({
  rootIndexDue: true,
  rootIndex: true,
  changesListed: true,
  changesTold: true,
  changesDue: true,
  removalsListed: true,
  keepsRemoved: true,
  completedAt: true,
});

/** The root index does not say what is published any more. */
export const rootIndexIsDue = change(indexState, { rootIndexDue: true });

/** The published change feed is damaged. */
export const changeFeedIsDue = change(indexState, { changesDue: true });

/** What upstream has signed. Owned by `sync/snapshot`. */
export interface SnapshotState {
  /** What was last learned from upstream's signed snapshots. */
  readonly upstreamSnapshot?: UpstreamSnapshot | undefined;
}
export const snapshotState = section<SnapshotState>({ upstreamSnapshot: true });

/** What may go. Owned by `sync/limits`. */
export interface LimitState {
  /** Milliseconds: removals up to here were allowed by a person. */
  readonly deletionsAllowedAt?: number | undefined;
}
export const limitState = section<LimitState>({ deletionsAllowedAt: true });

/** The run at work, or the last one. Owned by `cli/run`. */
export interface RunState {
  /** Milliseconds: a run is at work since then, unless it died. */
  readonly running?: number | undefined;
  /** Milliseconds: when it last did something. */
  readonly progressAt?: number | undefined;
  /** Milliseconds: when the last run was paused; undefined when it came to its end. */
  readonly pausedAt?: number | undefined;
  /** Milliseconds: when a quiet run last said that projects wait for another try; undefined while none does. */
  readonly waitingToldAt?: number | undefined;
  /** Somebody was told how to run without being root. */
  readonly toldRoot?: boolean | undefined;
}
export const runState = section<RunState>({
  running: true,
  progressAt: true,
  pausedAt: true,
  waitingToldAt: true,
  toldRoot: true,
});

/** What another program left. Owned by `cli/target`. */
export interface AdoptionState {
  /** Whose tree is being taken over; undefined once that is done. */
  readonly adopting?: string | undefined;
  /** Whose state files lie in `old-state/` until the first complete run. */
  readonly adopted?: string | undefined;
}
export const adoptionState = section<AdoptionState>({ adopting: true, adopted: true });

/** How far checks have come. Owned by `check`. */
export interface CheckState {
  /** The check that was interrupted. */
  readonly check?: CheckPosition | undefined;
  /** The last share that a check of one share a night has done, from 1. */
  readonly checkedShare?: number | undefined;
}
export const checkState = section<CheckState>({ check: true, checkedShare: true });

/** By their names. */
export const sections = {
  serialState,
  changelogState,
  listState,
  policyState,
  missingState,
  pageState,
  indexState,
  snapshotState,
  limitState,
  runState,
  adoptionState,
  checkState,
};

/** The wants of a project for which nothing is held, each with why. */
export interface UnmetOf {
  readonly decision: string;
  readonly wants: readonly { readonly key: string; readonly why: string }[];
}

/** Whether it is known whose mirror it is: what lies under a target whose state knows nothing may be anybody's. */
export function isInitialized(state: Pick<StateStore, 'get'>): boolean {
  const { adopted, adopting } = state.get(adoptionState);
  return (state.get(serialState).upstream ?? adopted ?? adopting) !== undefined;
}

/** What is remembered of upstream's signed snapshots; times are milliseconds. */
export interface UpstreamSnapshot {
  /** Of the newest that was seen: upstream does not go back. */
  readonly timeMs: number;
  readonly serial?: number | undefined;
  /** Since when no snapshot agreed with all that upstream serves; undefined while the last one did. */
  readonly unprovenSince?: number | undefined;
  /** The groups of pages of which nothing is published, as upstream serves others than it has signed. */
  readonly held?: readonly number[] | undefined;
}

/** How the legacy JSON is made. */
export interface LegacyJsonState {
  /** What the addresses of files begin with, without a slash at its end. */
  readonly base: string;
  /** While it is missing, or other than it should be, of projects that did not change: up to this name it is not. */
  readonly filledTo?: string | undefined;
}

/** A place in upstream's change feed. */
export interface FeedPosition {
  /** Of the feed: under another one, numbers mean something else. */
  readonly id: string;
  /** Everything up to the change with this number is queued or done. */
  readonly number: number;
  /** ETag of the feed's head, where that told nothing beyond {@link number}. */
  readonly etag?: string | undefined;
}

/** How far a check of everything has come. */
export interface CheckPosition {
  /** What is checked; another check begins anew. */
  readonly scope: string;
  /** The last project that was checked. */
  readonly after: ProjectName;
  /** Milliseconds. */
  readonly startedMs: number;
}
