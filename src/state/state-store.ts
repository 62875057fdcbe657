/**
 * The port to what the mirror remembers, as smaller ports by who uses them. Every method is one transaction: it
 * happened whole or not at all. All methods throw StorageError.
 *
 * They are synchronous on purpose: the state is SQLite in this process, nothing waits within a transaction, and no
 * other database is promised. What outgrows one machine is the tree, which has a port of its own (`files/file-store.ts`).
 */
import type { ChangelogEntries } from './changelog-entries.ts';
import type { HeldFile, HeldProjects } from './held-projects.ts';
import type { InProgress } from './in-progress.ts';
import type { PageHashes, PageHashStore } from './page-hashes.ts';
import type { Plan, Plans } from './plans.ts';
import type { ProvenanceProblem, ProvenanceRecords } from './provenance-records.ts';
import type { PublishedChanges } from './published-changes.ts';
import type { Parked, Queue, QueuedProject } from './queue.ts';
import type { RejectedFile, RejectedFiles } from './rejected-files.ts';
import type { LostFile, RemovalLog, UpstreamRemoval } from './removal-log.ts';
import type { Requirements } from './requirements.ts';
import type { RunHistory } from './run-history.ts';
import type { Change, Section } from './state-section.ts';

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
  /** The files that alone are left out of a page. */
  readonly rejectedFiles: RejectedFiles;
  /** What has changed here, for mirrors that mirror from this one. */
  readonly publishedChanges: PublishedChanges;
  readonly history: RunHistory;
  /** What is known of a section of `mirror-state.ts`. */
  get<T extends object>(of: Section<T>): T;
  set(change: Change): void;
  /** Writes what came of projects into all of the ports, in one transaction; what is finished leaves the queue. */
  finish(projects: readonly FinishedProject[]): void;
  totals(): Totals;
  close(): void;
}
