/** Counts what a run does, from its events. The summary and the progress display read the counts. */
import { plural, showCount } from '../../core/counts.ts';
import type { ProjectName } from '../../core/names.ts';
import type { WebPath } from '../../core/paths.ts';
import type { MirrorEvent, ProjectOutcome } from '../../core/report.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { showSeconds } from '../output/units.ts';

/** A download in progress: its size and the bytes that arrived. */
export interface Transfer {
  readonly size: number | undefined;
  bytes: number;
}

export class RunTotals {
  readonly projects: Record<ProjectOutcome, number> = { published: 0, unchanged: 0, removed: 0 };
  readonly parked = new Map<ProjectName, { reason: string; expected: boolean; isTold?: boolean }>();
  readonly transfers = new Map<WebPath, Transfer>();
  queued = 0;
  planned = 0;
  plannedBytes = 0;
  plannedFiles = 0;
  plannedRemovals = 0;
  files = 0;
  removedFiles = 0;
  /** The number of pages that were published before their projects were done. */
  pages = 0;
  bytes = 0;
  warnings = 0;
  /** The largest number of connections to each host, if it changed. */
  readonly connections = new Map<string, number>();
  /** The deletions that the deletion limit holds back, by index, once they are reported. */
  readonly deletions: Extract<MirrorEvent, { type: 'deletions-held-back' }>[] = [];
  /** Messages that need a person. */
  readonly alarms: string[] = [];

  /** Takes one event into account. */
  count(event: MirrorEvent): void {
    switch (event.type) {
      case 'queued':
        this.queued = this.done + event.projects;
        break;
      case 'project-planned':
        this.planned += 1;
        this.plannedFiles += event.fetch.length;
        this.plannedBytes += event.bytes;
        this.plannedRemovals += event.remove.length;
        break;
      case 'project-done':
        this.projects[event.outcome] += 1;
        this.parked.delete(event.name);
        break;
      case 'project-parked':
        this.parked.set(event.name, event);
        break;
      case 'deletions-held-back':
        this.deletions.push(event);
        break;
      case 'file-started':
        this.transfers.set(event.path, { size: event.bytes, bytes: 0 });
        break;
      case 'bytes': {
        this.bytes += event.bytes;
        const transfer = this.transfers.get(event.path);
        if (transfer !== undefined) transfer.bytes += event.bytes;
        break;
      }
      case 'file-done':
        this.files += 1;
        this.transfers.delete(event.path);
        break;
      case 'file-failed':
        this.transfers.delete(event.path);
        break;
      case 'file-removed':
        this.removedFiles += 1;
        break;
      case 'page-published':
        this.pages += 1;
        break;
      case 'connections':
        this.connections.set(event.host, Math.max(event.connections, this.connections.get(event.host) ?? 0));
        break;
      case 'warning':
        this.warnings += 1;
        break;
      case 'alarm':
        this.alarms.push(event.message);
        break;
    }
  }

  /** The number of projects that stay, or keep files, because the deletion limit holds deletions back. */
  get heldBack(): number {
    return this.deletions.reduce((sum, { deletions }) => sum + deletions.length, 0);
  }

  /** The number of projects that need no more work. */
  get done(): number {
    return this.projects.published + this.projects.unchanged + this.projects.removed;
  }

  /** True if the run has changed the mirror. */
  get hasChanged(): boolean {
    return this.done + this.files + this.pages > 0;
  }

  /**
   * Returns true if a line was printed about a failure. With -q, lines are printed only about failures that will
   * probably not repair themselves.
   */
  isExplained(quiet: boolean): boolean {
    const urgent = [...this.parked.values()].filter(({ expected }) => !expected).length;
    return (quiet ? urgent : this.parked.size - this.heldBack) > 0 || this.alarms.length > 0;
  }

  /** Returns the line that every run ends with. */
  summary(seconds: number, dryRun: boolean): string {
    const { published, unchanged, removed } = this.projects;
    if (dryRun) {
      const fetch = `${plural(this.plannedFiles, 'file')} (${showBytes(this.plannedBytes)})`;
      const remove = `${plural(this.plannedRemovals, 'file')} and ${plural(removed, 'project')}`;
      return `Would publish ${plural(published, 'project')}, copy ${fetch}, remove ${remove}.`;
    }
    const parts = [`${plural(published, 'project')} published`];
    if (unchanged > 0) parts.push(`${showCount(unchanged)} unchanged`);
    if (removed > 0) parts.push(`${showCount(removed)} removed`);
    parts.push(`${plural(this.files, 'file')} copied (${showBytes(this.bytes)})`);
    if (this.removedFiles > 0) parts.push(`${plural(this.removedFiles, 'file')} removed`);
    const failed = this.parked.size - this.heldBack;
    if (failed > 0) parts.push(`${plural(failed, 'project')} failed and ${failed === 1 ? 'stays' : 'stay'} queued`);
    if (this.heldBack > 0) parts.push(`deletions held back in ${plural(this.heldBack, 'project')}`);
    if (this.warnings > 0) parts.push(plural(this.warnings, 'warning'));
    if (this.alarms.length > 0) parts.push(plural(this.alarms.length, 'alarm'));
    return `${parts.join(', ')} in ${showSeconds(seconds)}.`;
  }
}
