/**
 * The port to the state of the mirror, made of smaller ports by their users. Every method is one transaction: it takes
 * effect as a whole or not at all. All methods throw StorageError.
 *
 * The methods are synchronous on purpose: the state is SQLite in this process, nothing waits within a transaction, and
 * no other database is promised. Only the tree outgrows one machine, and it has its own port (`files/file-store.ts`).
 */
import type { ChangelogEntries } from './changelog-entries.ts';
import type { HeldFile, HeldProjects } from './held-projects.ts';
import type { InProgress } from './in-progress.ts';
import type { IndexEntries } from './index-entries.ts';
import type { PageHashes, PageHashStore } from './page-hashes.ts';
import type { PlanRecord, Plans } from './plans.ts';
import type { ProvenanceProblem, ProvenanceRecords } from './provenance-records.ts';
import type { PublishedChanges } from './published-changes.ts';
import type { Parked, Queue, QueuedProject } from './queue.ts';
import type { RejectedFile, RejectedFiles } from './rejected-files.ts';
import type { LostFile, RemovalLog, UpstreamRemoval } from './removal-log.ts';
import type { Requirements } from './requirements.ts';
import type { RunHistory } from './run-history.ts';
import type { Change, Section } from './state-section.ts';

/**
 * The result of a project that was synced: its pages are durable, were found unchanged, or are removed. It leaves the
 * queue, unless `parked` or `partly` is set or upstream announced a newer serial meanwhile.
 */
export type FinishedProject = { readonly due: QueuedProject } & (
  | {
      readonly kind: 'published';
      readonly serial: number | undefined;
      readonly etag: string | undefined;
      readonly status: string;
      /** The source of the project, if it is not the mirror's upstream. */
      readonly source?: string | undefined;
      /** True if upstream has just served the page: a restored project then counts as a normal one again. */
      readonly served?: boolean;
      /** Files that were held and are not held any more. */
      readonly drop: readonly HeldFile[];
      /** Files that upstream removed, whether they are dropped or kept. */
      readonly lost?: readonly LostFile[];
      /** Files that upstream removed because their releases are in quarantine. */
      readonly quarantined?: readonly LostFile[];
      /** The reason for the files in `lost`; by default upstream removed them. */
      readonly why?: UpstreamRemoval;
      /** Set if the project stays queued: a person must allow that files go, or the page is older than expected. */
      readonly parked?: Omit<Parked, 'due'>;
      /** The record of the plan; absent if everything is held. */
      readonly plan?: PlanRecord | undefined;
      /** The hashes of the pages; absent if the pages were not written. */
      readonly pages?: PageHashes | undefined;
      /** Files whose provenance does not prove their origin; absent if provenance is not verified. */
      readonly unproven?: readonly ProvenanceProblem[];
      /** The rejected files of upstream's page. */
      readonly rejected?: readonly RejectedFile[];
      /**
       * True if upstream's page is published in part. The project stays queued, and absent members change nothing.
       */
      readonly partly?: boolean;
    }
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'removed';
      /** An {@link UpstreamRemoval}, or the rule that leaves the project out; by default 'removed upstream'. */
      readonly why?: string;
      /** Files that upstream removed. */
      readonly lost?: readonly LostFile[];
      /** Files that upstream removed because they are in quarantine. */
      readonly quarantined?: readonly LostFile[];
      /** True if all files except the quarantined ones stay held. */
      readonly keepFiles?: boolean;
    }
);

/** Sums over everything that is held. */
export interface Totals {
  readonly projects: number;
  readonly files: number;
  readonly bytes: number;
  readonly queued: number;
  /** The number of queued projects that were tried in vain. */
  readonly parked: number;
  /** The number of parked projects whose deletions are held back until a person allows them. */
  readonly heldBack: number;
}

export interface StateStore {
  readonly queue: Queue;
  readonly inProgress: InProgress;
  readonly held: HeldProjects;
  readonly plans: Plans;
  readonly requirements: Requirements;
  readonly provenance: ProvenanceRecords;
  readonly removals: RemovalLog;
  readonly changelog: ChangelogEntries;
  /** The hashes of the published pages. */
  readonly pages: PageHashStore;
  /** The rejected files of pages. */
  readonly rejectedFiles: RejectedFiles;
  /** The changes on this mirror, for mirrors that mirror from it. */
  readonly publishedChanges: PublishedChanges;
  /** The entries of the root index, and which of them have changed. */
  readonly indexEntries: IndexEntries;
  readonly history: RunHistory;
  /** Returns the known values of a section of `mirror-state.ts`. */
  get<T extends object>(of: Section<T>): T;
  set(change: Change): void;
  /** Writes the results of projects into all ports, in one transaction; finished projects leave the queue. */
  finish(projects: readonly FinishedProject[]): void;
  totals(): Totals;
  close(): void;
}
