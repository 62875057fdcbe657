/** Writes a finished project into the tables of all ports. */
import { filenameOf } from '../../core/paths.ts';
import { upstreamRemovals } from '../removal-log.ts';
import type { FinishedProject } from '../state-store.ts';
import type { SqliteChangelogEntries } from './sqlite-changelog-entries.ts';
import type { SqliteHeldProjects } from './sqlite-held-projects.ts';
import type { SqlitePageHashes } from './sqlite-page-hashes.ts';
import type { SqlitePlans } from './sqlite-plans.ts';
import type { SqliteProvenanceRecords } from './sqlite-provenance-records.ts';
import type { SqlitePublishedChanges } from './sqlite-published-changes.ts';
import type { SqliteQueue } from './sqlite-queue.ts';
import type { SqliteRejectedFiles } from './sqlite-rejected-files.ts';
import type { SqliteRemovalLog } from './sqlite-removal-log.ts';
import type { SqliteRequirements } from './sqlite-requirements.ts';

/** The parts of the state that are written. */
interface Parts {
  readonly queue: SqliteQueue;
  readonly held: SqliteHeldProjects;
  readonly plans: SqlitePlans;
  readonly requirements: SqliteRequirements;
  readonly provenance: SqliteProvenanceRecords;
  readonly removals: SqliteRemovalLog;
  readonly changelog: SqliteChangelogEntries;
  readonly pages: SqlitePageHashes;
  readonly rejectedFiles: SqliteRejectedFiles;
  readonly publishedChanges: SqlitePublishedChanges;
}

type Published = FinishedProject & { readonly kind: 'published' };
type Removed = FinishedProject & { readonly kind: 'removed' };

/** Stores the result of `project`, and takes it out of the queue if it is finished. Call within a transaction. */
export function finishProject(parts: Parts, project: FinishedProject): void {
  const { queue, held, changelog } = parts;
  const { due } = project;
  const { name, serial } = due;
  if (project.kind === 'published') publish(parts, project);
  else if (project.kind === 'unchanged') held.markSeen(name);
  else remove(parts, project);
  if (project.kind === 'published' && project.partly === true) return;
  held.forgetPending(name);
  if (project.kind === 'published' && project.parked !== undefined) {
    queue.putParked({ ...project.parked, due: { ...due, attempts: due.attempts + 1 } });
  } else if (queue.takeOut(name, serial)) {
    changelog.settle(name, serial);
  }
}

function publish(parts: Parts, project: Published): void {
  const { held, plans, provenance, removals, pages, rejectedFiles, publishedChanges } = parts;
  const { due, serial, etag, status, source, served = false } = project;
  const { drop, lost = [], quarantined = [], why = upstreamRemovals.removed } = project;
  const { name, displayName } = due;
  held.putProject({ name, displayName, serial, etag, status, source, served });
  held.deleteFiles(drop.map(({ path }) => path));
  removals.addFiles(name, lost, why);
  removals.addFiles(name, quarantined, upstreamRemovals.quarantined);
  const keeps = (value: unknown): boolean => project.partly === true && value === undefined;
  if (!keeps(project.plan)) plans.put(name, project.plan);
  if (!keeps(project.unproven)) provenance.put(name, project.unproven);
  if (!keeps(project.rejected)) rejectedFiles.put(name, project.rejected ?? []);
  const json = project.pages?.json;
  if (json !== undefined && json !== pages.hashesOf(name).json) {
    const files = quarantined.map(({ path }) => filenameOf(path));
    publishedChanges.add({ project: name, displayName, serial, removed: undefined, quarantined: files });
  }
  pages.put(name, project.pages);
}

function remove(parts: Parts, project: Removed): void {
  const { held, plans, requirements, provenance, removals, pages, rejectedFiles, publishedChanges } = parts;
  const { due, why = upstreamRemovals.removed, lost = [], quarantined = [], keepFiles = false } = project;
  const { name, displayName } = due;
  if (!keepFiles) held.deleteFilesOf(name);
  held.deleteFiles(quarantined.map(({ path }) => path));
  const serial = Math.max(held.serialOf(name), due.serial);
  // If its pages were never published, there is no removal to report.
  if (held.deleteProject(name)) {
    removals.addProject(name, why);
    publishedChanges.add({ project: name, displayName, serial, removed: why, quarantined: [] });
  }
  removals.addFiles(name, lost, why);
  removals.addFiles(name, quarantined, upstreamRemovals.quarantined);
  plans.put(name, undefined);
  requirements.delete(name);
  provenance.put(name, []);
  rejectedFiles.put(name, []);
  pages.delete(name);
}
