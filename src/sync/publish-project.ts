/** Publishes what the mirror holds of a page, and says what is to be remembered of it. */
import { NonsenseError } from '../core/errors.ts';
import { filenameOf } from '../core/paths.ts';
import type { SimpleFile, SimplePage } from '../formats/simple-json.ts';
import { explainReason } from '../policy/explain.ts';
import type { ProjectDecision } from '../policy/rules.ts';
import type { Due, Finished, HeldFile, HeldProject, Plan } from '../state/state-store.ts';
import { announcedOf } from './announced.ts';
import { type ChosenFiles, chooseFiles, outcomeOf } from './choose-files.ts';
import { rememberRequires } from './edges.ts';
import { bytesOf } from './held-files.ts';
import { fileBaseOf, pageToKeep, type SourcePage } from './known-page.ts';
import { lostFiles } from './lost-files.ts';
import type { Mirror } from './mirror.ts';
import { type PlannedFile, type ProjectPlan, planProject } from './plan.ts';
import { recallProvenance, requireProvenance } from './provenance.ts';
import { isPublished, type PlannedPage, type Published, publishFiles } from './publish-files.ts';

/** A queued project, what is held of it, and what may be; without a decision everything may. */
export interface SelectedProject {
  readonly due: Due;
  readonly held: HeldProject;
  readonly decision: ProjectDecision | undefined;
}

/** Publishes `source`, which upstream served under the serial and ETag of `known`; there is more where that was just now. */
export async function publishProject(
  mirror: Mirror,
  project: SelectedProject,
  source: SourcePage,
  known: Pick<HeldProject, 'serial' | 'etag' | 'status'> & { readonly sha256?: string; readonly served?: boolean },
): Promise<Finished> {
  const { due, held, decision } = project;
  const { page } = source;
  const { quarantines } = announcedOf(due.name, mirror.state.announcements.of(due.name));
  const gone = lostFiles(page, held.files);
  const quarantined = gone.filter(quarantines);
  const lost = gone.filter((file) => !quarantines(file));
  const planned = planPage(mirror, project, source, lost);
  const { plan, chosen } = planned;
  refuseForeignFiles(mirror, due, plan);
  const bytes = announce(mirror, project, plan);
  const { serial, etag, status = page.status, served = false } = known;
  const why = page.status === 'quarantined' ? 'quarantined upstream' : 'removed upstream';
  const finished = {
    kind: 'published',
    due,
    serial,
    etag,
    status,
    served,
    drop: plan.drop,
    lost,
    quarantined,
    why,
  } as const;
  if (mirror.settings.dryRun) return finished;
  for (const file of plan.files) mirror.selection.seeFileBase(fileBaseOf(file));
  // Made before anything is published: a page that cannot be kept is refused.
  const kept = decision && planToKeep(mirror, decision, page, chosen, plan.files);
  const rule = decision && explainReason(decision.because);
  const isSettled = mirror.state.unsettled(due.name).length === 0;
  const done: Published =
    isSettled && isPublished(mirror, planned)
      ? { now: plan.files.map((file) => file.held), drop: plan.drop, hidden: chosen.hidden, unproven: [] }
      : await mirror.space.use(due.name, bytes, rule, () => publishFiles(mirror, project, planned));
  const { now, drop, hidden, unproven, pages } = done;
  mirror.space.give(bytesOf(drop));
  const published = { ...finished, drop, unproven, pages: { ...pages, upstream: known.sha256 } };
  const { policy } = mirror.selection;
  if (policy === undefined || decision === undefined || kept === undefined) return published;
  // Where no files are fetched, those that are held stay and go on requiring what they do.
  const heldNow = mirror.settings.indexOnly
    ? held.files.filter((file) => !drop.includes(file) && !gone.includes(file))
    : now;
  if (policy.dependencies) {
    await rememberRequires(
      mirror,
      due.name,
      heldNow.filter((file) => file !== undefined),
    );
  }
  const isAsPlanned = hidden === chosen.hidden;
  const final = isAsPlanned ? kept : planToKeep(mirror, decision, page, { ...chosen, hidden }, plan.files);
  return { ...published, plan: { ...final, outcome: outcomeOf(chosen, policy) } };
}

/** What is to become of `source`. Of an archive, what upstream lost stays, unless that is in quarantine. */
function planPage(
  mirror: Mirror,
  { due, held, decision }: SelectedProject,
  source: SourcePage,
  lost: readonly HeldFile[],
): PlannedPage {
  const { upstream, settings, state } = mirror;
  const { page, url } = source;
  const chosen = chooseFiles(mirror, decision, page);
  const trust = {
    allows: (url: URL) => upstream.allows(url),
    acceptsChanges: settings.acceptChanges.includes(due.name),
    lost: isAllHeld(chosen.wanted, held.files) ? [] : state.removals.lostBy(due.name),
  };
  const all = planProject({ ...page, files: chosen.wanted }, url, held.files, trust);
  const archived = settings.keepRemoved && page.status !== 'quarantined' ? lost : [];
  // What upstream has moved is not fetched here, so the bytes that are held stay where they are, under all their names.
  const moved = settings.indexOnly ? all.files.filter((file) => file.held === undefined) : [];
  const kept = new Set(moved.map(({ sha256 }) => sha256));
  const drop = all.drop.filter((file) => !archived.includes(file) && !kept.has(file.sha256));
  const recalled = recallProvenance(mirror, due.name, { ...all, drop });
  return { source, chosen, ...requireProvenance(mirror, recalled) };
}

/** Whether there is nothing new, so that nobody has to ask what was held before. */
function isAllHeld(wanted: readonly SimpleFile[], held: readonly HeldFile[]): boolean {
  const names = new Set(held.map(({ path }) => filenameOf(path)));
  return wanted.every(({ filename }) => names.has(filename));
}

/** What is remembered of how the page was planned, but for what comes of it. */
function planToKeep(
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
