/** Chooses and opens the adapters for a target. No other module knows all of them. */
import { setFlagsFromString } from 'node:v8';
import type { Clock } from '../../core/clock.ts';
import { MemoryBudget } from '../../core/memory-budget.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Report } from '../../core/report.ts';
import { type StoreUsage, sumOfUsage } from '../../core/store-usage.ts';
import type { ChangedPaths } from '../../files/changed-paths.ts';
import { PathSpool, spooling } from '../../files/filesystem/path-spool.ts';
import type { Policy } from '../../policy/policy.ts';
import type { ProvenanceVerifier } from '../../provenance/provenance-verifier.ts';
import { laterClock } from '../../sync/clocks.ts';
import { DeletionLimit } from '../../sync/limits/deletion-limit.ts';
import { StorageBudget } from '../../sync/limits/storage-budget.ts';
import type { Mirror } from '../../sync/mirror.ts';
import { LocalFiles } from '../../sync/selection/local-files.ts';
import { MissingProjects } from '../../sync/selection/missing-projects.ts';
import { Selection } from '../../sync/selection/selection.ts';
import { parseToml } from '../config/config-file.ts';
import type { Settings } from '../config/settings.ts';
import { type Access, openUpstreams } from '../network/open-upstreams.ts';
import type { MirrorOwner } from '../storage/mirror-owner.ts';
import { type OpenedFiles, openFiles } from '../storage/open-files.ts';
import { openExpectedState } from '../target/open-expected-state.ts';
import { type Target, takeRequest } from '../target/target.ts';

/** Bytes of project pages in memory at the same time. Six hundred ordinary pages take half of it. */
const memoryOfPages = 192 << 20;

/** The functions that sign our snapshots and verify upstream's. */
export type SnapshotKeys = Pick<Mirror, 'sign' | 'verifyUpstream'>;

export interface OpenMirrorOptions {
  readonly target: Target;
  readonly settings: Settings;
  /** Undefined if everything is to be held. */
  readonly policy: Policy | undefined;
  /** Undefined if provenance is not verified. */
  readonly verifier: ProvenanceVerifier | undefined;
  readonly reconcile: boolean;
  /** Projects for which other bytes are accepted under a known file name. */
  readonly acceptChanges?: readonly ProjectName[];
  readonly dryRun: boolean;
  /** The number of deletions that a person has allowed. */
  readonly allowDeletions?: number | undefined;
  readonly keys?: SnapshotKeys;
  /** Undefined if nothing is requested from an index. */
  readonly access?: Access;
  /** This machine as the one that publishes; undefined without a lease. */
  readonly owner?: MirrorOwner | undefined;
  readonly clock: Clock;
  readonly report: Report;
  readonly signal: AbortSignal;
}

interface OpenedMirror {
  readonly mirror: Mirror;
  /** The paths that change; undefined if no hook is to hear of them. */
  readonly changedPaths: ChangedPaths | undefined;
  /** The bucket that files are in; undefined without one. */
  readonly bucket: OpenedFiles['bucket'];
  /** Returns what was asked of the object store so far. Absent without a store. */
  readonly storeUsage?: () => StoreUsage;
  close(): Promise<void>;
}

/** Opens a mirror. The caller holds the lock. Throws StorageError. */
export async function openMirror(options: OpenMirrorOptions): Promise<OpenedMirror> {
  const { target, settings, policy, verifier, clock, report, signal, dryRun, reconcile, acceptChanges = [] } = options;
  // By default V8 lets the garbage of large pages grow to a gigabyte before it collects it.
  setFlagsFromString('--heap-growing-percent=40');
  const memory = new MemoryBudget(memoryOfPages);
  const { access } = options;
  const { upstream, sources, close } = await openUpstreams(settings, policy, { clock, signal, memory, access, report });
  const state = openExpectedState(target, clock, { discard: dryRun });
  const removals = laterClock(clock, upstream);
  const { owner } = options;
  const opened = await openFiles({
    ...{ target, settings, state, clock, signal, removals, isReadOnly: dryRun },
    ...(owner && { mayWrite: owner.mayWrite }),
  });
  const isHeard = settings.hooks.afterRun !== undefined && !dryRun;
  const changedPaths = isHeard ? new PathSpool(target.root, clock) : undefined;
  const files = changedPaths === undefined ? opened.files : spooling(opened.files, changedPaths);
  const selection = Selection.of(policy);
  const mirror: Mirror = {
    upstream,
    sources,
    state,
    files,
    clock,
    report,
    signal,
    takeRequest: () => !dryRun && takeRequest(target, (message) => report({ type: 'warning', message })),
    settings: { ...settings, reconcile, acceptChanges, dryRun },
    ...options.keys,
    selection,
    missingProjects: new MissingProjects(state),
    localFiles: new LocalFiles(files, selection),
    storageBudget: new StorageBudget(files, policy?.budget, state.totals().bytes),
    deletionLimit: new DeletionLimit(state, clock, options.allowDeletions, (name) => selection.sourceOf(name)),
    memoryBudget: memory,
    parseToml: (text) => parseToml(text, 'pyproject.toml'),
    verifier,
  };
  const { usage } = opened;
  return {
    mirror,
    changedPaths,
    bucket: opened.bucket,
    ...(usage && { storeUsage: () => sumOfUsage([usage(), owner?.usage()]) ?? usage() }),
    close: async () => {
      changedPaths?.close();
      state.close();
      await opened.close();
      await close();
    },
  };
}
