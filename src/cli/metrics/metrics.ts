/**
 * The metrics of a mirror: names, units and meanings. Names follow Prometheus' conventions: base units, `_total` for
 * counters only, times as `_timestamp_seconds`, so that their age is known whenever somebody asks.
 */
import type { StoreUsage } from '../../core/store-usage.ts';
import type { Room } from '../../files/file-store.ts';
import type { MetricFamily, Sample } from '../../formats/prometheus.ts';
import {
  alarmState,
  checkResultsState,
  indexState,
  logsResultsState,
  missingState,
  runResultsState,
  runState,
  serialState,
} from '../../state/mirror-state.ts';
import { latestFirst } from '../../state/program-results.ts';
import { type Obstacle, obstacles, type QueueGroup, serialsBehind } from '../../state/queue.ts';
import type { StateStore } from '../../state/state-store.ts';
import type { StandbyRecord } from '../target/standby-record.ts';

/** Returns the metrics of the mirror with this `state`, and this `room` on its disk. */
export function metricsOf(state: StateStore, room: Room, version: string): MetricFamily[] {
  return [
    infoMetric({ version, upstream: state.get(serialState).upstream ?? '' }),
    ...runMetrics(state),
    ...storeMetrics(state),
    ...lagMetrics(state),
    ...contentMetrics(state),
    ...diskMetrics(state, room),
    ...checkMetrics(state),
    ...logsMetrics(state),
  ];
}

/**
 * Returns the metrics of a machine that stands by: nothing of its own state, which another machine has changed since.
 */
export function standbyMetrics({ publisher, heardMs, askedMs }: StandbyRecord, version: string): MetricFamily[] {
  return [
    infoMetric({ version }),
    gauge('pep381_standby_timestamp_seconds', 'When this machine, which stands by, last asked who publishes.', [
      { labels: { publisher }, value: askedMs / 1000 },
    ]),
    gauge('pep381_publisher_timestamp_seconds', 'When the machine that publishes last renewed its lease.', [
      { labels: { publisher }, value: heardMs / 1000 },
    ]),
  ];
}

function infoMetric(labels: Readonly<Record<string, string>>): MetricFamily {
  const help = 'The version of pep381client, and the index that is mirrored; always 1.';
  return gauge('pep381_info', help, [{ labels, value: 1 }]);
}

function runMetrics(state: StateStore): MetricFamily[] {
  const { lastRun, succeededAt, runSums: sums } = state.get(runResultsState);
  const { alarms = [] } = state.get(alarmState);
  const [lastAlarm] = latestFirst(alarms);
  const { running, progressAt } = state.get(runState);
  const { completedAt } = state.get(indexState);
  const runs = Object.entries(sums?.runs ?? {}).map(([code, value]) => ({ labels: { exit_code: code }, value }));
  const hosts = Object.entries(lastRun?.connections ?? {}).map(([host, value]) => ({ labels: { host }, value }));
  return [
    gauge('pep381_last_success_timestamp_seconds', 'End of the last run with exit code 0.', seconds(succeededAt)),
    gauge('pep381_last_run_timestamp_seconds', 'End of the last run.', seconds(lastRun?.finishedMs)),
    gauge('pep381_last_run_exit_code', 'Exit code of the last run.', lastRun?.exitCode),
    gauge('pep381_last_run_duration_seconds', 'Duration of the last run.', duration(lastRun)),
    gauge('pep381_run_start_timestamp_seconds', 'Start of the run that is at work.', seconds(running)),
    gauge('pep381_run_progress_timestamp_seconds', 'When that run last did something.', seconds(progressAt)),
    gauge(
      'pep381_complete_timestamp_seconds',
      'Start of the last run that brought all of upstream: what the mirror shows is not older.',
      seconds(completedAt),
    ),
    counter('pep381_runs_total', 'Runs by their exit code.', runs),
    counter(
      'pep381_published_projects_total',
      'Projects that were published, new or changed.',
      sums?.publishedProjects,
    ),
    counter('pep381_removed_projects_total', 'Projects that were removed.', sums?.removedProjects),
    counter('pep381_fetched_files_total', 'Files that were fetched.', sums?.fetchedFiles),
    counter('pep381_fetched_bytes_total', 'Bytes of files that were fetched.', sums?.fetchedBytes),
    counter('pep381_removed_files_total', 'Files that were removed.', sums?.removedFiles),
    counter('pep381_failures_total', 'Times that a project could not be finished.', sums?.failures),
    counter('pep381_warnings_total', 'Warnings.', sums?.warnings),
    counter('pep381_alarms_total', 'Alarms: each needs a person.', sums?.alarms),
    gauge('pep381_last_alarm_timestamp_seconds', 'When an alarm was last reported.', seconds(lastAlarm?.last)),
    counter('pep381_hook_failures_total', 'Hooks that failed.', sums?.hookFailures),
    gauge('pep381_connections', 'The most connections of the last run to a host, if their number changed.', hosts),
  ];
}

