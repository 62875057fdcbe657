/** Publishes what the mirror holds of a page: bytes, pages, deletions, and what is to be remembered of it. */
import { NonsenseError } from '../core/errors.ts';
import type { SimplePage } from '../formats/simple-json.ts';
import { publishPages } from '../pages/publish-pages.ts';
import { explainReason } from '../policy/explain.ts';
import type { ProjectDecision } from '../policy/rules.ts';
import type { PageHashes } from '../state/page-store.ts';
import type { Unproven } from '../state/provenance.ts';
import type { Due, Finished, HeldFile, HeldProject, Plan } from '../state/state-store.ts';
import { type ChosenFiles, chooseFiles, outcomeOf, pagesOf } from './choose-files.ts';
import { type Downloaded, download, isComplete } from './download.ts';
import { edgesText } from './edges.ts';
import { bytesOf, discardFiles, discardUnsettled, missing } from './held-files.ts';
import { fileBaseOf, pageToKeep, type SourcePage } from './known-page.ts';
import { lostFiles } from './lost-files.ts';
import type { Mirror } from './mirror.ts';
import { type PlannedFile, type ProjectPlan, planProject, type Trust } from './plan.ts';
import { recallProvenance, requireProvenance } from './provenance.ts';
import { tellLost, tellProvenance } from './provenance-news.ts';
import { publishedFile } from './published-file.ts';

/** A queued project, what is held of it, and what may be; without a decision everything may. */
export interface SelectedProject {
  readonly due: Due;
  readonly held: HeldProject;
  readonly decision: ProjectDecision | undefined;
}

/** Publishes `source`, which upstream served under the serial and ETag of `known`, and the hash where it was just served. */
export async function publishProject(
  mirror: Mirror,
  project: SelectedProject,
  source: SourcePage,
  known: Pick<HeldProject, 'serial' | 'etag' | 'status'> & { readonly sha256?: string },
): Promise<Finished> {
  const { due, held, decision } = project;
  const { page, url } = source;
  const chosen = chooseFiles(mirror, decision, page);
  const lost = lostFiles(page, held.files);
  const isQuarantined = page.status === 'quarantined';
  const archived = mirror.settings.keepRemoved && !isQuarantined ? lost : [];
  const all = planProject({ ...page, files: chosen.wanted }, url, held.files, trustOf(mirror, due));
  const { plan, leftOut } = requireProvenance(mirror, recallProvenance(mirror, due.name, without(archived, all)));
  refuseForeignFiles(mirror, due, plan);
  const bytes = announce(mirror, project, plan);
  const { serial, etag, status = page.status } = known;
  const why = isQuarantined ? 'quarantined upstream' : 'removed upstream';
  const finished = { kind: 'published', due, serial, etag, status, drop: plan.drop, lost, why } as const;
  if (mirror.settings.dryRun) return finished;
  for (const file of plan.files) mirror.selection.seeFileBase(fileBaseOf(file));
  // Made before anything is published: a page that cannot be kept is refused.
  const kept = decision && planOf(mirror, decision, page, chosen, plan.files);
  const rule = decision && explainReason(decision.because);
  const isSettled = mirror.state.unsettled(due.name).length === 0;
  const done: Published =
    isSettled && isPublished(mirror, source, chosen, plan, leftOut)
      ? { now: plan.files.map((file) => file.held), drop: plan.drop, hidden: chosen.hidden, unproven: [] }
      : await mirror.space.use(due.name, bytes, rule, () => publish(mirror, project, source, chosen, plan, leftOut));
  const { now, drop, hidden, unproven, pages } = done;
  mirror.space.give(bytesOf(drop));
  const published = { ...finished, drop, unproven, pages: { ...pages, upstream: known.sha256 } };
  const { policy } = mirror.selection;
  if (policy === undefined || decision === undefined || kept === undefined) return published;
  if (policy.dependencies) await rememberRequires(mirror, due, now);
  const outcome = outcomeOf(chosen, policy);
  const isAsPlanned = hidden === chosen.hidden;
  const final = isAsPlanned ? kept : planOf(mirror, decision, page, { ...chosen, hidden }, plan.files);
  return { ...published, plan: { ...final, outcome } };
}

/** The plan that drops nothing of what is `kept`. */
function without(kept: readonly HeldFile[], plan: ProjectPlan): ProjectPlan {
  return kept.length === 0 ? plan : { ...plan, drop: plan.drop.filter((file) => !kept.includes(file)) };
}

function trustOf({ upstream, settings }: Mirror, { name }: Due): Trust {
  return { allows: (url) => upstream.allows(url), acceptsChanges: settings.acceptChanges.includes(name) };
}

async function rememberRequires(
  { state, files }: Mirror,
  { name }: Due,
  now: readonly (HeldFile | undefined)[],
): Promise<void> {
  state.require(
    name,
    await edgesText(
      files,
      now.filter((file) => file !== undefined),
    ),
  );
}

