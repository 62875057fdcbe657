/** Reports for logs: 1.5's line for each project and file, or one JSON object for each event. */
import { plural } from '../../core/counts.ts';
import type { MirrorEvent, Report } from '../../core/report.ts';
import { showBytes } from '../../core/show-bytes.ts';
import type { Lines } from './lines.ts';

/** Returns a report that writes 1.5's text, or with `dryRun` what would be done. */
export function textReport(lines: Lines, dryRun: boolean): Report {
  return (event) => {
    const [problem, notice] = [problemOf(event), noticeOf(event)];
    if (problem !== undefined) lines.err(problem);
    else if (notice !== undefined) lines.out(notice);
    else if (event.type === 'project-started' && !dryRun) lines.out(`Synchronizing ${event.name}`);
    else if (event.type === 'file-started') lines.out(`Copying /${event.path}`);
    else if (event.type === 'file-removed') lines.out(`Removing /${event.path}`);
    else if (event.type === 'waiting') lines.out(`Waiting ${Math.ceil(event.ms / 1000)} s ${event.why}`);
    else if (event.type === 'project-planned' && dryRun) {
      lines.out(`Would synchronize ${event.name}`);
      for (const path of event.fetch) lines.out(`Would copy /${path}`);
      for (const path of event.remove) lines.out(`Would remove /${path}`);
    }
  };
}

/** Returns a report that writes each event as a JSON object on a line. */
export function jsonReport(lines: Lines, now: () => number): Report {
  return (event) => {
    // Progress within a download is left out, since the end of the download says enough.
    if (event.type !== 'bytes') lines.out(JSON.stringify({ time: new Date(now()).toISOString(), ...event }));
  };
}

/** Returns the line about a problem that a person may want to look into, or undefined. */
export function problemOf(event: MirrorEvent): string | undefined {
  if (event.type === 'warning') return `Warning: ${event.message}`;
  if (event.type === 'alarm') return `Alarm: ${event.message}`;
  if (event.type === 'does-not-fit') return shortageText(event);
  if (event.type !== 'project-parked' || event.isTold === true) return undefined;
  return `${event.name}: ${event.reason}; next try not before ${new Date(event.nextTry).toISOString()}`;
}

/** Returns the line about an event that happens once in the life of a mirror, or undefined. */
export function noticeOf(event: MirrorEvent): string | undefined {
  if (event.type === 'adopting') return `Taking over the mirror of ${event.from}`;
  return event.type === 'adopted' ? event.summary : undefined;
}

/** Returns the missing space, and a small table of what takes most. */
function shortageText({ projects, missing, limit, most }: Extract<MirrorEvent, { type: 'does-not-fit' }>): string {
  const rows = most.map(({ what, bytes }) => `${showBytes(bytes).padStart(10)}  ${what}`);
  return [
    `${plural(projects, 'project')} ${projects === 1 ? 'needs' : 'need'} ${showBytes(missing)} more than there is room for: ${limit}`,
    ...rows,
  ].join('\n');
}
