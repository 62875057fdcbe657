/**
 * The sections of the state that concern the mirror as a whole, each with its owners: the folders that may change it.
 * `test/architecture.test.ts` enforces this.
 */
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type {
  AlarmRecord,
  CheckResult,
  CheckSums,
  DamagedShare,
  LogsResult,
  RunResult,
  RunSums,
} from './program-results.ts';
import { change, join, section } from './state-section.ts';
import type { StateStore } from './state-store.ts';

/**
 * The position up to which upstream was followed. Owned by `sync/discover` and `sync/serials`; `cli/target` sets the
 * upstream of the tree that it adopts.
 */
export interface SerialState {
  /** The serial up to which all changes are queued or done; undefined until a list of projects was taken over. */
  readonly serial?: number | undefined;
  /** Time in milliseconds at which {@link serial} last changed. */
  readonly serialMovedAt?: number | undefined;
  /** Time in milliseconds at which upstream was last asked why the serial does not move. */
  readonly serialAskedAt?: number | undefined;
  /** The set of projects that {@link serial} covers. */
  readonly scope?: string | undefined;
  /** The index that is mirrored; serials are meaningful for this index only. */
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
  /** Time in milliseconds since which upstream's changelog does not answer. */
  readonly changelogDownSince?: number | undefined;
  /** Time in milliseconds before which upstream, which said that it has no changelog, is not asked again. */
  readonly changelogRetryAt?: number | undefined;
  /** The position read in upstream's change feed; undefined if upstream has none, or the position is unknown. */
  readonly feed?: FeedPosition | undefined;
  /** Time in milliseconds before which upstream, which has no change feed, is not asked for one again. */
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
  /** Time in milliseconds at which the whole list was last compared. */
  readonly reconciledAt?: number | undefined;
  /** Time in milliseconds of the last sweep: projects that were due by then were queued to be inspected. */
  readonly sweptAt?: number | undefined;
}
export const listState = section<ListState>({ listEtag: true, listSha256: true, reconciledAt: true, sweptAt: true });

/**
 * The rules of earlier runs. Owned by `sync/discover` and `sync/selection`; `cli/run` remembers `--all`, and triggers
 * of the database delete `wantsOf`.
 */
export interface PolicyState {
  /** The whole policy that projects were last compared with. */
  readonly policy?: string | undefined;
  /** True from when {@link policy} changes until all that it leaves out is gone. */
  readonly policyUnsettled?: boolean | undefined;
  /** The decisions that are not followed, because following them would never end, by project. */
  readonly endless?: Readonly<Record<string, string>> | undefined;
  /** A key of the rules that the remembered wants follow from; forgotten as soon as the wants may have changed. */
  readonly wantsOf?: string | undefined;
  /** True if the administrator said that the whole index is to be mirrored. */
  readonly all?: boolean | undefined;
}
export const policyState = section<PolicyState>({
  policy: true,
  policyUnsettled: true,
  endless: true,
  wantsOf: true,
  all: true,
});

/** Projects and wants that are not satisfied. Owned by `sync/discover`, `sync/selection` and `sync/requirements`. */
export interface MissingState {
  /** Projects that the policy names and upstream does not have, or of which upstream has no wanted file. */
  readonly missing?: readonly string[] | undefined;
  /** Time in milliseconds before which missing projects are not asked for again. */
  readonly missingRetryAt?: number | undefined;
  /** The unsatisfied wants by project, with the decision key under which they were found. */
  readonly unmet?: Readonly<Record<string, UnsatisfiedWants>> | undefined;
  /** The lines about unsatisfied wants that were last reported. */
  readonly unmetLines?: readonly string[] | undefined;
}
export const missingState = section<MissingState>({
  missing: true,
  missingRetryAt: true,
  unmet: true,
  unmetLines: true,
});

/**
 * The settings that pages are made with. Owned by `sync/discover`, `sync/project/page` and `sync/index`; `cli/target`
 * adopts legacy JSON.
 */
