/**
 * The port to what the mirror remembers. Every method is one transaction: it happened whole or not at all.
 * All methods throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { IndexEntry } from '../formats/simple/root-index.ts';
import type { ChangelogEntries, ChangelogEntry } from './changelog-entries.ts';
import type { InProgress } from './in-progress.ts';
import type { MirrorState } from './mirror-state.ts';
import type { PageHashes, PageHashStore } from './page-hashes.ts';
import type { ProvenanceProblem, ProvenanceTotals, Verdict } from './provenance-records.ts';
import type { PublishedChanges } from './published-changes.ts';
import type { RejectedFile, RejectedFiles } from './rejected-files.ts';
import type { LostFile, RemovalLog, UpstreamRemoval } from './removal-log.ts';
import type { RunHistory } from './run-history.ts';

/** A project to be looked at. */
export interface QueueRequest {
  readonly name: ProjectName;
  readonly displayName: string;
  /** The page must have at least this serial. 0 where upstream does not tell. */
  readonly serial: number;
  /** Upstream said that the project is gone, so a 404 is believed at once. */
  readonly removed: boolean;
  /** What the changelog says of it. */
  readonly rows?: readonly ChangelogEntry[];
  /** True when upstream says that it has the project again: what was said of its removal before does not count any more. */
  readonly isBack?: boolean;
}

/** What a partial mirror has decided for a project. */
export interface Plan {
  /** Stands for the rules that decided, and for nothing else. */
  readonly decisionKey: string;
  /** Milliseconds: when the outcome changes although nothing else does. */
  readonly nextChange: number | undefined;
  /** For people: the rule that the project is held by. */
  readonly rule: string;
  /** Of the files that are to be held. */
  readonly bytes: number;
  /** Stands for what came of it: the files that are held, and what the page shows of the others. */
  readonly resultDigest: string;
  /** Upstream's page, where the published one does not tell all that it tells. */
  readonly page: Buffer | undefined;
}

/** A plan without its page. */
export type PlanSummary = Omit<Plan, 'page' | 'resultDigest'> & { readonly name: ProjectName };

/** A queued project of which only the rules changed, with what came of its plan. */
export type DueReplan = Pick<Plan, 'resultDigest' | 'page'> & { readonly name: ProjectName };

/** The new plan of a project for which nothing is to be done. */
export type Replanned = Pick<Plan, 'decisionKey' | 'nextChange' | 'rule'> & { readonly name: ProjectName };

/** What the held releases of a project require, as text that only its reader understands. */
export interface Requires {
  readonly name: ProjectName;
  readonly edges: string;
}

/** What others want of a project, as text that only its reader understands. */
export interface Wants {
  readonly name: ProjectName;
  readonly wants: string;
}

/**
 * Why a try was in vain: upstream does not have the project, has an older page than it promised, there is no room for it,
 * the brake on deletions holds back that upstream removed it, or that it loses files or is required no more, its page is not
 * proven to be the one that upstream has signed, or something failed.
 */
export type Obstacle = 'absent' | 'stale' | 'no-room' | 'removal-held-back' | 'held-back' | 'unproven' | 'failed';

/** A queued project. */
export interface QueuedProject extends QueueRequest {
  /** What the last try met; undefined when nothing was tried since upstream named it last. */
  readonly obstacle: Obstacle | undefined;
  /** Milliseconds: since when it waits, or since when the {@link obstacle} is the same. */
  readonly since: number;
  /** How often it was tried in vain. */
  readonly attempts: number;
  /** True when only the rules changed, so that what is known of upstream's page will do. */
  readonly replan?: boolean;
  /** How often a run died while the project was under way. */
  readonly deaths?: number;
}

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