function storeMetrics(state: StateStore): MetricFamily[] {
  const { runSums } = state.get(runResultsState);
  const { requests = {}, bytesSent, bytesReceived, retries } = runSums?.store ?? {};
  const { checkSums } = state.get(checkResultsState);
  const checks = checkSums?.store;
  return [
    counter('pep381_store_requests_total', 'Requests of runs to the object store, by kind.', byKind(requests)),
    counter('pep381_store_sent_bytes_total', 'Bytes that runs sent to the object store.', bytesSent),
    counter('pep381_store_received_bytes_total', 'Bytes that runs received from the object store.', bytesReceived),
    counter('pep381_store_retries_total', 'Requests to the object store that were repeated.', retries),
    counter(
      'pep381_check_store_requests_total',
      'Requests of checks to the object store, by kind.',
      byKind(checks?.requests ?? {}),
    ),
    counter(
      'pep381_check_store_received_bytes_total',
      'Bytes that checks received from the object store.',
      checks?.bytesReceived,
    ),
  ];
}

function byKind(requests: StoreUsage['requests']): Sample[] {
  return Object.entries(requests).map(([kind, value]) => ({ labels: { kind }, value }));
}

function lagMetrics(state: StateStore): MetricFamily[] {
  const groups = state.queue.groups();
  const { lastRun } = state.get(runResultsState);
  const { completedAt } = state.get(indexState);
  const { serial, serialMovedAt } = state.get(serialState);
  const lagMs =
    lastRun === undefined || completedAt === undefined ? undefined : Math.max(0, lastRun.startedMs - completedAt);
  const byObstacle = (obstacle: Obstacle): Sample => ({
    labels: { obstacle },
    value: countOf(groups, [obstacle]),
  });
  const since = groups.map((group) => group.since);
  return [
    gauge(
      'pep381_lag_seconds',
      'How old what the mirror shows was when the last run began; 0 if that run brought all of upstream.',
      lagMs === undefined ? undefined : lagMs / 1000,
    ),
    gauge(
      'pep381_lag_serials',
      'How many serials upstream is ahead of the first change that waits for its first try.',
      serialsBehind(serial, groups),
    ),
    gauge('pep381_serial', 'Serial of upstream up to which all changes are mirrored or queued.', serial),
    gauge('pep381_serial_timestamp_seconds', 'When the serial last changed.', seconds(serialMovedAt)),
    gauge('pep381_queued_projects', 'Projects in the queue, parked ones included.', countOf(groups)),
    gauge('pep381_parked_projects', 'Queued projects that were tried in vain, by obstacle.', obstacles.map(byObstacle)),
    gauge(
      'pep381_held_back_projects',
      'Projects that stay, or keep files, until a person allows their deletion.',
      countOf(groups, ['held-back', 'removal-held-back']),
    ),
    gauge(
      'pep381_oldest_queued_timestamp_seconds',
      'Since when the project waits that waits longest.',
      seconds(since.length === 0 ? undefined : since.reduce((a, b) => Math.min(a, b))),
    ),
  ];
}