function planOf(
  mirror: Mirror,
  decision: ProjectDecision,
  page: SimplePage,
  { hidden, nextChange }: ChosenFiles,
  planned: readonly PlannedFile[],
): Omit<Plan, 'outcome'> {
  return {
    decision: mirror.selection.keyOf(decision),
    nextChange,
    rule: explainReason(decision.because),
    bytes: planned.reduce((sum, { file }) => sum + (file.size ?? 0), 0),
    page: pageToKeep(mirror, page, planned, hidden),
  };
}

/** Two projects cannot hold the same file: dropping it from one would take it from the other. */
function refuseForeignFiles({ state }: Mirror, { name }: Due, plan: ProjectPlan): void {
  for (const { path, held } of plan.files) {
    const holder = held === undefined ? state.holderOf(path) : name;
    if (holder !== undefined && holder !== name) {
      throw new NonsenseError(`${name}: lists ${path}, which belongs to ${holder}`);
    }
  }
}

/** Tells what is to be done. Returns how many bytes are to be fetched. */
function announce({ report, settings }: Mirror, { due, decision }: SelectedProject, plan: ProjectPlan): number {
  const missing = settings.indexOnly ? [] : plan.files.filter((file) => (file.held ?? file.elsewhere) === undefined);
  const bytes = missing.reduce((sum, { file }) => sum + (file.size ?? 0), 0);
  report({
    type: 'project-planned',
    name: due.name,
    fetch: missing.map(({ path }) => path),
    bytes,
    remove: plan.drop.map(({ path }) => path),
    removeBytes: bytesOf(plan.drop),
    rule: decision && explainReason(decision.because),
  });
  return bytes;
}

/** Whether the page from which `source` was made shows just that: most rules change little of most projects. */
function isPublished(
  mirror: Mirror,
  { page, own }: SourcePage,
  { linked, hidden }: ChosenFiles,
  { files, drop }: ProjectPlan,
  leftOut: readonly PlannedFile[],
): boolean {
  if (own === undefined || hidden || drop.length > 0 || leftOut.length > 0 || files.length !== own.size) return false;
  if (!linked && files.length !== page.files.length) return false;
  return files.every((file) => own.has(file.file.filename) && isComplete(file, mirror));
}

async function publish(
  mirror: Mirror,
  { due, held }: SelectedProject,
  source: SourcePage,
  chosen: ChosenFiles,
  plan: ProjectPlan,
  leftOut: readonly PlannedFile[],
): Promise<Published> {
  const { files, settings } = mirror;
  const gone = new Set(settings.indexOnly ? [] : (await missing(files, held.files)).map(({ path }) => path));
  const planned = plan.files.map((file) => (gone.has(file.path) ? { ...file, held: undefined } : file));
  const results = settings.indexOnly ? planned.map(() => nothingFetched) : await downloadAll(due, mirror, planned);
  const fetched = planned.map((file, at) => [file, results[at] ?? nothingFetched] as const);
  const refused = fetched.flatMap(([file, { provenance }]) => (provenance.unproven?.leftOut === true ? [file] : []));
  const left = new Set([...leftOut, ...refused].map(({ file }) => file.filename));
  const own = new Map(fetched.map(([file, { held }]) => [file.file.filename, publishedFile(file, held, settings)]));
  const hidden = chosen.hidden || left.size > 0;
  const { shown, published } = pagesOf(leaveOut(source, left), own, { ...chosen, hidden }, trustOf(mirror, due).allows);
  const pages = await publishPages(files, due.name, shown, published, !held.published);
  const drop = [...plan.drop, ...refused.flatMap((file) => file.held ?? [])];
  await discardFiles(mirror, drop);
  const settled = planned.filter((file) => !refused.includes(file)).map(({ path }) => path);
  await discardUnsettled(mirror, due.name, new Set(settled));
  for (const { file, wasAttested } of leftOut) if (wasAttested) tellLost(mirror, due.name, file.filename);
  const now = results.map((result) => result.held);
  return { now, drop, hidden, unproven: tellProvenance(mirror, due.name, fetched), pages };
}

/** What has become of a page. */
interface Published {
  readonly now: readonly (HeldFile | undefined)[];
  /** What is not held any more. */
  readonly drop: readonly HeldFile[];
  /** True when our page lists less than upstream's. */
  readonly hidden: boolean;
  readonly unproven: readonly Unproven[];
  /** The hashes of our pages where they were made anew. */
  readonly pages?: PageHashes;
}

const nothingFetched: Downloaded = { held: undefined, provenance: {} };

/** What is left out for its provenance is not linked to upstream either. */
function leaveOut(source: SourcePage, filenames: ReadonlySet<string>): SourcePage {
  const { page } = source;
  return { ...source, page: { ...page, files: page.files.filter(({ filename }) => !filenames.has(filename)) } };
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
