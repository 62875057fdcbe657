/** Collects what the pages show. */
import type { FileStore } from '../files/file-store.ts';
import type { Policy } from '../policy/policy.ts';
import {
  alarmState,
  checkResultsState,
  indexState,
  missingState,
  runResultsState,
  runState,
  serialState,
} from '../state/mirror-state.ts';
import { latestFirst } from '../state/program-results.ts';
import { serialsBehind } from '../state/queue.ts';
import type { RunRecord } from '../state/run-history.ts';
import type { StateStore } from '../state/state-store.ts';
import { publicAlarms, publicParked } from './public-projects.ts';
import type { SiteFacts, SiteSettings } from './site-facts.ts';

/** What the pages are made of. */
export interface SiteSource {
  readonly state: StateStore;
  readonly files: FileStore;
  readonly settings: SiteSettings;
  readonly policy: Policy | undefined;
  /** False if `mirror.toml` was refused, so that `settings` and `policy` are not those of the mirror. */
  readonly isConfigKnown?: boolean | undefined;
  /** Milliseconds. */
  readonly now: number;
  /** True during a run. */
  readonly isRunning: boolean;
  /** The run that has just ended and is not recorded yet. */
  readonly ended?: RunRecord | undefined;
}

/** Numbers of what is shown at most. */
const runsRead = 1000;
const daysRead = 730;
const projectsRead = 50;
const removalsRead = 20;

/** Returns what the pages show. Throws StorageError. */
export async function collectFacts(source: SiteSource): Promise<SiteFacts> {
  const { state, files, settings, policy, isConfigKnown = true, now, isRunning, ended } = source;
  // A run with the address of another index is refused, and has pages all the same.
  const { serial, serialMovedAt, upstream = settings.upstream } = state.get(serialState);
  const { running, pausedAt } = state.get(runState);
  const { unmetLines = [] } = state.get(missingState);
  const { alarms = [] } = state.get(alarmState);
  const { lastCheck, damagedShares = [] } = state.get(checkResultsState);
  const totals = state.totals();
  const recorded = state.history.latest(runsRead);
  return {
    now,
    settings: { ...settings, upstream },
    policy,
    isConfigKnown,
    totals,
    serial,
    serialMovedAt,
    serialsBehind: totals.queued > totals.parked ? serialsBehind(serial, state.queue.groups()) : 0,
    completedAt: state.get(indexState).completedAt,
    runningSince: isRunning ? running : undefined,
    pausedAt,
    runs: ended === undefined ? recorded : [ended, ...recorded],
    days: state.history.days(now, daysRead),
    room: await files.room(),
    parkedByObstacle: state.queue.parkedByObstacle(),
    parked: publicParked(source, projectsRead, false),
    heldBack: publicParked(source, projectsRead, true),
    removals: state.removals.latest(removalsRead),
    rejectedFiles: state.rejectedFiles.count(),
    unsatisfied: unmetLines.length,
    alarms: publicAlarms(source, latestFirst(alarms)),
    lastCheck,
    hooksFailSince: state.get(runResultsState).hooksFailSince,
    // The last check has told its own findings.
    damagedShares: damagedShares.filter(({ finishedMs }) => finishedMs !== lastCheck?.finishedMs),
  };
}