function contentMetrics(state: StateStore): MetricFamily[] {
  const { projects, files, bytes } = state.totals();
  const { unmetLines = [] } = state.get(missingState);
  return [
    gauge('pep381_projects', 'Projects that are held.', projects),
    gauge('pep381_files', 'Files that are held.', files),
    gauge('pep381_files_size_bytes', 'Size of all files that are held.', bytes),
    gauge('pep381_rejected_files', 'Files that are left out for what is wrong with them.', state.rejectedFiles.count()),
    gauge('pep381_unsatisfied_wants', 'Things that were asked for and are not held.', unmetLines.length),
  ];
}

function diskMetrics(state: StateStore, { size, free, inodes }: Room): MetricFamily[] {
  const { lastRun } = state.get(runResultsState);
  return [
    gauge('pep381_disk_size_bytes', 'Size of the disk of the files.', size),
    gauge('pep381_disk_free_bytes', 'Free space of that disk.', free),
    gauge('pep381_disk_inodes', 'Inodes of that disk, if it has a limited number.', inodes?.all),
    gauge('pep381_disk_free_inodes', 'Free inodes of that disk.', inodes?.free),
    gauge('pep381_budget_bytes', 'How much the mirror may hold.', lastRun?.budgetBytes),
  ];
}

function checkMetrics(state: StateStore): MetricFamily[] {
  const { lastCheck, checkSums: sums, damagedShares = [] } = state.get(checkResultsState);
  return [
    gauge('pep381_last_check_timestamp_seconds', 'End of the last check.', seconds(lastCheck?.finishedMs)),
    gauge('pep381_last_check_exit_code', 'Exit code of the last check.', lastCheck?.exitCode),
    gauge('pep381_last_check_duration_seconds', 'Duration of the last check.', duration(lastCheck)),
    gauge('pep381_last_check_findings', 'Things that the last check found to be wrong.', lastCheck?.findings),
    gauge(
      'pep381_damaged_shares_findings',
      'Things that the last check of each share of the mirror found to be wrong.',
      lastCheck && damagedShares.reduce((sum, { findings }) => sum + findings, 0),
    ),
    counter('pep381_checks_total', 'Checks.', sums?.checks),
    counter('pep381_checked_files_total', 'Files that were checked.', sums?.files),
    counter('pep381_checked_bytes_total', 'Bytes that were read by checks.', sums?.bytes),
    counter('pep381_check_findings_total', 'Things that checks found to be wrong.', sums?.findings),
  ];
}

function logsMetrics(state: StateStore): MetricFamily[] {
  const { lastLogs, downloads } = state.get(logsResultsState);
  return [
    gauge('pep381_last_logs_timestamp_seconds', 'When processlogs last ended.', seconds(lastLogs?.finishedMs)),
    gauge('pep381_last_logs_exit_code', 'Exit code of the last processlogs.', lastLogs?.exitCode),
    gauge('pep381_last_logs_duration_seconds', 'Duration of the last processlogs.', duration(lastLogs)),
    counter('pep381_downloads_total', "Downloads that were counted in the web server's logs.", downloads),
  ];
}

function gauge(name: string, help: string, value: number | undefined | readonly Sample[]): MetricFamily {
  return { name, type: 'gauge', help, samples: samplesOf(value) };
}

function counter(name: string, help: string, value: number | undefined | readonly Sample[]): MetricFamily {
  return { name, type: 'counter', help, samples: samplesOf(value) };
}

function samplesOf(value: number | undefined | readonly Sample[]): readonly Sample[] {
  return typeof value === 'object' ? value : [{ value }];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function duration(end: { readonly startedMs: number; readonly finishedMs: number } | undefined): number | undefined {
  return end === undefined ? undefined : Math.max(0, end.finishedMs - end.startedMs) / 1000;
}

/** Returns the number of projects in `groups`, or in those with one of these obstacles. */
function countOf(groups: readonly QueueGroup[], of?: readonly Obstacle[]): number {
  const counted = groups.filter(
    ({ obstacle }) => of === undefined || (obstacle !== undefined && of.includes(obstacle)),
  );
  return counted.reduce((sum, { projects }) => sum + projects, 0);
}
