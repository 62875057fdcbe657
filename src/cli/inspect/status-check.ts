/** Judges the status of a mirror for a monitoring system. It is a part of its own, as people do not need it. */
import { plural } from '../../core/counts.ts';
import { minuteMs } from '../../core/durations.ts';
import { showBytes } from '../../core/show-bytes.ts';
import type { FreeLimit, Limits, Thresholds } from '../config/thresholds.ts';
import { showSeconds } from '../output/units.ts';
import { exitCodes } from '../program/exit-codes.ts';
import type { StandbyStatus, Status } from './status.ts';
import { type Verdict, verdictLine } from './verdict.ts';

const [ok, warning, critical] = [0, 1, 2] as const;

/** Seconds without progress after which a run is taken to hang. */
const maxSilenceSeconds = 7200;

interface Problem {
  readonly severity: number;
  readonly text: string;
}

/** A measured value with its limits, which it must not exceed; `free` must not fall below them. */
interface Measurement {
  readonly name: keyof Limits;
  /** Undefined if it is not known. */
  readonly value: number | undefined;
  readonly unit: 's' | 'B' | '';
  readonly limits: readonly [warning: number | undefined, critical: number | undefined];
  /** Says what is too much, or too little. */
  readonly text: string;
}

/** Returns the verdict on `status`. */
export function judgeStatus(status: Status, thresholds: Thresholds, nowMs: number): Verdict {
  const { standby } = status;
  const measured = [
    ...(standby === undefined ? measurementsOf(status, thresholds, nowMs) : [standbyAge(standby, thresholds, nowMs)]),
    freeSpaceOf(status, thresholds),
  ];
  const facts = standby === undefined ? factsAgainst(status, nowMs) : factsAgainstStandby(standby, nowMs);
  const problems = [...facts, ...measured.flatMap((one) => problemOf(one))];
  problems.sort((a, b) => b.severity - a.severity);
  const code = problems[0]?.severity ?? ok;
  const text = problems.length === 0 ? summaryOf(status, nowMs) : problems.map((problem) => problem.text).join('; ');
  return {
    code,
    line: verdictLine(
      code,
      text,
      measured.flatMap((one) => dataOf(one)),
    ),
  };
}

function summaryOf(status: Status, nowMs: number): string {
  const { projects, files, bytes, disk, lastComplete, standby } = status;
  if (standby !== undefined) {
    const heard = ago(secondsSince(standby.heard, nowMs));
    return `stands by; ${standby.publisher} publishes and was heard of ${heard}; ${showBytes(disk.free)} free`;
  }
  const held = `${plural(projects, 'project')}, ${plural(files, 'file')}, ${showBytes(bytes)}`;
  return `complete as of ${ago(secondsSince(lastComplete, nowMs))}; ${held}; ${showBytes(disk.free)} free`;
}

function measurementsOf(status: Status, { warning: low, critical: high }: Thresholds, nowMs: number): Measurement[] {
  const { target, lastComplete, lastCompleteBefore, oldestQueued, parked, heldBack = 0, recentAlarms = 0 } = status;
  const { lastCheck } = status;
  const time = (name: 'age' | 'queue' | 'check', since: string | undefined, text: string): Measurement => {
    const value = secondsSince(since, nowMs);
    const limits = [secondsOf(low[name]), secondsOf(high[name])] as const;
    return { name, value, unit: 's', limits, text: `${text} ${ago(value)}` };
  };
  const count = (name: 'parked' | 'held-back' | 'alarms', value: number, text: string): Measurement => ({
    name,
    value,
    unit: '',
    limits: [low[name], high[name]],
    text,
  });
  const allow = `pep381run --allow-deletions ${heldBack} ${target}`;
  return [
    time('age', isAhead(lastComplete, nowMs) ? lastCompleteBefore : lastComplete, 'the last complete run began'),
    time('queue', oldestQueued, 'a project is queued since'),
    // Held-back deletions are parked, too.
    count('parked', Math.max(0, parked - heldBack), `${plural(parked - heldBack, 'project')} could not be finished`),
    count('held-back', heldBack, `${plural(heldBack, 'deletion')} held back; to let them go: ${allow}`),
    count('alarms', recentAlarms, `${plural(recentAlarms, 'alarm')} in a day (pep381run --status ${target})`),
    time('check', lastCheck?.finished, 'the last check ended'),
  ];
}

/** Of a machine that stands by nothing gets old but its question who publishes. */
function standbyAge(
  { asked }: StandbyStatus,
  { warning: low, critical: high }: Thresholds,
  nowMs: number,
): Measurement {
  const value = secondsSince(asked, nowMs);
  const limits = [secondsOf(low.age), secondsOf(high.age)] as const;
  return { name: 'age', value, unit: 's', limits, text: `stands by, and last asked who publishes ${ago(value)}` };
}

