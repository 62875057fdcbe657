/** Counts what a check does, from its events. The summary, the display and the exit code read the counts. */
import type { CheckEvent } from '../../check/check-event.ts';
import { plural, showCount } from '../../core/counts.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { requestCount, type StoreUsage } from '../../core/store-usage.ts';
import { showSeconds } from '../output/units.ts';
import { exitCodes } from '../program/exit-codes.ts';

export class CheckTotals {
  /** Projects that this check has checked; `doneBefore` are those of the check that this one continues. */
  projects = 0;
  doneBefore = 0;
  /** The approximate number of all projects. */
  expectedProjects = 0;
  /** Objects in the listing of an object store. */
  listed = 0;
  files = 0;
  bytes = 0;
  findings = 0;
  /** The number of things queued for the next run: projects, and perhaps the list of projects. */
  queued = 0;
  discarded = 0;
  unjudged = 0;
  isSnapshotUnjudged = false;
  /** What was asked of the object store; undefined if there is none. */
  store: StoreUsage | undefined;

  /** Takes one event into account. */
  count(event: CheckEvent): void {
    if (event.type === 'started') {
      this.expectedProjects = event.projects;
      this.doneBefore = event.done;
    } else if (event.type === 'read') this.bytes += event.bytes;
    else if (event.type === 'listed') this.listed += event.objects;
    else if (event.type === 'file-checked') this.files += 1;
    else if (event.type === 'project-checked') this.projects += 1;
    else if (event.type === 'finding' || event.type === 'stray') this.findings += 1;
    else if (event.type === 'queued') this.queued += 1;
    else if (event.type === 'discarded' || event.type === 'stray-discarded') this.discarded += 1;
    else if (event.type === 'snapshot-unjudged') this.isSnapshotUnjudged = true;
    else if (event.type === 'unjudged') this.unjudged += event.projects;
  }

  /** The exit code of the check. */
  get exitCode(): number {
    return this.findings + this.unjudged > 0 || this.isSnapshotUnjudged ? exitCodes.incomplete : exitCodes.ok;
  }

  /** Returns the last line. */
  summary(seconds: number): string {
    const results = [this.findings === 0 ? 'no findings' : plural(this.findings, 'finding')];
    if (this.queued > 0) results.push(`${plural(this.queued, 'project')} queued`);
    if (this.unjudged > 0) results.push(`${showCount(this.unjudged)} not judged`);
    if (this.discarded > 0) results.push(`${showCount(this.discarded)} moved to the trash`);
    const read = `${plural(this.files, 'file')} (${showBytes(this.bytes)})`;
    const asked = this.store && ` with ${plural(requestCount(this.store), 'request')} to the object store`;
    return `Checked ${plural(this.projects, 'project')}, ${read} in ${showSeconds(seconds)}${asked ?? ''}: ${results.join(', ')}.`;
  }
}
