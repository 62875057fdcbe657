/**
 * Publishes the pages of a project once its planned files are fetched, then discards the files that are no longer held.
 */
import type { ProjectName } from '../../core/names.ts';
import type { SimplePage } from '../../formats/simple/simple-json.ts';
import { publishLegacyJson } from '../../pages/publish-legacy-json.ts';
import { publishPages } from '../../pages/publish-pages.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { PageHashes } from '../../state/page-hashes.ts';
import type { ProvenanceProblem } from '../../state/provenance-records.ts';
import type { Mirror } from '../mirror.ts';
import type { SelectedProject } from '../selection/selected-project.ts';
import { type Downloaded, isComplete } from './files/download.ts';
import type { FetchedFiles } from './files/fetch-files.ts';
import { discardFiles, discardPendingFiles } from './files/held-files.ts';
import type { PlannedFile } from './files/plan-project.ts';
import { linkedPage } from './page/choose-files.ts';
import { keptEntries } from './page/kept-entries.ts';
import { pageEntryOf } from './page/page-entry.ts';
import type { PlannedPage } from './page/plan-page.ts';

/** The result of publishing a page. */
export interface Published {
  readonly now: readonly (HeldFile | undefined)[];
  /** The files that are no longer held. */
  readonly drop: readonly HeldFile[];
  /** True if our page lists less than upstream's. */
  readonly hidden: boolean;
  readonly unproven: readonly ProvenanceProblem[];
  /** The hashes of our pages if they were written anew. */
  readonly pages?: PageHashes;
}

/** Publishes `planned`. `fetched` has every file of it that could be fetched. */
export async function publishFiles(
  mirror: Mirror,
  { due, held }: SelectedProject,
  { source, chosen, plan, leftOut, rejected, retained }: PlannedPage,
  fetched: FetchedFiles,
): Promise<Published> {
  const { files, settings, state, upstream } = mirror;
  const results = plan.files.map(
    (file) => [file, fetched.get(file.path) ?? unchangedDownload(file.held, settings)] as const,
  );
  const refused = results.flatMap(([file, { provenance }]) => (provenance.unproven?.leftOut === true ? [file] : []));
  const left = new Set([...leftOut, ...refused].map(({ file }) => file.filename));
  const own = new Map(results.map(([file, { held }]) => [file.file.filename, pageEntryOf(file, held, settings)]));
  const hidden = chosen.hidden || left.size > 0;
  const kept = await keptEntries(mirror, due.name, retained, rejected);
  const rest = { ...source, page: withoutFiles(source.page, left) };
  const { shown, published } = linkedPage(rest, own, { ...chosen, hidden }, (url) => upstream.allows(url), kept);
  // If the run dies before the project is finished, the pages match neither upstream's page nor what the state holds,
  // so the project is queued first.
  if (held.published) state.queue.requeue(due.name, []);
  const pages = await publishPages(files, due.name, shown, published, !held.published);
  await publishLegacyJson(mirror, due.name, shown, published);
  const drop = [...plan.drop, ...refused.flatMap((file) => file.held ?? [])];
  await discardFiles(mirror, drop);
  const settled = plan.files.filter((file) => !refused.includes(file)).map(({ path }) => path);
  await discardPendingFiles(mirror, due.name, new Set(settled));
  for (const { file, wasAttested } of leftOut) if (wasAttested) reportLostProvenance(mirror, due.name, file.filename);
  const now = [...results.map(([, result]) => result.held), ...retained];
  return { now, drop, hidden, unproven: reportProvenance(mirror, due.name, results), pages };
}

/** Returns the result for a file that was not fetched now. With pages only, the file is left to upstream. */
function unchangedDownload(held: HeldFile | undefined, { indexOnly }: Mirror['settings']): Downloaded {
  return { held: indexOnly ? undefined : held, provenance: {} };
}

/**
 * Returns the page without `filenames`. Files left out because of their provenance are not linked to upstream either.
 */
function withoutFiles(page: SimplePage, filenames: ReadonlySet<string>): SimplePage {
  return { ...page, files: page.files.filter(({ filename }) => !filenames.has(filename)) };
}

/**
 * Reports the provenance problems of `files` of the project `name` that were not reported before. Returns all of them.
 */
function reportProvenance(
  { state, report }: Mirror,
  name: ProjectName,
  files: readonly (readonly [PlannedFile, Downloaded])[],
): ProvenanceProblem[] {
  const unproven = files.flatMap(([, { provenance }]) => provenance.unproven ?? []);
  const reported = new Set(unproven.length > 0 ? state.provenance.problemsOf(name).map(keyOf) : []);
  for (const file of unproven) {
    if (reported.has(keyOf(file))) continue;
    const message = `${name}: ${file.filename}: ${file.why}${file.leftOut ? '; it is left out' : ''}`;
    report({ type: file.leftOut ? 'alarm' : 'warning', message });
  }
  for (const [{ file }, { provenance }] of files) {
    if (provenance.isLost === true) reportLostProvenance({ report }, name, file.filename);
  }
  return unproven;
}

/** Reports that a file had provenance, and that upstream announces none any more. */
function reportLostProvenance({ report }: Pick<Mirror, 'report'>, name: ProjectName, filename: string): void {
  report({ type: 'alarm', message: `${name}: ${filename}: had provenance, and upstream has none of it any more` });
}

function keyOf({ filename, why, leftOut }: ProvenanceProblem): string {
  return JSON.stringify([filename, why, leftOut]);
}

/** Returns true if the tree shows exactly this plan already, as most rules change little in most projects. */
export function isAlreadyPublished(mirror: Mirror, { source, chosen, plan, leftOut }: PlannedPage): boolean {
  const { page, linkedHere } = source;
  const { linked, hidden } = chosen;
  const { files, drop } = plan;
  if (linkedHere === undefined || hidden || drop.length > 0 || leftOut.length > 0) return false;
  if (files.length !== linkedHere.size) return false;
  if (!linked && files.length !== page.files.length) return false;
  return files.every((file) => linkedHere.has(file.file.filename) && isComplete(file, mirror));
}
