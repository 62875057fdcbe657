/** How the mirror is. */
import { ownPath } from '../../core/paths.ts';
import { missingState, runState, serialState } from '../../state/mirror-state.ts';
import type { RuleTotals } from '../../state/plans.ts';
import type { ProvenanceTotals } from '../../state/provenance-records.ts';
import type { KeptParked } from '../../state/queue.ts';
import type { RejectedFileOf } from '../../state/rejected-files.ts';
import type { RunRecord } from '../../state/run-history.ts';
import { isoTime } from '../output/units.ts';
import type { Reader } from './open-reader.ts';

/** So many runs, projects and rules are named. */
export const shownAtMost = 10;
const rulesCounted = 100_000;

/** What monitoring and people want to know. Times are as ISO 8601 has them. */
export interface Status {
  readonly target: string;
  /** Where it was found by somebody who may not read the state; less is known there. */
  readonly knownFrom?: string;
  readonly upstream: string;
  /** Where else projects are from, and how many: other indexes by their addresses, and 'local'. */
  readonly sources?: readonly { readonly source: string; readonly projects: number }[];
  readonly serial: number | undefined;
  /** Since when it is that. */
  readonly serialSince?: string | undefined;
  readonly projects: number;
  readonly files: number;
  readonly bytes: number;
  /** When the last run that completed had started. */
  readonly lastComplete: string | undefined;
  /** Null where only the mirror's owner may know. */
  readonly running: boolean | null;
  /** When the run began that is at work or died; undefined when the last one has ended. */
  readonly runningSince?: string | undefined;
  /** When that run last did something. */
  readonly progressAt?: string | undefined;
  /** Projects to be looked at, and those of them that were tried in vain. */
  readonly queued: number;
  readonly parked: number;
  /** What the provenance of the held files is worth; undefined where it is not verified. */
  readonly provenance: ProvenanceTotals | undefined;
  /** What was asked for by name and is not held, as the last run told it. */
  readonly unmet: readonly string[];
  /** How many those are; more than there are lines where only the mirror's owner may know which. */
  readonly unmetCount: number;
  /** Files of upstream's pages that alone are left out for what is wrong with them. */
  readonly oddFiles: number;
  /** The latest first. */
  readonly latestOdd: readonly LeftOutFile[];
  /** Of the disk, in bytes. */
  readonly disk: { readonly size: number; readonly free: number };
  /** The latest first. */
  readonly runs: readonly PastRun[];
  /** The longest waiting first. */
  readonly longestParked: readonly ParkedProject[];
  /** What the rules of a partial mirror cost, the most bytes first. */
  readonly rules: readonly RuleTotals[];
  /** How many rules hold something. */
  readonly ruleCount: number;
}

/** A run that is over. */
export interface PastRun {
  readonly started: string;
  readonly seconds: number;
  readonly exitCode: number;
  readonly summary: string;
}

/** A file that alone is left out of its project. */
export interface LeftOutFile {
  readonly project: string;
  readonly filename: string;
  readonly problem: string;
  readonly since: string;
  /** Undefined where trying again does not help. */
  readonly nextTry: string | undefined;
}

/** A project that was tried in vain. */
export interface ParkedProject {
  readonly name: string;
  readonly since: string;
  readonly attempts: number;
  readonly reason: string;
  /** Undefined where the next run tries it. */
  readonly nextTry: string | undefined;
}

/** Looks at the mirror as it is now. Throws StorageError. */
export async function statusOf({ target, settings, state, files, isRunning }: Reader): Promise<Status> {
  const isAtWork = isRunning();
  const mark = state.get(runState);
  const { serial, serialMovedAt, upstream = settings.upstream } = state.get(serialState);
  // One that ended or began meanwhile is seen by the lock.
  const running = isAtWork === false && mark.running !== undefined ? isRunning() : isAtWork;
  const { projects, files: held, bytes, queued, parked } = state.totals();
  const { size, free } = await files.room();
  const rules = state.plans.totalsByRule(rulesCounted);
  const { unmetLines: unmet = [] } = state.get(missingState);
  return {
    target: target.root,
    upstream,
    sources: state.held.sources(),
    serial,
    serialSince: timeOf(serialMovedAt),
    projects,
    files: held,
    bytes,
    lastComplete: timeIn((await files.read(ownPath('last-modified')))?.toString('latin1')),
    running: running ?? null,
    runningSince: timeOf(mark.running),
    progressAt: timeOf(mark.progressAt),
    queued,
    parked,
    provenance: settings.provenance === 'verify' ? state.provenance.totals() : undefined,
    unmet,
    unmetCount: unmet.length,
    oddFiles: state.rejectedFiles.count(),
    latestOdd: state.rejectedFiles.latest(shownAtMost).map(leftOutFile),
    disk: { size, free },
    runs: state.history.latest(shownAtMost).map(pastRun),
    longestParked: state.queue.parked(shownAtMost).map(parkedProject),
    rules: rules.slice(0, shownAtMost),
    ruleCount: rules.length,
  };
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : isoTime(ms);
}

/** `20261122T12:00:00` is how PEP 381 has times. */
export function timeIn(lastModified = ''): string | undefined {
  const [, year, month, day, time] = /^(\d{4})(\d\d)(\d\d)T(\d\d:\d\d:\d\d)\s*$/.exec(lastModified) ?? [];
  return year === undefined ? undefined : `${year}-${month}-${day}T${time}Z`;
}

function pastRun({ startedMs, finishedMs, exitCode, summary }: RunRecord): PastRun {
  return { started: isoTime(startedMs), seconds: (finishedMs - startedMs) / 1000, exitCode, summary };
}

function leftOutFile({ project, filename, problem, since, nextTry }: RejectedFileOf): LeftOutFile {
  return { project, filename, problem, since: isoTime(since), nextTry: timeOf(nextTry) };
}

function parkedProject({ due, reason, nextTry }: KeptParked): ParkedProject {
  const { name, since, attempts } = due;
  return { name, since: isoTime(since), attempts, reason, nextTry: timeOf(nextTry) };
}