export interface PageState {
  /** The settings that the published pages were made with. */
  readonly pageForm?: string | undefined;
  /** The common beginning of the addresses of upstream's files, up to the slash before `packages/`. */
  readonly fileBase?: string | undefined;
  /** The state of the legacy JSON; undefined if it is not served. */
  readonly legacyJson?: LegacyJsonState | undefined;
}
export const pageState = section<PageState>({ pageForm: true, fileBase: true, legacyJson: true });

/** The size of a piece of the root index and its CRC-32, and both of the compressed piece. */
export type RootPieceSize = readonly [bytes: number, crc32: number, packedBytes: number, packedCrc32: number];

/**
 * The pieces of the root index: the name from which on each reaches, and their sizes with head and tail in each form.
 */
export interface RootPieces {
  readonly froms: readonly string[];
  readonly html: readonly RootPieceSize[];
  readonly json: readonly RootPieceSize[];
}

/**
 * The published files about the mirror as a whole. Owned by `sync/index`; other features mark them as due with the
 * changes below. Adopting, restoring, and repairing a state older than the tree change it too.
 */
export interface IndexState {
  /** True if projects were published or removed and the root index does not show it yet. */
  readonly rootIndexDue?: boolean | undefined;
  /** The sha256 of the published root index in both forms. */
  readonly rootIndex?: { readonly json: string; readonly html: string } | undefined;
  /** The number of the latest change that the published root index shows; see published-changes.ts. */
  readonly changesListed?: number | undefined;
  /** The extent of the published change feed: the log's id, its last change, and {@link changesListed}. */
  readonly changesTold?: { readonly id: string; readonly last: number; readonly listed: number } | undefined;
  /** True if a check found damage in the published change feed. */
  readonly changesDue?: boolean | undefined;
  /** The number of the last removal in the published list of removals. */
  readonly removalsListed?: number | undefined;
  /** True if files that upstream removes are kept without being listed. */
  readonly keepsRemoved?: boolean | undefined;
  /** Time in milliseconds at which the run shown by `last-modified` began. */
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

/** The pieces of the root index, apart from the rest because they are large. Owned by `sync/index`. */
export interface RootPiecesState {
  /** The pieces that the published root index is made of. Without froms they are not known yet. */
  readonly rootPieces?: RootPieces | undefined;
}
export const rootPiecesState = section<RootPiecesState>({ rootPieces: true });

/** The change that marks the root index as out of date. */
export const rootIndexIsDue = change(indexState, { rootIndexDue: true });

/** The change that marks the published root index as damaged, so that nothing of it is used again. */
export const rootIndexIsDamaged = join(
  change(indexState, { rootIndexDue: true }),
  change(rootPiecesState, { rootPieces: undefined }),
);

/** The change that marks the published change feed as damaged. */
export const changeFeedIsDue = change(indexState, { changesDue: true });

/** Upstream's signed snapshots. Owned by `sync/snapshot`. */
export interface SnapshotState {
  /** The last facts taken from upstream's signed snapshots. */
  readonly upstreamSnapshot?: UpstreamSnapshot | undefined;
}
export const snapshotState = section<SnapshotState>({ upstreamSnapshot: true });

/** The permission to delete. Owned by `sync/limits`. */
export interface LimitState {
  /** Time in milliseconds up to which a person allowed all removals. */
  readonly deletionsAllowedAt?: number | undefined;
}
export const limitState = section<LimitState>({ deletionsAllowedAt: true });

/** The run at work, or the last one. Owned by `cli/run`. */
export interface RunState {
  /** Time in milliseconds since which a run is at work, unless it crashed. */
  readonly running?: number | undefined;
  /** Time in milliseconds of the run's last progress. */
  readonly progressAt?: number | undefined;
  /** Time in milliseconds at which the last run was paused; undefined if it came to its end. */
  readonly pausedAt?: number | undefined;
  /** Time in milliseconds at which a quiet run last reported parked projects; undefined while there are none. */
  readonly waitingToldAt?: number | undefined;
  /** The outage of upstream that the last runs ended with; undefined if the last one did not. */
  readonly outage?: Outage | undefined;
  /** True if the user was told how to run without being root. */
  readonly toldRoot?: boolean | undefined;
}
export const runState = section<RunState>({
  running: true,
  progressAt: true,
  pausedAt: true,
  waitingToldAt: true,
  outage: true,
  toldRoot: true,
});

/** The adoption of another program's tree. Owned by `cli/target`. */
export interface AdoptionState {
  /** The program whose tree is being adopted; undefined once that is done. */
  readonly adopting?: string | undefined;
  /** The program whose state files are kept in `old-state/` until the first complete run. */
  readonly adopted?: string | undefined;
}
export const adoptionState = section<AdoptionState>({ adopting: true, adopted: true });

/** The progress of checks. Owned by `check`. */
export interface CheckState {
  /** The position of the interrupted check. */
  readonly check?: CheckPosition | undefined;
  /** The number, from 1, of the last share done by a check that does one share a night. */
  readonly checkedShare?: number | undefined;
}
export const checkState = section<CheckState>({ check: true, checkedShare: true });

/** The results of runs. Owned by `cli/run`. */
export interface RunResultsState {
  readonly lastRun?: RunResult | undefined;
  /** Time in milliseconds at which the last run with exit code 0 ended. */
  readonly succeededAt?: number | undefined;
  readonly runSums?: RunSums | undefined;
  /** Time in milliseconds since which hooks fail; undefined if the last ones did not. */
  readonly hooksFailSince?: number | undefined;
}
export const runResultsState = section<RunResultsState>({
  lastRun: true,
  succeededAt: true,
  runSums: true,
  hooksFailSince: true,
});

/** What a person has to hear. Owned by `cli/run`. */
export interface AlarmState {
  /** The latest alarms, the oldest first. */
  readonly alarms?: readonly AlarmRecord[] | undefined;
  /** Lines that nobody has read yet, because they come from a run that `/sync` started or that died. */
  readonly unread?: readonly string[] | undefined;
}
export const alarmState = section<AlarmState>({ alarms: true, unread: true });

/** The results of checks. Owned by `cli/check`. */
export interface CheckResultsState {
  readonly lastCheck?: CheckResult | undefined;
  readonly checkSums?: CheckSums | undefined;
  /** The shares in which their last check found something, if it is not longer ago than a round, the oldest first. */
  readonly damagedShares?: readonly DamagedShare[] | undefined;
}
export const checkResultsState = section<CheckResultsState>({
  lastCheck: true,
  checkSums: true,
  damagedShares: true,
});

/** The results of processing logs. Owned by `cli/logs`. */
export interface LogsResultsState {
  readonly lastLogs?: LogsResult | undefined;
  /** The number of all downloads that were counted. */
  readonly downloads?: number | undefined;
}
export const logsResultsState = section<LogsResultsState>({ lastLogs: true, downloads: true });

/** The pages for people. Owned by `site`. */
export interface SiteState {
  /** The pages as they were last published. */
  readonly pages?: PublishedPages | undefined;
}
export const siteState = section<SiteState>({ pages: true });

/** Where the mirror lies. Owned by `cli/storage` and `sync/move-mirror`. */
export interface StorageState {
  /** Undefined if it is on the disk. */
  readonly storage?: StoragePlace | undefined;
  /** The move that is under way; undefined if none is, or if a run has changed the mirror since. */
  readonly moving?: StorageMove | undefined;
}
export const storageState = section<StorageState>({ storage: true, moving: true });

/** Returns true if both are the same place; undefined is the disk. */
export function isSamePlace(a: StoragePlace | undefined, b: StoragePlace | undefined): boolean {
  return a?.bucket === b?.bucket && a?.prefix === b?.prefix && a?.hold === b?.hold;
}

/** How far a move of the mirror has come. */
export interface StorageMove {
  /** The place to which it moves; undefined if that is the disk. */
  readonly to?: StoragePlace | undefined;
  /** Time in milliseconds at which it began. */
  readonly since: number;
  /** The path of the last file of which it and all before it are there. */
  readonly file?: WebPath | undefined;
  /** The name of the last project of which its pages, and those of all before it, are there. */
  readonly project?: ProjectName | undefined;
  /** The number of files that are there. */
  readonly files: number;
}

/** The copy of the state in the object store. Owned by `cli/storage`; other programs say that the state has changed. */
export interface CopyState {
  /** The copy that this state is, or was changed since. */
  readonly copy?: StateCopy | undefined;
  /** True if the state was changed in a way that is worth a copy. */
  readonly copyDue?: boolean | undefined;
  /** True from when this state was restored from a copy until it was compared with the tree on this machine. */
  readonly restored?: boolean | undefined;
}
export const copyState = section<CopyState>({ copy: true, copyDue: true, restored: true });

/** Each copy has a number that is higher by one than that of the copy before, and a random id. */
export interface StateCopy {
  readonly number: number;
  readonly id: string;
}

/** A place in an object store. */
export interface StoragePlace {
  readonly bucket: string;
  readonly prefix: string;
  /** What the bucket holds: what is below `web/packages`, or all that is below `web/`. */
  readonly hold: 'files' | 'everything';
}

/** The share of all projects that this machine fetches for another one. Owned by `sync/prefetch`. */
export interface PrefetchState {
  /** Undefined if it is done, or was not begun. */
  readonly prefetch?: { readonly share: string; readonly after: ProjectName } | undefined;
}
export const prefetchState = section<PrefetchState>({ prefetch: true });

/** All sections by name. */
export const sections = {
  serialState,
  changelogState,
  listState,
  policyState,
  missingState,
  pageState,
  rootPiecesState,
  indexState,
  snapshotState,
  limitState,
  runState,
  adoptionState,
  checkState,
  runResultsState,
  alarmState,
  checkResultsState,
  logsResultsState,
  siteState,
  storageState,
  prefetchState,
  copyState,
};

/** The unsatisfied wants of a project, each with its reason. */
export interface UnsatisfiedWants {
  readonly decision: string;
  readonly wants: readonly { readonly key: string; readonly why: string }[];
}

/** Returns true if the state knows its upstream or its adopted tree. If not, files in the target may be anybody's. */
export function isInitialized(state: Pick<StateStore, 'get'>): boolean {
  const { adopted, adopting } = state.get(adoptionState);
  return (state.get(serialState).upstream ?? adopted ?? adopting) !== undefined;
}

/** The remembered facts about upstream's signed snapshots; times are in milliseconds. */
export interface UpstreamSnapshot {
  /** The time of the newest snapshot seen; an older one is not accepted after it. */
  readonly timeMs: number;
  readonly serial?: number | undefined;
  /** Time since which no snapshot agreed with all that upstream serves; undefined if the last one did. */
  readonly unprovenSince?: number | undefined;
  /** The groups of pages that are not published, because upstream serves other pages than it has signed. */
  readonly held?: readonly number[] | undefined;
}

/** An outage of upstream. Times are in milliseconds. */
export interface Outage {
  readonly since: number;
  /** When a quiet run last printed each failure, by its message without numbers. */
  readonly told: Readonly<Record<string, number>>;
}

/** What the published pages for people show. */
export interface PublishedPages {
  /** Time in milliseconds as of which they are right. */
  readonly at: number;
  /** The exit code of the last run that they show; undefined if they show a run at work. */
  readonly exitCode?: number | undefined;
}

/** The settings and progress of the legacy JSON. */
export interface LegacyJsonState {
  /** The common beginning of the addresses of files, without a trailing slash. */
  readonly base: string;
  /** The name up to which missing or outdated legacy JSON of unchanged projects was made; undefined when all is. */
  readonly filledTo?: string | undefined;
}

/** A place in upstream's change feed. */
export interface FeedPosition {
  /** The id of the feed; under another id the numbers belong to other changes. */
  readonly id: string;
  /** The number of the change up to which everything is queued or done. */
  readonly number: number;
  /** The ETag of the feed's head, if the head had no change beyond {@link number}. */
  readonly etag?: string | undefined;
}

/** The position of a check of everything. */
export interface CheckPosition {
  /** The scope of the check; a check with another scope starts from the beginning. */
  readonly scope: string;
  /** The last project that was checked. */
  readonly after: ProjectName;
  /** Milliseconds. */
  readonly startedMs: number;
}
