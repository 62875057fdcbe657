/** Brings what is planned of a page into the tree: bytes, then pages, then deletions. */
import type { SimplePage } from '../formats/simple-json.ts';
import { publishPages } from '../pages/publish-pages.ts';
import type { PageHashes } from '../state/page-store.ts';
import type { Unproven } from '../state/provenance.ts';
import type { Due, HeldFile, HeldProject } from '../state/state-store.ts';
import { type ChosenFiles, pagesOf } from './choose-files.ts';
import { type Downloaded, download, isComplete } from './download.ts';
import { discardFiles, discardUnsettled, missing } from './held-files.ts';
import type { SourcePage } from './known-page.ts';
import type { Mirror } from './mirror.ts';
import type { PlannedFile, ProjectPlan } from './plan.ts';
import { tellLost, tellProvenance } from './provenance-news.ts';
import { publishedFile } from './published-file.ts';

/** What is to become of upstream's page. */
export interface PlannedPage {
  readonly source: SourcePage;
  readonly chosen: ChosenFiles;
  readonly plan: ProjectPlan;
  /** Chosen, and left out for what their provenance is. */
  readonly leftOut: readonly PlannedFile[];
}

/** What has become of it. */
export interface Published {
  readonly now: readonly (HeldFile | undefined)[];
  /** What is not held any more. */
  readonly drop: readonly HeldFile[];
  /** True when our page lists less than upstream's. */
  readonly hidden: boolean;
  readonly unproven: readonly Unproven[];
  /** The hashes of our pages where they were made anew. */
  readonly pages?: PageHashes;
}

/** Publishes `page`. Throws what {@link download} throws, once everything else has arrived; then no page has changed. */
export async function publishFiles(
  mirror: Mirror,
  { due, held }: { readonly due: Due; readonly held: HeldProject },
  { source, chosen, plan, leftOut }: PlannedPage,
): Promise<Published> {
  const { files, settings, state, upstream } = mirror;
  const gone = new Set(settings.indexOnly ? [] : (await missing(files, held.files)).map(({ path }) => path));
  const planned = plan.files.map((file) => (gone.has(file.path) ? { ...file, held: undefined } : file));
  const results = settings.indexOnly ? planned.map(() => nothingFetched) : await downloadAll(due, mirror, planned);
  const fetched = planned.map((file, at) => [file, results[at] ?? nothingFetched] as const);
  const refused = fetched.flatMap(([file, { provenance }]) => (provenance.unproven?.leftOut === true ? [file] : []));
  const left = new Set([...leftOut, ...refused].map(({ file }) => file.filename));
  const own = new Map(fetched.map(([file, { held }]) => [file.file.filename, publishedFile(file, held, settings)]));
  const hidden = chosen.hidden || left.size > 0;
  const rest = { ...source, page: withoutFiles(source.page, left) };
  const { shown, published } = pagesOf(rest, own, { ...chosen, hidden }, (url) => upstream.allows(url));
  // A run that dies before the project is finished leaves pages that tell neither all of upstream's nor what is held.
  if (held.published) state.requeue(due.name, []);
  const pages = await publishPages(files, due.name, shown, published, !held.published);
  const drop = [...plan.drop, ...refused.flatMap((file) => file.held ?? [])];
  await discardFiles(mirror, drop);
  const settled = planned.filter((file) => !refused.includes(file)).map(({ path }) => path);
  await discardUnsettled(mirror, due.name, new Set(settled));
  for (const { file, wasAttested } of leftOut) if (wasAttested) tellLost(mirror, due.name, file.filename);
  const now = results.map((result) => result.held);
  return { now, drop, hidden, unproven: tellProvenance(mirror, due.name, fetched), pages };
}

const nothingFetched: Downloaded = { held: undefined, provenance: {} };

/** What is left out for its provenance is not linked to upstream either. */
function withoutFiles(page: SimplePage, filenames: ReadonlySet<string>): SimplePage {
  return { ...page, files: page.files.filter(({ filename }) => !filenames.has(filename)) };
}

/** All files of a project at the same time, under the run's one limit. When one fails the others are kept. */
async function downloadAll({ name }: Due, mirror: Mirror, planned: readonly PlannedFile[]): Promise<Downloaded[]> {
  const arriving = planned.filter((file) => !isComplete(file, mirror)).map(({ path }) => path);
  if (arriving.length > 0) mirror.state.unsettle(name, arriving);
  const results = await Promise.allSettled(
    planned.map((file) =>
      isComplete(file, mirror) ? { held: file.held, provenance: {} } : download(mirror, name, file),
    ),
  );
  const downloaded = results.map((result) => (result.status === 'fulfilled' ? result.value : nothingFetched));
  const held = downloaded.map((file) => file.held);
  const isNew = (file: HeldFile | undefined, index: number): boolean => file !== planned[index]?.held;
  mirror.state.hold(
    name,
    held.filter((file, index): file is HeldFile => file !== undefined && isNew(file, index)),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return downloaded;
}

/** Whether the tree shows just that already: most rules change little of most projects. */
export function isPublished(mirror: Mirror, { source, chosen, plan, leftOut }: PlannedPage): boolean {
  const { page, own } = source;
  const { linked, hidden } = chosen;
  const { files, drop } = plan;
  if (own === undefined || hidden || drop.length > 0 || leftOut.length > 0 || files.length !== own.size) return false;
  if (!linked && files.length !== page.files.length) return false;
  return files.every((file) => own.has(file.file.filename) && isComplete(file, mirror));
}
