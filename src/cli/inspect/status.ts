/** Collects the status of a mirror. */
import { dayMs } from '../../core/durations.ts';
import { ownPath } from '../../core/paths.ts';
import { type StoreUsage, sumOfUsage } from '../../core/store-usage.ts';
import {
  alarmState,
  checkResultsState,
  missingState,
  runResultsState,
  runState,
  serialState,
  storageState,
} from '../../state/mirror-state.ts';
import type { RuleTotals } from '../../state/plans.ts';
import { type AlarmRecord, damageMs, latestFirst } from '../../state/program-results.ts';
import type { ProvenanceTotals } from '../../state/provenance-records.ts';
import type { KeptParked } from '../../state/queue.ts';
import type { RejectedFileOf } from '../../state/rejected-files.ts';
import { completedBefore, type RunRecord } from '../../state/run-history.ts';
import type { StateStore } from '../../state/state-store.ts';
import type { Settings } from '../config/settings.ts';
import { isoTime } from '../output/units.ts';
import { placeText } from '../storage/storage-place.ts';
import type { Reader } from './open-reader.ts';

/** The largest number of runs, projects and rules that are listed. */
export const shownAtMost = 10;
const rulesCounted = 100_000;
/** Days for which requests to the object store are summed up. */
export const storeDays = 30;
/** The number of runs that are looked through: all that are remembered. */
const runsRead = 1000;

/** The status for monitoring and people. Times are in ISO 8601. */
export interface Status {
  readonly target: string;
  /** The source of the status, if the user may not read the state. Less is known then. */
  readonly knownFrom?: string;
  readonly upstream: string;
  /** Set if another machine publishes the mirror: then the rest is what this one knew when it last did. */
  readonly standby?: StandbyStatus | undefined;
  /** The other sources of projects, with the number of projects: addresses of indexes, and 'local'. */
  readonly sources?: readonly { readonly source: string; readonly projects: number }[];
  readonly serial: number | undefined;
  /** The time at which the serial last changed. */
  readonly serialSince?: string | undefined;
  readonly projects: number;
  readonly files: number;
  readonly bytes: number;
  /** The start of the last completed run. */
  readonly lastComplete: string | undefined;
  /** If that lies in the future, the start of the last completed run that does not, as far as it is known. */
  readonly lastCompleteBefore?: string | undefined;
  /** Null if only the mirror's owner may know. */
  readonly running: boolean | null;
  /** The start of the current or crashed run; undefined if the last run has ended. */
  readonly runningSince?: string | undefined;
  /** The time at which that run last made progress. */
  readonly progressAt?: string | undefined;
  /** The number of queued projects; `parked` is the number of those that failed before. */
  readonly queued: number;
  readonly parked: number;
  /** The number of projects whose deletions are held back until a person allows them; they are parked, too. */
  readonly heldBack?: number;
  /** The time since which the project waits that waits longest. */
  readonly oldestQueued?: string | undefined;
  /** The latest alarms, the latest first, and the number of those that were reported within a day. */
  readonly alarms?: readonly PastAlarm[];
  readonly recentAlarms?: number;
  readonly lastCheck?: PastCheck | undefined;
  /** The time since which hooks fail. */
  readonly hooksFailSince?: string | undefined;
  /** The results of verifying the provenance of held files; undefined if it is not verified. */
  readonly provenance: ProvenanceTotals | undefined;
  /** The unsatisfied wants of projects that were named, as the last run reported them. */
  readonly unmet: readonly string[];
  /** The number of these. It exceeds the number of lines if only the mirror's owner may know which they are. */
  readonly unmetCount: number;
  /** The number of rejected files. Members have the names of the JSON that `--status` prints. */
  readonly oddFiles: number;
  /** The latest rejected files, the latest first. */
  readonly latestOdd: readonly LeftOutFile[];
  /** Size and free space of the disk in bytes. */
  readonly disk: { readonly size: number; readonly free: number };
  /** Undefined if the files are on the disk. */
  readonly store?: StoreStatus | undefined;
  /** A move of the mirror that has begun and not ended. */
  readonly moving?: { readonly where: string; readonly since: string; readonly files: number } | undefined;
  /** The last runs, the latest first. */
  readonly runs: readonly PastRun[];
  /** The projects parked longest, the longest first. */
  readonly longestParked: readonly ParkedProject[];
  /** The bytes held for each rule of a partial mirror, most bytes first. */
  readonly rules: readonly RuleTotals[];
  /** The number of rules for which something is held. */
  readonly ruleCount: number;
}

