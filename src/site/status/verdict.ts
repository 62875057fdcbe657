/** Decides whether all is well, and what to do where it is not. */
import { plural, showCount } from '../../core/counts.ts';
import { dayMs, hourMs, minuteMs } from '../../core/durations.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { damageMs } from '../../state/program-results.ts';
import { completedBefore } from '../../state/run-history.ts';
import { type HtmlValue, html } from '../html.ts';
import type { SiteFacts } from '../site-facts.ts';
import { showDuration, timeText } from '../words.ts';

/**
 * `ok`: nothing to do. `busy`: a run is about to make it well. `wait`: somebody should look at it some day. `bad`:
 * users of the mirror notice, or soon will.
 */
export type Level = 'ok' | 'busy' | 'wait' | 'bad';

/** One thing that is not as it should be. */
export interface Problem {
  readonly level: Exclude<Level, 'ok'>;
  readonly text: string;
  /** What to do. */
  readonly advice: HtmlValue;
}

export interface Verdict {
  readonly level: Level;
  /** One sentence. */
  readonly sentence: string;
  /** The worst first. */
  readonly problems: readonly Problem[];
}

/**
 * Age of the last complete run from which on the mirror counts as late, and as out of date. Where runs are started more
 * rarely, so many of the times between two.
 */
const lateMs = 3 * hourMs;
const outdatedMs = dayMs;
const lateRuns = 2;
const outdatedRuns = 4;
/** Number of runs by which it is known how often they are started. */
const rhythmRuns = 20;
/** Time for which an alarm is shown as something to do. */
const alarmMs = dayMs;
/** Shares of a disk: less free is full, and nearly full. */
const fullShare = 0.01;
const nearlyFullShare = 0.05;
/** Space that stays free on a large disk: less than a hundredth of it. */
const reserveBytes = 1 << 30;
/** Days before the disk will be full from which on that is told. */
const soonDays = 14;
/** Days that are looked back at, and that are needed at least, to tell how the mirror grows. */
const growthDays = { most: 30, least: 7 };
/** Share of the projects of which some always wait for another try. */
const usualShare = 0.001;

const words: Readonly<Record<Level, string>> = {
  ok: 'All is well',
  busy: 'Under way',
  wait: 'Needs a look',
  bad: 'Not well',
};

/** Milliseconds by which clocks may differ. */
const aheadMs = 5 * minuteMs;

/** Returns the verdict about the mirror. */
export function verdictOf(facts: SiteFacts): Verdict {
  const found = [...freshness(facts), ...space(facts), ...lastEnd(facts), ...check(facts), ...waiting(facts)];
  const problems = (['bad', 'wait', 'busy'] as const).flatMap((level) => found.filter((one) => one.level === level));
  const [worst] = problems;
  if (worst !== undefined) return { level: worst.level, sentence: `${words[worst.level]}: ${worst.text}.`, problems };
  const { completedAt = facts.now, settings } = facts;
  const here = facts.policy === undefined ? 'everything' : 'all that was chosen of what';
  return {
    level: 'ok',
    sentence: `${words.ok}: ${here} ${hostOf(settings.upstream)} had on ${timeText(completedAt)} is here.`,
    problems: [],
  };
}

