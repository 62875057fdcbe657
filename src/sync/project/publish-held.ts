/**
 * Publishes a project as far as it is held, before anything is fetched or when a file could not be fetched. What
 * upstream removed disappears, and upstream's changes to the other entries apply at once. Files that the rules leave
 * out stay until their replacements are here.
 */
import { sha256Hex } from '../../core/hash.ts';
import { filenameOf } from '../../core/paths.ts';
import { type PublishedFile, renderSimpleJson, withSerial } from '../../formats/simple/simple-json.ts';
import { publishLegacyJson } from '../../pages/publish-legacy-json.ts';
import { publishPages } from '../../pages/publish-pages.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import { upstreamRemovals } from '../../state/removal-log.ts';
import type { FinishedProject } from '../../state/state-store.ts';
import type { Mirror } from '../mirror.ts';
import type { SelectedProject } from '../selection/selected-project.ts';
import { bytesOf, discardFiles } from './files/held-files.ts';
import type { ProjectRejections } from './files/rejected-files.ts';
import { linkedPage } from './page/choose-files.ts';
import type { ClassifiedPage } from './page/classify-page.ts';
import { keptEntries } from './page/kept-entries.ts';
import { pageEntryOf } from './page/page-entry.ts';
import type { PlannedPage } from './page/plan-page.ts';

/**
 * Publishes those of `here`, the held files that are in place, that upstream lists. Keeps the published serial and
 * remembers the result. Returns the files that were removed.
 */
export async function publishHeld(
  mirror: Mirror,
  { due, held }: SelectedProject,
  here: readonly HeldFile[],
  classified: ClassifiedPage,
  planned: PlannedPage,
  rejections: ProjectRejections,
): Promise<readonly HeldFile[]> {
  const { upstream, files, state, settings } = mirror;
  const { source, chosen, plan } = planned;
  const own = ownEntries(mirror, here, planned);
  const listed = new Set(source.page.files.map(({ filename }) => filename));
  const changed = here.filter(({ path }) => listed.has(filenameOf(path)) && !own.has(filenameOf(path)));
  const kept = await keptEntries(mirror, due.name, [...planned.retained, ...changed], planned.rejected);
  const plannedNames = new Set(plan.files.map(({ file }) => file.filename));
  const shownFiles = source.page.files.filter(({ filename }) => own.has(filename) || !plannedNames.has(filename));
  const page = withSerial({ ...source.page, files: shownFiles }, held.serial);
  const form = { linked: chosen.linked, hidden: true };
  const { shown, published } = linkedPage({ page, url: source.url }, own, form, (url) => upstream.allows(url), kept);
  const isKept = settings.keepRemoved && page.status !== 'quarantined';
  const { lost, quarantined } = classified;
  const drop = isKept ? quarantined : [...lost, ...quarantined];
  if (drop.length === 0 && isAsPublished(mirror, due.name, renderSimpleJson(shown, published))) return [];
  rejections.report();
  if (held.published) state.queue.requeue(due.name, []);
  const pages = await publishPages(files, due.name, shown, published, !held.published);
  await publishLegacyJson(mirror, due.name, shown, published);
  mirror.report({ type: 'page-published', name: due.name });
  await discardFiles(mirror, drop);
  const { serial } = held;
  const why = upstreamRemovals.removed;
  const { status } = page;
  const partly: FinishedProject = {
    kind: 'published',
    due,
    serial,
    etag: undefined,
    status,
    drop,
    lost,
    quarantined,
    why,
    pages,
    partly: true,
    rejected: rejections.rows(false),
  };
  state.finish([partly]);
  mirror.storageBudget.release(bytesOf(drop));
  return drop;
}

function isAsPublished({ state }: Mirror, name: SelectedProject['due']['name'], json: string): boolean {
  return state.pages.hashesOf(name).json === sha256Hex(Buffer.from(json));
}

/**
 * Returns the entries of the page's files that are here already, by filename. Includes files that are to move and files
 * that the rules will remove.
 */
function ownEntries(
  { settings }: Mirror,
  here: readonly HeldFile[],
  { source }: PlannedPage,
): Map<string, PublishedFile> {
  const byName = new Map(here.map((file) => [filenameOf(file.path), file]));
  const own = new Map<string, PublishedFile>();
  for (const file of source.page.files) {
    const held = byName.get(file.filename);
    if (held === undefined || held.sha256 !== file.sha256) continue;
    const { path, sha256 } = held;
    const planned = { file, url: source.url, path, sha256, held, elsewhere: undefined };
    own.set(file.filename, pageEntryOf(planned, held, settings));
  }
  return own;
}