/** The machine that publishes, when it last renewed its lease, and when this machine last asked for that. */
export interface StandbyStatus {
  readonly publisher: string;
  readonly heard: string;
  readonly asked: string;
}

/** The object store that holds files, and what it was asked. */
export interface StoreStatus {
  /** Bucket and prefix, such as `s3://pypi-mirror/mirror`. */
  readonly where: string;
  /** The address under which readers find what is below `web/` in the bucket. */
  readonly publicUrl?: string | undefined;
  readonly lastRun?: StoreUsage | undefined;
  readonly lastCheck?: StoreUsage | undefined;
  /** The sum of the runs of the last {@link storeDays} days. */
  readonly lastDays?: StoreUsage | undefined;
}

/** A run that has ended. */
export interface PastRun {
  readonly started: string;
  readonly seconds: number;
  readonly exitCode: number;
  readonly summary: string;
  /** What the run asked of the object store. */
  readonly store?: StoreUsage | undefined;
}

/** An alarm. `last` is the time of its last report, if runs reported it again and again. */
export interface PastAlarm {
  readonly since: string;
  readonly last: string;
  readonly message: string;
}

/** The last check. */
export interface PastCheck {
  readonly finished: string;
  readonly exitCode: number;
  readonly findings: number;
  /** The number of findings of checks before, of other shares of the mirror, in the last week. */
  readonly earlierFindings?: number | undefined;
}

/** A rejected file. */
export interface LeftOutFile {
  readonly project: string;
  readonly filename: string;
  readonly problem: string;
  readonly since: string;
  /** Undefined if trying again would not help. */
  readonly nextTry: string | undefined;
}

/** A parked project. */
export interface ParkedProject {
  readonly name: string;
  readonly since: string;
  readonly attempts: number;
  readonly reason: string;
  /** Undefined if the next run tries it. */
  readonly nextTry: string | undefined;
}

/** Returns the current status of the mirror. Throws StorageError. */
export async function statusOf({ target, settings, state, files, standby, isRunning, now }: Reader): Promise<Status> {
  const isAtWork = isRunning();
  const nowMs = now();
  const mark = state.get(runState);
  const { serial, serialMovedAt, upstream = settings.upstream } = state.get(serialState);
  // A run may have ended or started since the first look at the lock, so it is inspected again.
  const running = isAtWork === false && mark.running !== undefined ? isRunning() : isAtWork;
  const { projects, files: held, bytes, queued, parked, heldBack } = state.totals();
  const { size, free } = await files.room();
  const rules = state.plans.totalsByRule(rulesCounted);
  const { unmetLines: unmet = [] } = state.get(missingState);
  const lastComplete = timeIn((await files.read(ownPath('last-modified')))?.toString('latin1'));
  const isAhead = lastComplete !== undefined && Date.parse(lastComplete) > nowMs;
  return {
    target: target.root,
    upstream,
    standby: standby && {
      publisher: standby.publisher,
      heard: isoTime(standby.heardMs),
      asked: isoTime(standby.askedMs),
    },
    sources: state.held.sources(),
    serial,
    serialSince: timeOf(serialMovedAt),
    projects,
    files: held,
    bytes,
    lastComplete,
    lastCompleteBefore: isAhead ? timeOf(completedBefore(state.history.latest(runsRead), nowMs)) : undefined,
    running: running ?? null,
    runningSince: timeOf(mark.running),
    progressAt: timeOf(mark.progressAt),
    queued,
    parked,
    heldBack,
    ...monitoredOf(state, queued, nowMs),
    provenance: settings.provenance === 'verify' ? state.provenance.totals() : undefined,
    unmet,
    unmetCount: unmet.length,
    oddFiles: state.rejectedFiles.count(),
    latestOdd: state.rejectedFiles.latest(shownAtMost).map(leftOutFile),
    disk: { size, free },
    moving: movingOf(state),
    store: storeStatus(settings.storage, state, nowMs),
    runs: state.history.latest(shownAtMost).map(pastRun),
    longestParked: state.queue.parked(shownAtMost).map(parkedProject),
    rules: rules.slice(0, shownAtMost),
    ruleCount: rules.length,
  };
}

