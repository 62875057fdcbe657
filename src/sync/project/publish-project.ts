/**
 * Publishes what the mirror holds of a page, and returns what is to be remembered of it. Removals and changes by
 * upstream that concern held files are published first, before anything is fetched.
 */
import { NonsenseError, type UnreachableError } from '../../core/errors.ts';
import type { WebPath } from '../../core/paths.ts';
import type { ProjectDecision } from '../../policy/project-decision.ts';
import { explainReason } from '../../policy/render-reason.ts';
import { allSatisfied } from '../../policy/unsatisfied.ts';
import type { HeldFile, HeldProject } from '../../state/held-projects.ts';
import type { PlanRecord } from '../../state/plans.ts';
import { upstreamRemovals } from '../../state/removal-log.ts';
import type { FinishedProject } from '../../state/state-store.ts';
import type { Mirror } from '../mirror.ts';
import { recordRequirements } from '../requirements/record-requirements.ts';
import type { SelectedProject } from '../selection/selected-project.ts';
import { isComplete } from './files/download.ts';
import { type FetchedFiles, fetchFiles } from './files/fetch-files.ts';
import { bytesOf, missingFiles } from './files/held-files.ts';
import type { PlannedFile } from './files/plan-project.ts';
import { ProjectRejections } from './files/rejected-files.ts';
import { pageToStore } from './page/cached-page.ts';
import { resultDigestOf } from './page/choose-files.ts';
import { type ClassifiedPage, isMajority } from './page/classify-page.ts';
import { noteFileBase } from './page/file-base.ts';
import { type PlannedPage, planPage } from './page/plan-page.ts';
import { isAlreadyPublished, type Published, publishFiles } from './publish-files.ts';
import { publishHeld } from './publish-held.ts';

/** Number of tries after which a project that was never published appears without the files that cannot be reached. */
const triesForAllFiles = 2;

/** The serial, ETag and status of a page. Has more members if upstream served the page just now. */
type ServedAs = Pick<HeldProject, 'serial' | 'etag' | 'status'> & {
  readonly sha256?: string;
  readonly served?: boolean;
};

/** One page that is being published. */
interface PublishJob extends SelectedProject {
  readonly classified: ClassifiedPage;
  readonly rejections: ProjectRejections;
  readonly planned: PlannedPage;
  /** The paths of held files that are not in place. */
  readonly gone: ReadonlySet<WebPath>;
  readonly fetched: FetchedFiles;
  /** The first plan of the page, and its record, which still lacks the result digest. */
  readonly firstPlan?: { readonly planned: PlannedPage; readonly plan: Omit<PlanRecord, 'resultDigest'> };
}

/**
 * Publishes `classified`, which upstream served with the serial and ETag of `known`. Throws UnreachableError,
 * NonsenseError, DoesNotFitError, but only after everything that can be published is published. The project stays
 * queued then.
 */
export async function publishProject(
  mirror: Mirror,
  project: SelectedProject,
  classified: ClassifiedPage,
  known: ServedAs,
): Promise<FinishedProject> {
  const { due, held, decision } = project;
  const rejections = new ProjectRejections(mirror, project);
  const planned = planPage(mirror, project, classified, rejections);
  let work: PublishJob = { ...project, classified, rejections, planned, gone: new Set(), fetched: new Map() };
  reportPlan(mirror, work);
  // Rejected files are reported elsewhere.
  if (decision !== undefined)
    mirror.missingProjects.recordUnsatisfied(
      mirror.selection,
      decision,
      planned.rejected.length > 0 ? allSatisfied : planned.chosen.unsatisfied,
    );
  if (mirror.settings.dryRun) {
    rejections.report();
    return finishedOf(work, known);
  }
  const source = mirror.selection.sourceOf(due.name);
  if (source === undefined) noteFileBase(mirror.state, planned.plan.files);
  // The record is made before anything is published, so that a page that cannot be stored is refused.
  if (decision !== undefined) work = { ...work, firstPlan: { planned, plan: planRecordOf(mirror, decision, work) } };
  if (mirror.state.held.pendingFiles(due.name).length === 0 && isAlreadyPublished(mirror, planned)) {
    const { files, drop } = planned.plan;
    return finish(mirror, work, known, { now: files.map((file) => file.held), drop, hidden: false, unproven: [] });
  }
  const isFetching = (): boolean => arriving(mirror, work).length > 0;
  if (!mirror.settings.indexOnly) {
    const gone = new Set((await missingFiles(mirror.files, held.files)).map(({ path }) => path));
    if (gone.size > 0) work = { ...work, gone, planned: planPage(mirror, project, classified, rejections, gone) };
  }
  if (held.published && (isFetching() || classified.broken !== undefined)) work = await publishHeldPart(mirror, work);
  if (classified.broken !== undefined) throw new NonsenseError(classified.broken);
  while (isFetching()) {
    const before = rejections.count;
    const unreachable = await fetchArriving(mirror, work);
    work = afterFetching(work);
    if (unreachable !== undefined) {
      if (held.published || due.attempts >= triesForAllFiles) await publishHeldPart(mirror, work);
      throw unreachable;
    }
    // The replacements of the rejected files may have to be fetched, too.
    if (rejections.count > before)
      work = { ...work, planned: planPage(mirror, work, classified, rejections, work.gone) };
  }
  return finish(mirror, work, known, await publishFiles(mirror, work, work.planned, work.fetched));
}

