/** Renders the status as text. */
import { plural, showCount } from '../../core/counts.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { requestCount, type StoreUsage } from '../../core/store-usage.ts';
import type { ProvenanceTotals } from '../../state/provenance-records.ts';
import { renderTable } from '../output/table.ts';
import { shortTime, showSeconds } from '../output/units.ts';
import { type PastCheck, type StandbyStatus, type Status, type StoreStatus, shownAtMost, storeDays } from './status.ts';

const width = 99;

/**
 * Returns the status for people, in less than 100 columns unless the target's path is long. Paths below the target are
 * shortened.
 */
export function renderStatus(status: Status): string[] {
  const parts = [
    renderTable(facts(status)),
    runsTable(status),
    alarmsTable(status),
    parkedTable(status),
    rejectedTable(status),
    unsatisfiedTable(status),
    rulesTable(status),
  ];
  return parts.filter((part) => part.length > 0).flatMap((part, at) => (at === 0 ? part : ['', ...part]));
}

function unsatisfiedTable({ target, unmet, unmetCount }: Status): string[] {
  if (unmetCount === 0) return [];
  if (unmet.length === 0) return ['Asked for, and not held', `  ${unmetCount}; only its owner may read which`];
  const shown = unmet.slice(0, shownAtMost).map((line) => `  ${line.replaceAll(`${target}/`, '')}`);
  const more = unmetCount - shown.length;
  return ['Asked for, and not held', ...shown, ...(more > 0 ? [`  and ${more} more`] : [])];
}

function facts(status: Status): string[][] {
  const { target, knownFrom, upstream, serial, serialSince, projects, files, bytes, lastComplete } = status;
  const {
    hooksFailSince,
    queued,
    parked,
    heldBack = 0,
    lastCheck,
    provenance,
    oddFiles: rejectedFiles,
    disk,
    moving,
    store,
    sources = [],
    standby,
  } = status;
  const held = `${plural(projects, 'project')}, ${plural(files, 'file')}, ${showBytes(bytes)}`;
  const since = serialSince === undefined ? '' : `, since ${shortTime(serialSince)}`;
  return [
    ['Mirror', target],
    ...(knownFrom === undefined ? [] : [['Known', `from ${knownFrom}; only its owner may read more`]]),
    ['Upstream', upstream],
    ...(standby === undefined ? [] : standbyRows(standby)),
    ...sources.map(({ source, projects }) => ['and', `${source}, ${plural(projects, 'project')}`]),
    ['Held', held],
    ['Serial', serial === undefined ? 'none yet' : `${serial}${since}`],
    ['Complete', lastComplete === undefined ? 'not yet' : `as of ${shortTime(lastComplete)}`],
    ['Now', activity(status)],
    ['Queue', `${plural(queued, 'project')}, ${showCount(parked)} of them parked`],
    ...(moving === undefined ? [] : [['Moving', movingText(moving, files)]]),
    ...(heldBack === 0 ? [] : [['Held back', heldBackText(heldBack, target)]]),
    ...(provenance === undefined ? [] : [['Provenance', provenanceText(provenance)]]),
    ...(rejectedFiles === 0 ? [] : [['Left out', `${plural(rejectedFiles, 'file')}, each for what is wrong with it`]]),
    ...(lastCheck === undefined ? [] : [['Check', checkText(lastCheck)]]),
    ...(hooksFailSince === undefined
      ? []
      : [['Hooks', `fail since ${shortTime(hooksFailSince)}; a run without -q prints why`]]),
    ['Disk', `${showBytes(disk.free)} free of ${showBytes(disk.size)}`],
    ...(store === undefined ? [] : storeRows(store)),
  ];
}

function standbyRows({ publisher, heard, asked }: StandbyStatus): string[][] {
  return [
    ['Stands by', `${publisher} publishes; it renewed its lease at ${shortTime(heard)}, as of ${shortTime(asked)}`],
    ['', 'what follows is what this machine knew when it last published'],
  ];
}

function activity({ running, runningSince, progressAt = runningSince }: Status): string {
  if (running === null) return 'only its owner can tell whether a run is at work';
  if (runningSince === undefined || progressAt === undefined) return running ? 'a run is at work' : 'no run is at work';
  const since = `since ${shortTime(runningSince)}`;
  if (running) return `a run is at work ${since}, and last did something at ${shortTime(progressAt)}`;
  return `no run is at work; the last one, ${since}, died at ${shortTime(progressAt)} or later`;
}

function movingText({ where, since, files }: NonNullable<Status['moving']>, all: number): string {
  return `${where} since ${shortTime(since)}: ${showCount(files)} of ${plural(all, 'file')} are there`;
}