/** A project whose pages are durable, or gone; it leaves the queue. */
export type FinishedProject = { readonly due: QueuedProject } & (
  | {
      readonly kind: 'published';
      readonly serial: number | undefined;
      readonly etag: string | undefined;
      readonly status: string;
      /** Where it is from, if not from the upstream of the mirror. */
      readonly source?: string | undefined;
      /** Upstream has just served its page: a person need not keep it any more. */
      readonly served?: boolean;
      /** Files that are not held any more. */
      readonly drop: readonly HeldFile[];
      /** Files that upstream took away, whether they are dropped or kept. */
      readonly lost?: readonly LostFile[];
      /** Files of releases that upstream took away because they are in quarantine. */
      readonly quarantined?: readonly LostFile[];
      /** Why the others are gone; by default upstream removed them. */
      readonly why?: UpstreamRemoval;
      /** It is not done yet and stays queued: files of it may not be dropped before a person has looked. */
      readonly stays?: Omit<Parked, 'due'>;
      /** Absent where everything is held. */
      readonly plan?: Plan | undefined;
      /** Absent where the pages were left as they are. */
      readonly pages?: PageHashes | undefined;
      /** Absent where provenance is not verified. */
      readonly unproven?: readonly ProvenanceProblem[];
      /** Files of upstream's page that alone are left out. */
      readonly odd?: readonly RejectedFile[];
      /** Not all of upstream's page is published: it stays queued, and what is absent here stays as it was. */
      readonly partly?: boolean;
    }
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'removed';
      /** An {@link UpstreamRemoval}, which it is by default, or the rule. */
      readonly why?: string;
      /** Its files that upstream took away. */
      readonly lost?: readonly LostFile[];
      /** Those that it took away because they are in quarantine. */
      readonly quarantined?: readonly LostFile[];
      /** The others stay held. */
      readonly keepFiles?: boolean;
    }
);

/** A project that could not be finished and waits for its next try. */
export interface Parked {
  readonly due: QueuedProject;
  readonly obstacle: Obstacle;
  /** For people: one line. */
  readonly reason: string;
  /** Milliseconds: not before. */
  readonly nextTry: number;
}

/** One that was found in the queue. */
export interface KeptParked extends Omit<Parked, 'nextTry'> {
  /** Milliseconds: not before; undefined when it is due. */
  readonly nextTry: number | undefined;
}

/** A project in the queue, and why it is still there. */
export interface QueueEntry extends QueuedProject {
  /** What the last try met, for people; undefined when nothing was tried. */
  readonly reason: string | undefined;
  /** Milliseconds: not before; undefined when it is due. */
  readonly nextTry: number | undefined;
}

/** What a rule of a partial mirror costs. */
export interface RuleTotals {
  /** The rule of a plan; what others depend on is one rule for each place that says so. */
  readonly rule: string;
  readonly projects: number;
  /** Of the files that are to be held. */
  readonly bytes: number;
}

/** Sums over everything that is held. */
export interface Totals {
  readonly projects: number;
  readonly files: number;
  readonly bytes: number;
  readonly queued: number;
  /** Queued projects that were tried in vain. */
  readonly parked: number;
  /** Those of them that only a person can let go on: deletions that were held back. */
  readonly heldBack: number;
}

/** A whole list of projects being taken over; it counts only when committed. */
export interface ListComparison {
  add(projects: readonly QueueRequest[]): void;
  /**
   * Queues what is missing here or newer there, and what is held but not listed (as removed).
   * Ignores what is held at a higher serial than the list's own. With `lowers`, serials that are higher than those of
   * the list are forgotten. The list is that of the upstream, or of the other index that `source` says, and nothing that is
   * from elsewhere is compared with it. Returns how many were queued.
   */
  commit(listSerial: number | undefined, state: MirrorState, lowers?: boolean, source?: string): number;
  abandon(): void;
}

