/** What a finished project leaves in the tables. */
import { filenameOf } from '../../core/paths.ts';
import type { FinishedProject, Parked } from '../state-store.ts';
import type { SqliteAnnouncements } from './sqlite-changelog-entries.ts';
import type { SqlitePageStore } from './sqlite-page-hashes.ts';
import { putPlan } from './sqlite-plans.ts';
import { putUnproven } from './sqlite-provenance.ts';
import type { SqliteChangeLog } from './sqlite-published-changes.ts';
import type { SqliteOddFiles } from './sqlite-rejected-files.ts';
import type { SqliteRemovalLog } from './sqlite-removal-log.ts';
import type { Statements } from './statements.ts';

/** The parts of the state that have tables of their own. */
interface Parts {
  readonly removals: SqliteRemovalLog;
  readonly pages: SqlitePageStore;
  readonly rejectedFiles: SqliteOddFiles;
  readonly changelog: SqliteAnnouncements;
  readonly publishedChanges: SqliteChangeLog;
}

type Published = FinishedProject & { readonly kind: 'published' };
type Removed = FinishedProject & { readonly kind: 'removed' };

/** Stores the outcome at `now` (milliseconds), and takes what is finished out of the queue. Within a transaction. */
export function finishProject(sql: Statements, parts: Parts, project: FinishedProject, now: number): void {
  const { name, serial } = project.due;
  if (project.kind === 'published') publish(sql, parts, project, now);
  else if (project.kind === 'unchanged') sql.see.run(now, name);
  else remove(sql, parts, project);
  if (project.kind === 'published' && project.partly === true) return;
  sql.settle.run(name);
  if (project.kind === 'published' && project.stays !== undefined) park(sql, project, project.stays, now);
  else if (sql.dequeue.run(name, serial).changes === 0) sql.outlive.run(name);
  else parts.changelog.settle(name, serial);
}

function publish(
  sql: Statements,
  { removals, pages, rejectedFiles, publishedChanges }: Parts,
  project: Published,
  now: number,
): void {
  const {
    due,
    serial,
    etag,
    status,
    source,
    served = false,
    drop,
    lost = [],
    quarantined = [],
    why = 'removed upstream',
  } = project;
  const { name, displayName } = due;
  sql.publish.run(name, displayName, serial ?? null, etag ?? null, status, source ?? null, now, served ? 1 : 0);
  for (const file of drop) sql.deleteFile.run(file.path);
  removals.addFiles(name, lost, why);
  removals.addFiles(name, quarantined, 'quarantined upstream');
  const keeps = (told: unknown): boolean => project.partly === true && told === undefined;
  if (!keeps(project.plan)) putPlan(sql, name, project.plan);
  if (!keeps(project.unproven)) putUnproven(sql, name, project.unproven);
  if (!keeps(project.odd)) rejectedFiles.put(name, project.odd ?? []);
  const json = project.pages?.json;
  if (json !== undefined && json !== pages.hashesOf(name).json) {
    const files = quarantined.map(({ path }) => filenameOf(path));
    publishedChanges.add({ project: name, displayName, serial, removed: undefined, quarantined: files });
  }
  pages.put(name, project.pages);
}

function remove(sql: Statements, { removals, pages, rejectedFiles, publishedChanges }: Parts, project: Removed): void {
  const { due, why = 'removed upstream', lost = [], quarantined = [], keepFiles = false } = project;
  const { name } = due;
  if (!keepFiles) sql.deleteFilesOf.run(name);
  for (const file of quarantined) sql.deleteFile.run(file.path);
  const serial = Math.max(sql.held.get(name)?.serial ?? 0, due.serial);
  // Where pages of it were never published, nobody has missed any.
  if (sql.deleteProject.run(name).changes > 0) {
    removals.addProject(name, why);
    publishedChanges.add({ project: name, displayName: due.displayName, serial, removed: why, quarantined: [] });
  }
  removals.addFiles(name, lost, why);
  removals.addFiles(name, quarantined, 'quarantined upstream');
  sql.deletePlan.run(name);
  sql.deleteRequires.run(name);
  sql.deleteUnproven.run(name);
  rejectedFiles.put(name, []);
  pages.delete(name);
}

function park(sql: Statements, { due }: Published, stays: Omit<Parked, 'due'>, now: number): void {
  const { obstacle, reason, nextTry } = stays;
  sql.park.run({ name: due.name, attempts: due.attempts + 1, nextTry, reason, obstacle, now });
}
