/** Publishes `web/mirror-status.json`: the health of the mirror, for monitoring and for people. */
import { ownPath } from '../../core/paths.ts';
import type { SiteSource } from '../../site/collect-facts.ts';
import { publicParked } from '../../site/public-projects.ts';
import { publicText } from '../../site/public-text.ts';
import { missingState, serialState } from '../../state/mirror-state.ts';
import type { RunRecord } from '../../state/run-history.ts';
import { monitoredOf } from './status.ts';

/** The maximal number of parked projects that are listed. */
const parkedShown = 100;

/** What the status is made of. */
export interface StatusSource extends Pick<SiteSource, 'state' | 'files' | 'policy' | 'isConfigKnown'> {
  readonly settings: Pick<SiteSource['settings'], 'upstream' | 'provenance'>;
}

/** Publishes the status after `run`, the last one, as of `nowMs`. Throws StorageError. */
export async function publishStatus(source: StatusSource, run: RunRecord, nowMs = run.finishedMs): Promise<void> {
  const { state, files, settings, policy } = source;
  // A run with the address of another index is refused, and a check may not know the address that runs are given.
  const { serial, serialMovedAt, upstream = settings.upstream } = state.get(serialState);
  const { unmetLines = [] } = state.get(missingState);
  const { projects, files: held, bytes, queued, parked, heldBack } = state.totals();
  const { oldestQueued, recentAlarms, lastCheck } = monitoredOf(state, queued, nowMs);
  const status = {
    upstream,
    serial: serial ?? null,
    'serial-since': serialMovedAt === undefined ? null : new Date(serialMovedAt).toISOString(),
    started: new Date(run.startedMs).toISOString(),
    finished: new Date(run.finishedMs).toISOString(),
    'exit-code': run.exitCode,
    summary: run.summary,
    projects,
    files: held,
    bytes,
    queued,
    'odd-files': state.rejectedFiles.count(),
    // Only their number: the lines name files of this machine.
    unmet: unmetLines.length,
    ...(settings.provenance === 'verify' && { provenance: provenanceOf(state) }),
    'parked-projects': parked,
    'held-back': heldBack,
    'oldest-queued': oldestQueued ?? null,
    // Only their number: some name files of this machine.
    'recent-alarms': recentAlarms,
    'last-check':
      lastCheck === undefined
        ? null
        : {
            finished: lastCheck.finished,
            'exit-code': lastCheck.exitCode,
            findings: lastCheck.findings,
            'earlier-findings': lastCheck.earlierFindings,
          },
    parked: publicParked(source, parkedShown).map(({ due, reason, nextTry }) => ({
      name: due.name,
      since: new Date(due.since).toISOString(),
      attempts: due.attempts,
      reason: publicText(reason, { upstream, policy }),
      'next-try': nextTry === undefined ? null : new Date(nextTry).toISOString(),
    })),
  };
  const body = Buffer.from(`${JSON.stringify(status, undefined, 1)}\n`);
  await files.publish([{ path: ownPath('mirror-status.json'), body }]);
}

function provenanceOf(state: StatusSource['state']): Readonly<Record<string, number>> {
  const { leftOut, ...held } = state.provenance.totals();
  return { ...held, 'left-out': leftOut };
}