/** Returns the planned files that are still to be fetched. */
function arriving(mirror: Mirror, { planned, fetched }: PublishJob): PlannedFile[] {
  if (mirror.settings.indexOnly) return [];
  return planned.plan.files.filter((file) => !isComplete(file, mirror) && !fetched.has(file.path));
}

/**
 * Fetches the files that are missing. Resolves with the error because of which files could not be reached, if any.
 * Throws DoesNotFitError before anything is fetched.
 */
async function fetchArriving(mirror: Mirror, work: PublishJob): Promise<UnreachableError | undefined> {
  const { due, decision, rejections, fetched, gone } = work;
  const files = arriving(mirror, work);
  const bytes = bytesToFetch(files);
  const rule = decision && explainReason(decision.because);
  const failed = await mirror.storageBudget.withSpace(due.name, bytes, rule, () =>
    fetchFiles(mirror, due.name, files, fetched),
  );
  for (const found of failed.rejected) rejections.add(found);
  const arrived = files.flatMap(({ path, held }) => (held === undefined ? (fetched.get(path)?.held ?? []) : []));
  mirror.storageBudget.release(bytes - bytesOf(arrived.filter(({ path }) => !gone.has(path))));
  return failed.unreachable;
}

/** Returns the job with the files that have arrived as held files. */
function afterFetching(work: PublishJob): PublishJob {
  const { held, fetched } = work;
  const arrived = [...fetched.values()].flatMap((file) => file.held ?? []);
  const paths = new Set(arrived.map(({ path }) => path));
  const files = [...held.files.filter(({ path }) => !paths.has(path)), ...arrived];
  return { ...work, held: { ...held, files }, gone: new Set([...work.gone].filter((path) => !paths.has(path))) };
}

/** Publishes what is held so far. Returns the job without the removed files, whose removal is finished then. */
async function publishHeldPart(mirror: Mirror, work: PublishJob): Promise<PublishJob> {
  const { held, classified, planned, rejections, gone, fetched } = work;
  const isRefused = ({ path }: HeldFile): boolean => fetched.get(path)?.provenance.unproven?.leftOut === true;
  const here = held.files.filter((file) => !gone.has(file.path) && !isRefused(file));
  const removed = new Set(await publishHeld(mirror, work, here, classified, planned, rejections));
  if (removed.size === 0) return work;
  const stays = (file: HeldFile): boolean => !removed.has(file);
  return {
    ...work,
    held: { ...held, files: held.files.filter(stays) },
    classified: {
      ...classified,
      lost: classified.lost.filter(stays),
      quarantined: classified.quarantined.filter(stays),
    },
    planned: { ...planned, plan: { ...planned.plan, drop: planned.plan.drop.filter(stays) } },
  };
}