/** Returns the host of an address, for people. */
export function hostOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname.replace(/\/$/, '')}`;
}

function freshness(facts: SiteFacts): Problem[] {
  const { now, completedAt, runningSince, pausedAt, runs, totals, settings } = facts;
  const [last] = runs;
  if (completedAt === undefined) {
    if (runningSince !== undefined) {
      const rest = totals.queued > 0 ? `, ${showCount(totals.queued)} are to come` : '';
      const text = `the first run fills the mirror; ${plural(totals.projects, 'project')} ${totals.projects === 1 ? 'is' : 'are'} here${rest}`;
      return [{ level: 'busy', text, advice: 'What is here can be used already. Nothing is to be done.' }];
    }
    const advice = pausedAt === undefined ? adviceFor(last?.exitCode) : 'The next run of pep381run goes on from there.';
    const text = pausedAt === undefined ? 'no run has been complete so far' : 'the first run was paused';
    return [{ level: pausedAt === undefined ? 'bad' : 'wait', text, advice }];
  }
  if (completedAt - now > aheadMs) {
    const text = `the last complete run began in the future, on ${timeText(completedAt)}`;
    const ahead: Problem = { level: 'wait', text, advice: 'The clock was wrong. The next complete run corrects this.' };
    const before = completedBefore(runs, now);
    return [...(before === undefined ? [] : freshness({ ...facts, completedAt: before })), ahead];
  }
  const age = now - completedAt;
  const isAtWork = runningSince !== undefined;
  if (!isLate(facts)) return [];
  const isOutdated = age >= Math.max(outdatedMs, outdatedRuns * rhythm(runs));
  const level = isAtWork ? 'busy' : isOutdated ? 'bad' : 'wait';
  const text = `the last complete run began ${showDuration(age)} ago: newer changes of ${hostOf(settings.upstream)} are missing`;
  return [{ level, text, advice: isAtWork ? 'A run is at work, and may catch up.' : adviceFor(last?.exitCode) }];
}

/** Returns true if the last complete run is older than it should be. */
function isLate({ now, completedAt, runs }: SiteFacts): boolean {
  return completedAt !== undefined && now - completedAt >= Math.max(lateMs, lateRuns * rhythm(runs));
}

/** Returns the usual time in milliseconds between the beginnings of two runs; 0 if there were fewer. */
function rhythm(runs: SiteFacts['runs']): number {
  const starts = runs.slice(0, rhythmRuns).map(({ startedMs }) => startedMs);
  const gaps = starts.slice(1).map((start, at) => (starts[at] ?? start) - start);
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
}

/** Returns what to do about runs that end with `code`. */
function adviceFor(code: number | undefined): HtmlValue {
  if (code === 3) {
    return 'The last run could not reach upstream, or upstream answered nonsense. What is here stays and can be used. If it lasts, look at what pep381run prints.';
  }
  if (code === 2) return 'The last run was refused, because of a setting. Look at what pep381run prints.';
  if (code === 4) return 'The last run failed on the local disk or database. Look at what pep381run prints.';
  if (code === 70)
    return html`The last run died before its end. Start <code>pep381run TARGET</code> by hand and look at what it prints.`;
  if (code === undefined)
    return html`Is cron running? Start <code>pep381run TARGET</code> by hand and look at what it prints.`;
  return 'Look at what the last runs print, and whether cron starts them.';
}

function lastEnd(facts: SiteFacts): Problem[] {
  const [last] = facts.runs;
  // Of a late mirror is told above, with the same advice.
  if (last === undefined || facts.completedAt === undefined || isLate(facts)) return [];
  if (last.exitCode === 4)
    return [{ level: 'bad', text: 'the last run failed on the local disk or database', advice: adviceFor(4) }];
  if (last.exitCode === 2) {
    return [{ level: 'bad', text: 'the last run was refused, because of a setting', advice: adviceFor(2) }];
  }
  if (last.exitCode === 70) return [{ level: 'bad', text: 'the last run died before its end', advice: adviceFor(70) }];
  if (last.exitCode === 3)
    return [{ level: 'wait', text: 'the last run could not reach upstream', advice: adviceFor(3) }];
  if (last.exitCode === 1 && facts.totals.parked === 0) {
    return [
      {
        level: 'wait',
        text: 'something failed in the last run',
        advice: 'The next run tries it again. If it lasts, look at what pep381run prints.',
      },
    ];
  }
  return [];
}

function space({ room, policy, totals, parkedByObstacle, days }: SiteFacts): Problem[] {
  const problems: Problem[] = [];
  const moreRoom = 'Make room, or hold less: see mirror.toml.';
  const reserve = policy?.budget.reserve?.value ?? Math.min(reserveBytes, room.size * fullShare);
  const { inodes } = room;
  const daysLeft = daysUntilFull(days, room.free - reserve);
  if (room.free <= reserve) {
    problems.push({
      level: 'bad',
      text: `the disk is full: ${showBytes(room.free)} are free, and files are no longer fetched`,
      advice: moreRoom,
    });
  } else if (room.free < room.size * nearlyFullShare) {
    problems.push({
      level: 'wait',
      text: `the disk is nearly full: ${showBytes(room.free)} of ${showBytes(room.size)} are free`,
      advice: moreRoom,
    });
  } else if (daysLeft !== undefined && daysLeft < soonDays) {
    problems.push({
      level: 'wait',
      text: `the disk will be full in about ${plural(Math.max(1, Math.floor(daysLeft)), 'day')} if the mirror grows on like this`,
      advice: moreRoom,
    });
  }
  if (inodes !== undefined && inodes.free < inodes.all * fullShare) {
    problems.push({
      level: 'bad',
      text: `the disk can hold only ${showCount(inodes.free)} more files (inodes)`,
      advice: moreRoom,
    });
  } else if (inodes !== undefined && inodes.free < inodes.all * nearlyFullShare) {
    problems.push({
      level: 'wait',
      text: `the disk can hold only ${showCount(inodes.free)} more files (inodes)`,
      advice: moreRoom,
    });
  }
  const unfit = parkedByObstacle.get('no-room') ?? 0;
  if (unfit > 0) {
    const budget = policy?.budget.size?.value;
    const why = budget !== undefined && totals.bytes > budget * (1 - nearlyFullShare) ? 'the budget' : 'the disk';
    problems.push({
      level: 'wait',
      text: `${plural(unfit, 'project')} ${unfit === 1 ? 'does' : 'do'} not fit into ${why}`,
      advice: moreRoom,
    });
  }
  return problems;
}

/** Returns in how many days `free` bytes will be used up if the mirror grows on as it did; undefined if it does not. */
export function daysUntilFull(days: SiteFacts['days'], free: number): number | undefined {
  const last = days.at(-1);
  const first = last && days.find(({ day }) => last.day - day <= growthDays.most * dayMs);
  if (last === undefined || first === undefined || last.day - first.day < growthDays.least * dayMs) return undefined;
  const perDay = (last.bytes - first.bytes) / ((last.day - first.day) / dayMs);
  return perDay > 0 ? free / perDay : undefined;
}

function check({ lastCheck, damagedShares, now }: SiteFacts): Problem[] {
  const earlier = damagedShares.filter(({ finishedMs }) => now - finishedMs < damageMs);
  const found = [...earlier, ...(lastCheck === undefined || lastCheck.findings === 0 ? [] : [lastCheck])];
  const [first] = found;
  if (first === undefined) return [];
  const findings = found.reduce((sum, one) => sum + one.findings, 0);
  const when = found.length === 1 ? 'the check on' : `${found.length} checks since`;
  return [
    {
      level: 'wait',
      text: `${when} ${timeText(first.finishedMs)} found ${plural(findings, 'thing')} wrong`,
      advice: html`What it found damaged was queued, and the next run fetches it again. <code>pep381checkfiles TARGET</code> tells what is left.`,
    },
  ];
}

function waiting({ totals, alarms, hooksFailSince, now }: SiteFacts): Problem[] {
  const problems: Problem[] = [];
  const { heldBack, projects } = totals;
  const parked = totals.parked - heldBack;
  if (heldBack > 0) {
    problems.push({
      level: 'wait',
      text: `${heldBack === 1 ? 'the deletion of 1 project or of its files waits' : `deletions in ${showCount(heldBack)} projects wait`} for somebody's permission`,
      advice: html`Look at <a href="#held-back">what would go</a>. If upstream means it, <code>pep381run --allow-deletions ${heldBack} TARGET</code> lets it go.`,
    });
  }
  const fresh = alarms.filter(({ last }) => now - last < alarmMs).length;
  if (fresh > 0) {
    problems.push({
      level: 'wait',
      text: `${plural(fresh, 'alarm')} in the last day`,
      advice: html`See <a href="#alarms">what they say</a>.`,
    });
  }
  if (hooksFailSince !== undefined) {
    problems.push({
      level: 'wait',
      text: `hooks fail since ${timeText(hooksFailSince)}`,
      advice: html`Each run tries them again. <code>pep381run TARGET</code> without <code>-q</code> prints why they fail.`,
    });
  }
  if (parked > projects * usualShare) {
    problems.push({
      level: 'wait',
      text: `${plural(parked, 'project')} could not be brought up to date`,
      advice: html`Each is tried again by itself. See <a href="#queue">why they wait</a>.`,
    });
  }
  return problems;
}
