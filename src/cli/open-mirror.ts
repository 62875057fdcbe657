/** Chooses and opens the adapters for a target: the only place that knows all of them. */
import type { Clock } from '../core/clock.ts';
import { Memory } from '../core/memory.ts';
import type { ProjectName } from '../core/names.ts';
import type { Report } from '../core/report.ts';
import { FilesystemFileStore } from '../files/filesystem/filesystem-file-store.ts';
import type { Policy } from '../policy/policy.ts';
import type { ProvenanceVerifier } from '../provenance/provenance-verifier.ts';
import { Brake } from '../sync/brake.ts';
import { laterClock } from '../sync/clocks.ts';
import type { Mirror } from '../sync/mirror.ts';
import { Selection } from '../sync/selection.ts';
import { Space } from '../sync/space.ts';
import { guardedLookup } from '../upstream/pypi/guarded-lookup.ts';
import { HttpClient } from '../upstream/pypi/http-client.ts';
import { PypiUpstream } from '../upstream/pypi/pypi-upstream.ts';
import { RequestLimiter } from '../upstream/pypi/request-limiter.ts';
import { parseToml } from './config-file.ts';
import { openDispatcher } from './open-dispatcher.ts';
import { openExpectedState } from './open-expected-state.ts';
import type { Settings } from './settings.ts';
import { type Target, takeRequest } from './target.ts';
import { version } from './version.ts';

/** Six hundred ordinary pages take half of it. */
const memoryOfPages = 192 << 20;

/** By what snapshots are signed, ours and upstream's. */
export type SnapshotKeys = Pick<Mirror, 'sign' | 'verifyUpstream'>;

export interface OpenMirrorOptions {
  readonly target: Target;
  readonly settings: Settings;
  /** Undefined when everything is to be held. */
  readonly policy: Policy | undefined;
  /** Undefined where provenance is not verified. */
  readonly verifier: ProvenanceVerifier | undefined;
  readonly reconcile: boolean;
  /** Of these projects other bytes are taken under a known file name. */
  readonly acceptChanges?: readonly ProjectName[];
  readonly dryRun: boolean;
  /** So many deletions a person has allowed. */
  readonly allowDeletions?: number | undefined;
  readonly keys?: SnapshotKeys;
  readonly clock: Clock;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** The SQLite addon, where it is not in node_modules. */
  readonly nativeBinding: string | undefined;
}

/** A mirror to run, and how to close it. The caller holds the lock. Throws StorageError. */
export function openMirror(options: OpenMirrorOptions): { mirror: Mirror; close(): Promise<void> } {
  const { target, settings, policy, verifier, clock, report, signal, dryRun, reconcile, acceptChanges = [] } = options;
  const lookup = guardedLookup({ upstream: new URL(settings.upstream).hostname, fileHosts: settings.fileHosts });
  const connections = { connections: settings.workers, pipelining: 1, connect: { timeout: 10_000, lookup } };
  const timeouts = { headersTimeout: 30_000, bodyTimeout: 60_000, keepAliveTimeout: 10_000 };
  const dispatcher = openDispatcher({ ...connections, ...timeouts }, settings.proxy, process.env);
  const memory = new Memory(memoryOfPages);
  const limiter = new RequestLimiter(settings.workers, clock, signal);
  const http = new HttpClient({ dispatcher, clock, signal, userAgent: userAgents(settings) });
  const upstream = new PypiUpstream({
    base: settings.upstream,
    fileHosts: settings.fileHosts,
    http,
    limiter,
    clock,
    signal,
    memory,
    changelogTimeoutMs: 120_000,
  });
  const state = openExpectedState(target, clock, { nativeBinding: options.nativeBinding, discard: dryRun });
  const files = new FilesystemFileStore(target.root, clock, 'staging', laterClock(clock, upstream));
  if (!dryRun) files.create();
  const mirror: Mirror = {
    upstream,
    state,
    files,
    clock,
    report,
    signal,
    takeRequest: () => !dryRun && takeRequest(target, (message) => report({ type: 'warning', message })),
    settings: { ...settings, reconcile, acceptChanges, dryRun },
    ...options.keys,
    selection: new Selection(policy, state),
    space: new Space(files, policy?.budget, state.totals().bytes),
    brake: new Brake(state, clock, options.allowDeletions),
    memory,
    parseToml: (text) => parseToml(text, 'pyproject.toml'),
    verifier,
  };
  return {
    mirror,
    close: async () => {
      state.close();
      await dispatcher.destroy();
    },
  };
}

/**
 * The hosts of files are told exactly `pep381client/<version>`, the form PyPI's statistics recognize as a mirror;
 * the index is also told how its operators can reach us.
 */
function userAgents({ upstream, contact }: Settings): (url: URL) => string {
  const short = `pep381client/${version}`;
  const long = contact === undefined ? short : `${short} (+${contact})`;
  const { host } = new URL(upstream);
  return (url) => (url.host === host && !url.pathname.includes('/packages/') ? long : short);
}