function heldBackText(heldBack: number, target: string): string {
  return `deletions of ${plural(heldBack, 'project')}; to let them go: pep381run --allow-deletions ${heldBack} ${target}`;
}

function checkText({ finished, findings, earlierFindings = 0 }: PastCheck): string {
  const earlier = earlierFindings === 0 ? '' : `; ${plural(earlierFindings, 'finding')} in other shares within a week`;
  return `ended ${shortTime(finished)} with ${findings === 0 ? 'no findings' : plural(findings, 'finding')}${earlier}`;
}

function storeRows({ where, publicUrl, lastRun, lastDays, lastCheck }: StoreStatus): string[][] {
  const lines = [
    ...(lastRun === undefined ? [] : [usageText(lastRun, 'the last run')]),
    ...(lastDays === undefined ? [] : [usageText(lastDays, `${storeDays} days`)]),
    ...(lastCheck === undefined ? [] : [usageText(lastCheck, 'the last check')]),
  ];
  const place = publicUrl === undefined ? where : `${where}, read at ${publicUrl}`;
  return [['Store', place], ...lines.map((line, at) => [at === 0 ? 'Requests' : '', line])];
}

function usageText(usage: StoreUsage, span: string): string {
  const { bytesSent, bytesReceived, retries } = usage;
  const bytes = `${showBytes(bytesSent)} sent, ${showBytes(bytesReceived)} received`;
  return `${showCount(requestCount(usage))} in ${span}, ${bytes}${retries === 0 ? '' : `; ${showCount(retries)} repeated`}`;
}

function provenanceText({ verified, failed, lost, unchecked, absent, leftOut }: ProvenanceTotals): string {
  const parts = { verified, failed, lost, unchecked, 'without it': absent, 'left out': leftOut };
  return Object.entries(parts)
    .flatMap(([what, files]) => (files > 0 || what === 'verified' ? [`${showCount(files)} ${what}`] : []))
    .join(', ');
}

function runsTable({ runs }: Status): string[] {
  if (runs.length === 0) return [];
  const rows = runs.map(({ started, seconds, exitCode, summary }) => [
    shortTime(started),
    showSeconds(seconds),
    String(exitCode),
    summary,
  ]);
  return renderTable([['Last runs', 'took', 'exit', 'summary'], ...rows], { right: [1, 2], width });
}

function alarmsTable({ alarms = [], recentAlarms = 0 }: Status): string[] {
  if (alarms.length === 0) {
    return recentAlarms === 0 ? [] : [`${plural(recentAlarms, 'alarm')} in a day; only its owner may read which`];
  }
  const rows = alarms.map(({ since, last, message }) => [shortTime(since), shortTime(last), message]);
  return renderTable([['Alarm since', 'last', 'what'], ...rows], { width });
}

function parkedTable({ longestParked, parked }: Status): string[] {
  if (longestParked.length === 0) return [];
  const rows = longestParked.map(({ name, since, attempts, reason, nextTry }) => [
    shortTime(since),
    nextTry === undefined ? 'next run' : shortTime(nextTry),
    String(attempts),
    reason.startsWith(`${name}: `) ? reason : `${name}: ${reason}`,
  ]);
  const table = renderTable([['Parked since', 'next try', 'tries', 'project'], ...rows], { right: [2], width });
  return [...table, ...andMore(parked - rows.length)];
}

function rejectedTable({ latestOdd: latestRejected, oddFiles: rejectedFiles }: Status): string[] {
  if (latestRejected.length === 0) return [];
  const rows = latestRejected.map(({ project, filename, problem, since, nextTry }) => [
    shortTime(since),
    nextTry === undefined ? '-' : shortTime(nextTry),
    `${project}: ${filename}: ${problem}`,
  ]);
  return [
    ...renderTable([['Left out since', 'next try', 'file'], ...rows], { width }),
    ...andMore(rejectedFiles - rows.length),
  ];
}

function rulesTable({ rules, ruleCount, target }: Status): string[] {
  if (rules.length === 0) return [];
  const rows = rules.map(({ rule, projects, bytes }) => [
    showBytes(bytes),
    showCount(projects),
    rule.replaceAll(`${target}/`, ''),
  ]);
  const table = renderTable([['Bytes', 'projects', 'rule'], ...rows], { right: [0, 1], width });
  return [...table, ...andMore(ruleCount - rows.length)];
}

function andMore(count: number): string[] {
  return count > 0 ? [`and ${showCount(count)} more`] : [];
}
