/** Brings what is planned of a page, once it is fetched, into the pages; then goes what is not to be held any more. */
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
import { linkedPage } from './page/choose-files.ts';
import { keptEntries } from './page/kept-entries.ts';
import { pageEntryOf } from './page/page-entry.ts';
import type { PlannedPage } from './page/plan-page.ts';
import { reportLostProvenance, reportProvenance } from './report-provenance.ts';

/** What has become of a page. */
export interface Published {
  readonly now: readonly (HeldFile | undefined)[];
  /** What is not held any more. */
  readonly drop: readonly HeldFile[];
  /** True when our page lists less than upstream's. */
  readonly hidden: boolean;
  readonly unproven: readonly ProvenanceProblem[];
  /** The hashes of our pages where they were made anew. */
  readonly pages?: PageHashes;
}

/** Publishes `planned`, of which everything that could be is `fetched`. */
export async function publishFiles(
  mirror: Mirror,
  { due, held }: SelectedProject,
  { source, chosen, plan, leftOut, odd, stays }: PlannedPage,
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
  const kept = await keptEntries(mirror, due.name, stays, odd);
  const rest = { ...source, page: withoutFiles(source.page, left) };
  const { shown, published } = linkedPage(rest, own, { ...chosen, hidden }, (url) => upstream.allows(url), kept);
  // A run that dies before the project is finished leaves pages that tell neither all of upstream's nor what is held.
  if (held.published) state.queue.requeue(due.name, []);
  const pages = await publishPages(files, due.name, shown, published, !held.published);
  await publishLegacyJson(mirror, due.name, shown, published);
  const drop = [...plan.drop, ...refused.flatMap((file) => file.held ?? [])];
  await discardFiles(mirror, drop);
  const settled = plan.files.filter((file) => !refused.includes(file)).map(({ path }) => path);
  await discardPendingFiles(mirror, due.name, new Set(settled));
  for (const { file, wasAttested } of leftOut) if (wasAttested) reportLostProvenance(mirror, due.name, file.filename);
  const now = [...results.map(([, result]) => result.held), ...stays];
  return { now, drop, hidden, unproven: reportProvenance(mirror, due.name, results), pages };
}

/** A file that was not fetched now. Where only pages are mirrored, it is left to upstream. */
function unchangedDownload(held: HeldFile | undefined, { indexOnly }: Mirror['settings']): Downloaded {
  return { held: indexOnly ? undefined : held, provenance: {} };
}

/** What is left out for its provenance is not linked to upstream either. */
function withoutFiles(page: SimplePage, filenames: ReadonlySet<string>): SimplePage {
  return { ...page, files: page.files.filter(({ filename }) => !filenames.has(filename)) };
}

/** Whether the tree shows just that already: most rules change little of most projects. */
export function isAlreadyPublished(mirror: Mirror, { source, chosen, plan, leftOut }: PlannedPage): boolean {
  const { page, own } = source;
  const { linked, hidden } = chosen;
  const { files, drop } = plan;
  if (own === undefined || hidden || drop.length > 0 || leftOut.length > 0 || files.length !== own.size) return false;
  if (!linked && files.length !== page.files.length) return false;
  return files.every((file) => own.has(file.file.filename) && isComplete(file, mirror));
}
