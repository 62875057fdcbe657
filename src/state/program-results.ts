/** What the programs remember of their last end and of all of them, for monitoring. Times are in milliseconds. */
import { dayMs } from '../core/durations.ts';
import type { StoreUsage } from '../core/store-usage.ts';

/** Milliseconds for which what a check of a share found is something to do, although others were checked since. */
export const damageMs = 7 * dayMs;

/** The last end of a program. */
interface ProgramEnd {
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly exitCode: number;
}

/** The last run that came to an end. */
export interface RunResult extends ProgramEnd {
  /** The largest number of connections to each host. */
  readonly connections: Readonly<Record<string, number>>;
  /** The number of bytes that `mirror.toml` lets the mirror hold; absent without a budget. */
  readonly budgetBytes?: number | undefined;
}

/** Sums over all runs. They only grow, until the state is lost. */
export interface RunSums {
  /** The numbers of runs by exit code. */
  readonly runs: Readonly<Record<string, number>>;
  readonly publishedProjects: number;
  readonly removedProjects: number;
  readonly fetchedFiles: number;
  readonly fetchedBytes: number;
  readonly removedFiles: number;
  /** The number of times that a project could not be finished. */
  readonly failures: number;
  readonly warnings: number;
  readonly alarms: number;
  readonly hookFailures: number;
  /** What was asked of the object store; absent if there never was one. */
  readonly store?: StoreUsage | undefined;
}

/** An alarm, as a run reported it. */
export interface AlarmRecord {
  readonly message: string;
  /** The time of the first report, and of the last one if runs report it again and again. */
  readonly since: number;
  readonly last: number;
  /** True until the hook for alarms has taken it; absent without such a hook. */
  readonly isHookDue?: boolean | undefined;
}

/** Returns the alarms, the one that was reported last first. */
export function latestFirst(alarms: readonly AlarmRecord[]): AlarmRecord[] {
  return [...alarms].sort((a, b) => b.last - a.last);
}

/** The last check that came to an end. */
export interface CheckResult extends ProgramEnd {
  readonly projects: number;
  readonly files: number;
  readonly bytes: number;
  /** The number of things that were wrong. */
  readonly findings: number;
  /** What was asked of the object store, if there is one. */
  readonly store?: StoreUsage | undefined;
  /** The share of the mirror that was checked; absent if it was all of it. */
  readonly share?: { readonly number: number; readonly of: number } | undefined;
}

/** What the last check of a share of the mirror found. */
export interface DamagedShare {
  readonly share: { readonly number: number; readonly of: number };
  readonly finishedMs: number;
  /** The number of things that were wrong, at least 1. */
  readonly findings: number;
}

/** Sums over all checks. */
export interface CheckSums {
  /** What was asked of the object store, if there was one. */
  readonly store?: StoreUsage | undefined;
  readonly checks: number;
  readonly files: number;
  readonly bytes: number;
  readonly findings: number;
}

/** The last time that logs were processed. */
export interface LogsResult extends ProgramEnd {
  /** The number of logs that could not be read, and of other failures. */
  readonly failures: number;
}