/** Returns what is to be remembered of a published page. Throws NonsenseError if a person has to look at it. */
async function finish(mirror: Mirror, work: PublishJob, known: ServedAs, done: Published): Promise<FinishedProject> {
  const { held, decision, classified, rejections } = work;
  const { now, drop, hidden, unproven, pages } = done;
  mirror.storageBudget.release(bytesOf(drop));
  rejections.report();
  const rows = rejections.rows(true);
  const published = {
    ...finishedOf(work, known),
    source: mirror.selection.sourceOf(work.due.name),
    drop,
    unproven,
    pages: { ...pages, upstream: known.sha256 },
    rejected: rows,
  };
  const { policy } = mirror.selection;
  let finished: FinishedProject = published;
  if (policy !== undefined && decision !== undefined) {
    // With pages only, the files that are held stay, and so do their requirements.
    const kept = held.files.filter(
      (file) => !drop.includes(file) && !classified.lost.includes(file) && !classified.quarantined.includes(file),
    );
    const heldNow = mirror.settings.indexOnly ? kept : now;
    if (policy.dependencies)
      await recordRequirements(
        mirror,
        work.due.name,
        heldNow.filter((file) => file !== undefined),
      );
    const { firstPlan: first, planned } = work;
    const isAsPlanned = first?.planned.plan.files === planned.plan.files && planned.chosen.hidden === hidden;
    const plan = first !== undefined && isAsPlanned ? first.plan : planRecordOf(mirror, decision, work, hidden);
    finished = {
      ...published,
      plan: { ...plan, resultDigest: resultDigestOf(work.planned.chosen, policy, work.due.name) },
    };
  }
  const alarm = alarmOf(work);
  if (alarm === undefined) return finished;
  mirror.state.finish([{ ...finished, etag: undefined, partly: true }]);
  throw new NonsenseError(alarm);
}

/** Returns the problem that a person has to look at, although everything that is right is published. */
function alarmOf({ classified, planned }: PublishJob): string | undefined {
  const { rejected, source } = planned;
  const all = rejected.length + source.page.files.length;
  const [first, ...more] = rejected.filter(({ isChange }) => isChange === true);
  const others = more.length === 0 ? '' : ` (and ${more.length} more of its files)`;
  if (first !== undefined) return `${classified.url}: ${JSON.stringify(first.filename)}: ${first.problem}${others}`;
  const [example] = rejected;
  if (example === undefined || !isMajority(rejected.length, all)) return undefined;
  return `${classified.url}: ${rejected.length} of ${all} files cannot be taken, such as ${JSON.stringify(example.filename)}: ${example.problem}`;
}

function finishedOf(
  { due, classified, planned }: PublishJob,
  known: ServedAs,
): FinishedProject & { readonly kind: 'published' } {
  const { page, lost, quarantined } = classified;
  const { serial, etag, status = page.status, served = false } = known;
  const why = page.status === 'quarantined' ? upstreamRemovals.quarantined : upstreamRemovals.removed;
  return { kind: 'published', due, serial, etag, status, served, drop: planned.plan.drop, lost, quarantined, why };
}

/** Returns the record of how the page was planned, without the result digest. */
function planRecordOf(
  mirror: Mirror,
  decision: ProjectDecision,
  { classified: { page }, planned: { chosen, plan } }: PublishJob,
  hidden = chosen.hidden,
): Omit<PlanRecord, 'resultDigest'> {
  return {
    decisionKey: mirror.selection.decisionKeyOf(decision),
    nextChange: chosen.nextChange,
    rule: explainReason(decision.because),
    bytes: sumOf(plan.files.map(({ file }) => file.size ?? 0)),
    page: pageToStore(mirror, page, plan.files, hidden),
  };
}

/** Reports the files that will be fetched and removed. */
function reportPlan({ report, settings }: Mirror, { due, decision, planned: { plan } }: PublishJob): void {
  const missing = settings.indexOnly ? [] : plan.files.filter((file) => (file.held ?? file.elsewhere) === undefined);
  report({
    type: 'project-planned',
    name: due.name,
    fetch: missing.map(({ path }) => path),
    bytes: bytesToFetch(missing),
    remove: plan.drop.map(({ path }) => path),
    removeBytes: bytesOf(plan.drop),
    rule: decision && explainReason(decision.because),
  });
}

function bytesToFetch(files: readonly PlannedFile[]): number {
  const missing = files.filter((file) => (file.held ?? file.elsewhere) === undefined);
  return sumOf(missing.map(({ file }) => file.size ?? 0));
}

/**
 * Returns the sum of `numbers`, but at most the largest integer that JavaScript represents exactly. An index may claim
 * any size for its files, and the database stores no sum beyond 2^63.
 */
function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return Math.min(sum, Number.MAX_SAFE_INTEGER);
}