/** Returns what monitoring asks for besides sums. `queued` is the number of queued projects. */
export function monitoredOf(
  state: Pick<StateStore, 'get' | 'queue'>,
  queued: number,
  nowMs: number,
): Required<Pick<Status, 'alarms' | 'recentAlarms'>> & Pick<Status, 'oldestQueued' | 'lastCheck' | 'hooksFailSince'> {
  const { alarms = [] } = state.get(alarmState);
  const { lastCheck, damagedShares = [] } = state.get(checkResultsState);
  const earlier = damagedShares.filter(
    ({ finishedMs }) => finishedMs !== lastCheck?.finishedMs && nowMs - finishedMs < damageMs,
  );
  const since = queued === 0 ? [] : state.queue.groups().map((group) => group.since);
  return {
    oldestQueued: timeOf(since.length === 0 ? undefined : since.reduce((a, b) => Math.min(a, b))),
    alarms: latestFirst(alarms).slice(0, shownAtMost).map(pastAlarm),
    recentAlarms: alarms.filter(({ last }) => nowMs - last < dayMs).length,
    hooksFailSince: timeOf(state.get(runResultsState).hooksFailSince),
    lastCheck: lastCheck && {
      finished: isoTime(lastCheck.finishedMs),
      exitCode: lastCheck.exitCode,
      findings: lastCheck.findings,
      earlierFindings: earlier.reduce((sum, { findings }) => sum + findings, 0),
    },
  };
}

function movingOf(state: Pick<StateStore, 'get'>): Status['moving'] {
  const { moving } = state.get(storageState);
  return moving && { where: placeText(moving.to, 'to'), since: isoTime(moving.since), files: moving.files };
}

function storeStatus(
  storage: Settings['storage'],
  state: Pick<StateStore, 'history' | 'get'>,
  nowMs: number,
): StoreStatus | undefined {
  if (storage === undefined) return undefined;
  const { bucket, prefix, publicUrl } = storage;
  const { history } = state;
  const days = history.days(nowMs, storeDays).filter(({ day }) => nowMs - day < storeDays * dayMs);
  return {
    where: `s3://${bucket}/${prefix}`.replace(/\/$/, ''),
    publicUrl,
    lastRun: history.latest(1)[0]?.results?.store,
    lastCheck: state.get(checkResultsState).lastCheck?.store,
    lastDays: sumOfUsage(days.map(({ store }) => store)),
  };
}

function pastAlarm({ since, last, message }: AlarmRecord): PastAlarm {
  return { since: isoTime(since), last: isoTime(last), message: message.replace(/\s+/g, ' ') };
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : isoTime(ms);
}

/** Converts a time of PEP 381, `20261122T12:00:00`, to ISO 8601, or returns undefined. */
export function timeIn(lastModified = ''): string | undefined {
  const [, year, month, day, time] = /^(\d{4})(\d\d)(\d\d)T(\d\d:\d\d:\d\d)\s*$/.exec(lastModified) ?? [];
  return year === undefined ? undefined : `${year}-${month}-${day}T${time}Z`;
}

function pastRun({ startedMs, finishedMs, exitCode, summary, results }: RunRecord): PastRun {
  const store = results?.store === undefined ? {} : { store: results.store };
  return { started: isoTime(startedMs), seconds: (finishedMs - startedMs) / 1000, exitCode, summary, ...store };
}

function leftOutFile({ project, filename, problem, since, nextTry }: RejectedFileOf): LeftOutFile {
  return { project, filename, problem, since: isoTime(since), nextTry: timeOf(nextTry) };
}

function parkedProject({ due, reason, nextTry }: KeptParked): ParkedProject {
  const { name, since, attempts } = due;
  return { name, since: isoTime(since), attempts, reason, nextTry: timeOf(nextTry) };
}
