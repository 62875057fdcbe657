/** Publishes what the mirror holds of a page: bytes, pages, deletions, and what is to be remembered of it. */
import { NonsenseError } from '../core/errors.ts';
import type { SimplePage } from '../formats/simple-json.ts';
import { publishPages } from '../pages/publish-pages.ts';
import { explainReason } from '../policy/explain.ts';
import type { ProjectDecision } from '../policy/rules.ts';
import type { Due, Finished, HeldFile, HeldProject, Plan } from '../state/state-store.ts';
import { type ChosenFiles, chooseFiles, pagesOf } from './choose-files.ts';
import { download, isComplete } from './download.ts';
import { edgesText } from './edges.ts';
import { bytesOf, discardFiles, missing } from './held-files.ts';
import { fileBaseOf, pageToKeep, type SourcePage } from './known-page.ts';
import type { Mirror } from './mirror.ts';
import { type PlannedFile, type ProjectPlan, planProject, type Trust } from './plan.ts';
import { publishedFile } from './published-file.ts';

/** A queued project, what is held of it, and what may be; without a decision everything may. */
export interface SelectedProject {
  readonly due: Due;
  readonly held: HeldProject;
  readonly decision: ProjectDecision | undefined;
}

/** Publishes `source`, which upstream served under the serial and ETag of `known`. */
export async function publishProject(
  mirror: Mirror,
  project: SelectedProject,
  source: SourcePage,
  known: Pick<HeldProject, 'serial' | 'etag' | 'status'>,
): Promise<Finished> {
  const { due, held, decision } = project;
  const { page, url } = source;
  const chosen = chooseFiles(mirror, decision, page);
  const plan = planProject({ ...page, files: chosen.wanted }, url, held.files, trustOf(mirror, due));
  refuseForeignFiles(mirror, due, plan);
  const bytes = announce(mirror, project, plan);
  const { serial, etag, status = page.status } = known;
  const finished = { kind: 'published', due, serial, etag, status, drop: plan.drop } as const;
  if (mirror.settings.dryRun) return finished;
  for (const file of plan.files) mirror.selection.seeFileBase(fileBaseOf(file));
  // Made before anything is published: a page that cannot be kept is refused.
  const kept = decision && planOf(mirror, decision, page, chosen, plan.files);
  const rule = decision && explainReason(decision.because);
  const now = isPublished(source, chosen, plan)
    ? plan.files.map((file) => file.held)
    : await mirror.space.use(due.name, bytes, rule, () => publish(mirror, project, source, chosen, plan));
  mirror.space.give(bytesOf(plan.drop));
  if (decision === undefined) return finished;
  if (mirror.selection.policy?.dependencies === true) await rememberRequires(mirror, due, now);
  return { ...finished, plan: kept };
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
): Plan {
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
  { page, own }: SourcePage,
  { linked, hidden }: ChosenFiles,
  { files, drop }: ProjectPlan,
): boolean {
  if (own === undefined || hidden || drop.length > 0 || files.length !== own.size) return false;
  if (!linked && files.length !== page.files.length) return false;
  return files.every((file) => own.has(file.file.filename) && isComplete(file));
}

async function publish(
  mirror: Mirror,
  { due, held }: SelectedProject,
  source: SourcePage,
  chosen: ChosenFiles,
  plan: ProjectPlan,
): Promise<readonly (HeldFile | undefined)[]> {
  const { files, settings } = mirror;
  const gone = new Set(settings.indexOnly ? [] : (await missing(files, held.files)).map(({ path }) => path));
  const planned = plan.files.map((file) => (gone.has(file.path) ? { ...file, held: undefined } : file));
  const now = settings.indexOnly ? planned.map(() => undefined) : await downloadAll(due, mirror, planned);
  const own = new Map(planned.map((file, at) => [file.file.filename, publishedFile(file, now[at], settings)]));
  const { shown, published } = pagesOf(source, own, chosen, trustOf(mirror, due).allows);
  await publishPages(files, due.name, shown, published, !held.published);
  await discardFiles(mirror, plan.drop);
  return now;
}

/** All files of a project at the same time, under the run's one limit. When one fails the others are kept. */
async function downloadAll(
  { name }: Due,
  mirror: Mirror,
  planned: readonly PlannedFile[],
): Promise<(HeldFile | undefined)[]> {
  const results = await Promise.allSettled(
    planned.map((file) => (isComplete(file) ? file.held : download(mirror, name, file))),
  );
  const held = results.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
  const isNew = (file: HeldFile | undefined, index: number): boolean => file !== planned[index]?.held;
  mirror.state.hold(
    name,
    held.filter((file, index): file is HeldFile => file !== undefined && isNew(file, index)),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return held;
}