function freeSpaceOf({ disk }: Status, { warning: low, critical: high }: Thresholds): Measurement {
  const bytesOf = (limit: FreeLimit | undefined): number | undefined => {
    if (limit === undefined || 'bytes' in limit) return limit?.bytes;
    return Math.round((disk.size * limit.percent) / 100);
  };
  const text = `${showBytes(disk.free)} free of ${showBytes(disk.size)}`;
  return { name: 'free', value: disk.free, unit: 'B', limits: [bytesOf(low.free), bytesOf(high.free)], text };
}

function problemOf({ name, value, limits, text }: Measurement): Problem[] {
  const isBeyond = (limit: number | undefined): boolean => {
    if (value === undefined || limit === undefined) return false;
    return name === 'free' ? value < limit : value > limit;
  };
  const [low, high] = limits;
  if (isBeyond(high)) return [{ severity: critical, text }];
  return isBeyond(low) ? [{ severity: warning, text }] : [];
}

/** Milliseconds by which clocks may differ. */
const maxAheadMs = 5 * minuteMs;

/** Returns true if a time lies in the future, so that it says nothing of an age. */
function isAhead(time: string | undefined, nowMs: number): boolean {
  return time !== undefined && Date.parse(time) - nowMs > maxAheadMs;
}

/** Returns what is wrong with a machine that stands by whatever the limits are. */
function factsAgainstStandby({ asked }: StandbyStatus, nowMs: number): Problem[] {
  if (!isAhead(asked, nowMs)) return [];
  const text = `stands by, and last asked who publishes in the future, ${asked}: was the clock wrong?`;
  return [{ severity: warning, text }];
}

/** Returns what is wrong whatever the limits are. */
function factsAgainst(status: Status, nowMs: number): Problem[] {
  const {
    target,
    lastComplete,
    running,
    runningSince,
    progressAt = runningSince,
    runs,
    lastCheck,
    hooksFailSince,
  } = status;
  const problems: Problem[] = [];
  const exitCode = runs[0]?.exitCode;
  if (lastComplete === undefined) problems.push({ severity: warning, text: 'no run was complete yet' });
  if (exitCode === exitCodes.storage || exitCode === exitCodes.bug) {
    problems.push({ severity: critical, text: `the last run ended with ${exitCode} (pep381run --status ${target})` });
  }
  if (exitCode === exitCodes.usage) {
    problems.push({
      severity: warning,
      text: 'the last run was refused, because of a setting: start pep381run by hand',
    });
  }
  if (isAhead(lastComplete, nowMs)) {
    problems.push({
      severity: warning,
      text: `the last complete run began in the future, ${lastComplete}: was the clock wrong?`,
    });
  }
  if (running === false && runningSince !== undefined) {
    problems.push({ severity: critical, text: `the last run, which began at ${runningSince}, died before its end` });
  }
  const silent = secondsSince(progressAt, nowMs);
  if (running === true && silent !== undefined && silent > maxSilenceSeconds) {
    problems.push({ severity: critical, text: `the run at work did nothing since ${ago(silent)}` });
  }
  if (hooksFailSince !== undefined) {
    problems.push({ severity: warning, text: `hooks fail since ${hooksFailSince}: a run without -q prints why` });
  }
  if (lastCheck !== undefined && lastCheck.findings > 0) {
    problems.push({ severity: warning, text: `the last check found damage: ${plural(lastCheck.findings, 'finding')}` });
  }
  const { earlierFindings = 0 } = lastCheck ?? {};
  if (earlierFindings > 0) {
    const text = `checks of other shares found damage within a week: ${plural(earlierFindings, 'finding')}`;
    problems.push({ severity: warning, text });
  }
  return problems;
}

/** Returns the value with its limits as plugins write them: `age=720s;21600;86400;0`. */
function dataOf({ name, value, unit, limits }: Measurement): string[] {
  if (value === undefined) return [];
  // A range with a colon at its end is one that the value must not fall below.
  const ranges = limits.map((limit) => (limit === undefined ? '' : `${limit}${name === 'free' ? ':' : ''}`));
  return [`${name}=${value}${unit};${ranges.join(';')};0`];
}

function secondsSince(time: string | undefined, nowMs: number): number | undefined {
  const seconds = time === undefined ? Number.NaN : Math.round((nowMs - Date.parse(time)) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function ago(seconds: number | undefined): string {
  return seconds === undefined ? 'never' : `${showSeconds(seconds)} ago`;
}