export interface StateStore {
  readonly history: RunHistory;
  readonly removals: RemovalLog;
  readonly changelog: ChangelogEntries;
  /** The hashes of the published pages. */
  readonly pages: PageHashStore;
  readonly inProgress: InProgress;
  /** The files that alone are left out of a page. */
  readonly rejectedFiles: RejectedFiles;
  /** What has changed here, for mirrors that mirror from this one. */
  readonly publishedChanges: PublishedChanges;
  mirror(): MirrorState;
  /** Changes the members that are given; undefined forgets one. */
  remember(state: MirrorState): void;
  /** Queues projects and remembers `state` with them. A project already queued keeps the higher serial. */
  enqueue(wanted: readonly QueueRequest[], state: MirrorState): void;
  compareList(): ListComparison;
  /**
   * Queues every published project without its ETag, so that its pages are made anew;
   * `forgetSerials` when they come from another index, whose serials count differently.
   */
  enqueueAllHeld(state: MirrorState, forgetSerials: boolean): void;
  /** Queues up to `limit` held projects that were not looked at since `before` (milliseconds). Returns how many. */
  enqueueUnseen(before: number, limit: number): number;
  /**
   * Queues a project without its ETag, and forgets files of it that are damaged, so that the next run fetches them again.
   */
  requeue(name: ProjectName, damaged: readonly WebPath[]): void;
  /** Queues projects whose rules changed, but none that is queued already. Returns how many. */
  enqueueReplans(names: readonly ProjectName[], state: MirrorState): number;
  /** Makes queued projects due, as what stood in their way may be gone: all, or those with this obstacle. */
  makeDue(obstacle?: Obstacle): void;
  /** The next projects, by name after `after`, of which only the rules changed and whose plan tells what came of it. */
  dueReplans(now: number, after: ProjectName | undefined, limit: number): DueReplan[];
  /** Changes plans of which nothing else follows than before; their projects leave the queue. */
  replan(plans: readonly Replanned[]): void;
  /** Queues the projects whose plan changes by `now` (milliseconds). */
  enqueueDuePlans(now: number): void;
  /** The plans of published projects, by name after `after`; those without one have no `decision`. */
  plans(
    after: ProjectName | undefined,
    limit: number,
  ): (PlanSummary | { name: ProjectName; decisionKey?: undefined })[];
  /** Gives plans another name of their rule. */
  renamePlans(renamed: readonly { readonly name: ProjectName; readonly rule: string }[]): void;
  /** The rules that a project was last planned by; undefined when it has no plan. */
  decisionKeyOf(name: ProjectName): string | undefined;
  /** Upstream's page of a project, where its plan kept it. */
  plannedPage(name: ProjectName): Buffer | undefined;
  /** Remembers what a project requires; undefined for nothing. */
  setRequirements(name: ProjectName, edges: string | undefined): void;
  /** What all projects require. */
  allRequirements(): Iterable<Requires>;
  /** Remembers what projects are wanted for, all of them, and `state` with it. */
  rememberWants(all: Iterable<Wants>, state: MirrorState): void;
  /** What others were found to want of a project: worth something only as long as `wantsOf` is known. */
  wantsOf(name: ProjectName): string | undefined;
  /** What the plans cost by rule, the most bytes first. */
  planTotals(limit: number): RuleTotals[];
  /** The project in the queue, if it is there. */
  queued(name: ProjectName): QueueEntry | undefined;
  /** The next queued projects, removals first (`removed`), by name after `after`, whose time has come. */
  due(now: number, removed: boolean, after: ProjectName | undefined, limit: number): QueuedProject[];
  /** The same of those of which upstream's changelog has said something. */
  dueAnnounced(now: number, after: ProjectName | undefined, limit: number): QueuedProject[];
  /** The parked projects with their reasons, the longest waiting first. */
  parked(limit: number): KeptParked[];
  heldProject(name: ProjectName): HeldProject;
  /** The file that is held at `path`, if any. */
  heldFile(path: WebPath): HeldFile | undefined;
  /** The project that holds a file, if any. */
  holderOf(path: WebPath): ProjectName | undefined;
  /** Remembers which files may soon lie in their places, held or not, until the project is finished. */
  addPendingFiles(name: ProjectName, paths: readonly WebPath[]): void;
  /** The files of a project that a run which was killed, or a check that forgot them, may have left in their places. */
  pendingFiles(name: ProjectName): WebPath[];
  /** Remembers files that were published, or what was published beside them. */
  addHeldFiles(name: ProjectName, files: readonly HeldFile[]): void;
  finish(projects: readonly FinishedProject[]): void;
  park(parked: Parked): void;
  /** Where published projects are from, besides the upstream, and how many. */
  sources(): { readonly source: string; readonly projects: number }[];
  /** The projects that are from there: see {@link HeldProject.source}. */
  publishedFrom(source: string): ProjectName[];
  /** Published projects by name after `after`. */
  published(after: ProjectName | undefined, limit: number): IndexEntry[];
  /** What is wrong with the provenance of a project's files, as it was published last. */
  provenanceProblems(name: ProjectName): ProvenanceProblem[];
  provenanceTotals(): ProvenanceTotals;
  totals(): Totals;
  close(): void;
}
