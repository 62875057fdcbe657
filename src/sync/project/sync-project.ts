/**
 * Syncs one project as a small transaction of its own: page, files, our pages, removals, state. Every step may be
 * repeated, so the next run continues after a kill by doing the same again.
 */
import { dayMs, hourMs } from '../../core/durations.ts';
import { NonsenseError, UnreachableError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { filenameOf, legacyJsonFolder, pagePath, projectFolder } from '../../core/paths.ts';
import { staleDelayMs } from '../../core/retry.ts';
import { type SimplePage, withSerial } from '../../formats/simple/simple-json.ts';
import { local } from '../../policy/policy.ts';
import { explainReason } from '../../policy/render-reason.ts';
import type { HeldFile, HeldProject } from '../../state/held-projects.ts';
import { adoptionState, rootIndexIsDue } from '../../state/mirror-state.ts';
import { type Obstacle, type QueuedProject, requestByName } from '../../state/queue.ts';
import { upstreamRemovals } from '../../state/removal-log.ts';
import type { PageDigest, ProjectResponse } from '../../upstream/upstream.ts';
import { hasBegunRemoval } from '../crashed-projects.ts';
import type { Mirror } from '../mirror.ts';
import type { SelectedProject } from '../selection/selected-project.ts';
import { unverifiedReason } from '../snapshot/verify-pages.ts';
import { deferAbsence, deferOldPage } from './absence.ts';
import { type ChangelogStatus, changelogStatusFor } from './changelog-status.ts';
import { bytesOf, discardFiles, discardPendingFiles, missingFiles } from './files/held-files.ts';
import { isProvenanceChecked } from './files/provenance.ts';
import { ProjectRejections } from './files/rejected-files.ts';
import { hideQuarantined } from './hide-quarantined.ts';
import { readCachedPage, type SourcePage } from './page/cached-page.ts';
import { chooseFiles } from './page/choose-files.ts';
import { type ClassifiedPage, classifyPage } from './page/classify-page.ts';
import { newlyDelisted, withDelistedFiles } from './page/delisted-files.ts';
import { mirrorFor, movedFrom, originText } from './page/project-source.ts';
import { publishLocal } from './publish-local.ts';
import { publishProject } from './publish-project.ts';
import { repairRestored } from './repair-restored.ts';
import { deferStalePage, maxStaleMs, refuseForgedSerial } from './staleness.ts';
import type { Deferral, SyncOutcome } from './sync-outcome.ts';

/**
 * Milliseconds until a deletion that is held back is tried again. The deletion limit holds until a person allows the
 * deletion, but upstream may change its mind.
 */
const heldBackRetryMs = dayMs;
/** Milliseconds until a page that upstream's snapshot does not prove is tried again. A newer snapshot may prove it. */
const unprovenRetryMs = hourMs;

/** Brings one project up to date. Throws UnreachableError, NonsenseError, MismatchError, StorageError, PausedError. */
export async function syncProject(whole: Mirror, due: QueuedProject): Promise<SyncOutcome> {
  const { state, selection } = whole;
  const held = state.held.project(due.name);
  const decision = selection.decide(due.name);
  if (decision?.hold === 'none') return removeExcluded(whole, due, held, explainReason(decision.because));
  const mirror = mirrorFor(whole, due.name);
  const project = { due, held, decision };
  const elsewhere = movedFrom(mirror, due.name, held);
  if (elsewhere !== undefined) return replaceFromOtherIndex(mirror, project, elsewhere);
  if (decision?.hold === local) return syncLocal(mirror, project);
  if (due.replan === true && !due.isRemovedUpstream) {
    const source = await readCachedPage(mirror, due.name);
    if (source?.isComplete === true) {
      const classified = classifyPage(mirror, project, source);
      return (
        (await removeIfUnwanted(mirror, project, classified)) ?? {
          finished: await publishProject(mirror, project, classified, held),
        }
      );
    }
  }
  return syncFromUpstream(mirror, project);
}

/**
 * Replaces what is held of a project from the index that it came from before. All of it is removed at once, so that the
 * project is never a mixture, but only after the right index has answered.
 */
async function replaceFromOtherIndex(mirror: Mirror, project: SelectedProject, before: string): Promise<SyncOutcome> {
  const { state, selection, settings, report } = mirror;
  const { due, held } = project;
  const { name } = due;
  const now = originText(selection.sourceOf(name), settings.upstream);
  const isLocal = project.decision?.hold === local;
  if (isLocal && isAllHere(mirror, project)) return syncLocal(mirror, project);
  const answer = isLocal ? undefined : await mirror.upstream.project(name, undefined, false);
  // A state that was made anew from the tree does not know the origin of anything.
  const isOfTree = state.get(adoptionState).adopted !== undefined && held.source === undefined;
  const isSame = answer?.kind === 'page' ? isAllOn(answer.page, project) : isOfTree && answer !== undefined;
  if (isSame) {
    mirror.memoryBudget.release(name);
    // That upstream's list lacks the project proves nothing about another index.
    const isUnconfirmed = isOfTree && due.isRemovedUpstream && due.obstacle !== 'absent';
    if (isUnconfirmed) state.changelog.markListed([name]);
    const mine = { ...project, due: { ...due, isRemovedUpstream: due.isRemovedUpstream && !isUnconfirmed } };
    return syncFromUpstream(mirror, { ...mine, held: { ...held, serial: undefined, etag: undefined } });
  }
  // A restored project stays until the right index has it.
  if (answer?.kind === 'absent' && held.restored) return { finished: await repairRestored(mirror, project) };
  report({ type: 'warning', message: `${name}: comes from ${now} now; what was held from ${before} is replaced` });
  // The reason is public, so it does not name the other index.
  const why = 'comes from elsewhere now';
  await removeProject(mirror, due, held.files, why);
  if (!settings.dryRun) {
    state.finish([{ kind: 'removed', due, why }]);
    state.queue.enqueue([requestByName(name, held.displayName)], rootIndexIsDue);
  }
  const gone = { ...state.held.project(name), ...(settings.dryRun && notHeld) };
  const moved = { ...project, due: asNewlyQueued(due), held: gone };
  if (answer === undefined) return syncLocal(mirror, moved);
  if (answer.kind === 'absent') {
    mirror.missingProjects.markMissing(selection, name);
    return { finished: { kind: 'removed', due: moved.due, why } };
  }
  mirror.memoryBudget.release(name);
  return syncFromUpstream(mirror, moved);
}

/** Returns true if the page lists every held file with the same hash, so that nothing has to be replaced. */
function isAllOn({ files }: SimplePage, { held }: SelectedProject): boolean {
  const listed = new Set(files.map(({ filename, sha256 }) => `${filename} ${sha256}`));
  return held.files.length > 0 && held.files.every(({ path, sha256 }) => listed.has(`${filenameOf(path)} ${sha256}`));
}

/** Returns true if every held file is one that somebody has put below `packages/`. */
function isAllHere({ localFiles, state }: Mirror, { due, held }: SelectedProject): boolean {
  const here = new Set(localFiles.of(due.name));
  const isOfTree = held.files.length > 0 || state.get(adoptionState).adopted !== undefined;
  return here.size > 0 && isOfTree && held.files.every(({ path }) => here.has(path));
}

/** Syncs a project whose files somebody has put below `packages/`. Only that person removes them. */
async function syncLocal(mirror: Mirror, project: SelectedProject): Promise<SyncOutcome> {
  const { due } = project;
  const paths = mirror.localFiles.of(due.name);
  if (paths.length > 0) {
    mirror.missingProjects.markFound(mirror.selection, due.name);
    return { finished: await publishLocal(mirror, project, paths) };
  }
  // Otherwise the projects that require it would queue it again and again in this run.
  mirror.missingProjects.markMissing(mirror.selection, due.name);
  const why = 'no file of it lies below packages/';
  if (project.held.published) await removeProject(mirror, due, [], why);
  return { finished: { kind: 'removed', due, why } };
}

/**
 * Returns the project as if it had been queued for the first time, and removed by upstream: if the index that is asked
 * for it now does not have it, its 404 is believed at once.
 */
function asNewlyQueued({ name, displayName, since, attempts }: QueuedProject): QueuedProject {
  return { name, displayName, since, attempts, serial: 0, isRemovedUpstream: true, obstacle: undefined };
}

const notHeld = { published: false, serial: undefined, etag: undefined, status: undefined, files: [] };

/** A page that upstream served and that may be taken. */
interface TakenPage {
  readonly taken: ProjectResponse & { readonly kind: 'page' };
  /** True if the page tells of a quarantine but a later page is still expected. */
  readonly isEarly: boolean;
}

async function syncFromUpstream(mirror: Mirror, project: SelectedProject): Promise<SyncOutcome> {
  const changelogStatus = changelogStatusFor(mirror, project.due.name);
  let found: TakenPage | SyncOutcome;
  try {
    found = await askUpstream(mirror, project, changelogStatus);
  } catch (error) {
    const isOfPage = error instanceof UnreachableError || error instanceof NonsenseError;
    if (!isOfPage) throw error;
    // The changelog and the list both say that the project was removed, and nothing contradicts them.
    if (changelogStatus.isUnlisted && !project.held.restored)
      return removeAbsent(mirror, project.due, project.held, changelogStatus);
    await hideQuarantined(mirror, project, changelogStatus);
    throw error;
  }
  if ('taken' in found) return takePage(mirror, project, found);
  if ('reason' in found) await hideQuarantined(mirror, project, changelogStatus);
  return found;
}

/** Resolves with upstream's page, or with the outcome if there is no page to take. */
async function askUpstream(
  mirror: Mirror,
  project: SelectedProject,
  changelogStatus: ChangelogStatus,
): Promise<TakenPage | SyncOutcome> {
  const { upstream, selection, state } = mirror;
  const { due, held, decision } = project;
  const isPlanned =
    isProvenanceChecked(mirror, due.name, held) &&
    state.plans.decisionKeyOf(due.name) === (decision && selection.decisionKeyOf(decision));
  // Files that were removed before the quarantine was known have to be classified again.
  const isToBeRead = changelogStatus.hasQuarantine || new ProjectRejections(mirror, project).isDue;
  const etag = isPlanned && !isToBeRead && (await isIntact(mirror, due, held)) ? held.etag : undefined;
  const answer = await upstream.project(due.name, etag, bypassesCache(due));
  const isRestoredHere = answer.kind === 'absent' && held.restored;
  const unproven = isRestoredHere ? undefined : unverifiedReason(mirror, due.name, digestIn(answer));
  if (unproven !== undefined) return { reason: unproven, obstacle: 'unproven', delayMs: unprovenRetryMs };
  if (answer.kind === 'absent') {
    if (!held.published) mirror.missingProjects.noteAbsent(due.name);
    if (held.restored) return { finished: await repairRestored(mirror, project) };
    return deferAbsence(mirror, due, held) ?? removeAbsent(mirror, due, held, changelogStatus);
  }
  const serial = answer.kind === 'page' ? answer.page.serial : held.serial;
  if (serial !== undefined && changelogStatus.removedAt !== undefined && serial < changelogStatus.removedAt) {
    if (held.restored) return { finished: await repairRestored(mirror, project) };
    return deferOldPage(mirror, due, held, changelogStatus, serial) ?? removeAbsent(mirror, due, held, changelogStatus);
  }
  if (answer.kind === 'unchanged') return unchanged(mirror, due, held);
  const { page, url } = answer;
  if (projectName(page.name) !== due.name) {
    throw new NonsenseError(`${url}: expected the page of ${due.name}, found that of ${JSON.stringify(page.name)}`);
  }
  const isEarly = page.status === 'quarantined' && isOlderThanExpected(mirror, project, page.serial);
  const stale = isEarly ? undefined : deferStalePage(mirror, due, held, page.serial);
  if (stale !== undefined) return stale;
  refuseForgedSerial(mirror, due, held, page.serial, url);
  return { taken: answer, isEarly };
}

async function takePage(mirror: Mirror, project: SelectedProject, { taken, isEarly }: TakenPage): Promise<SyncOutcome> {
  const { page, url, etag, sha256 } = taken;
  const { due, held } = project;
  if (!held.published) mirror.missingProjects.markFound(mirror.selection, due.name);
  if (isEarly) return publishQuarantine(mirror, project, { page, url });
  const classified = classifyPage(mirror, project, { page, url });
  const lost = await newlyDelisted(mirror, due.name, classified.lost);
  const shown = held.files.length - (classified.lost.length - lost.length);
  if (page.status !== 'quarantined' && !mayRemoveFiles(mirror, due.name, held, lost.length, shown))
    return publishKeepingFiles(mirror, project, classified, lost);
  const unwanted = await removeIfUnwanted(mirror, project, classified);
  if (unwanted !== undefined) return unwanted;
  const known = { serial: page.serial, status: page.status, etag, sha256, served: true };
  return { finished: await publishProject(mirror, project, classified, known) };
}

/**
 * Removes the project if upstream has no file that is wanted, because a page would offer a project of which nothing can
 * be installed. Returns undefined if the project is wanted.
 */
async function removeIfUnwanted(
  mirror: Mirror,
  { due, held, decision }: SelectedProject,
  classified: ClassifiedPage,
): Promise<SyncOutcome | undefined> {
  const { page, rejected, lost } = classified;
  if (decision === undefined || rejected.length > 0 || page.status === 'quarantined') return undefined;
  if (mirror.selection.policy?.unmirrored === 'upstream') return undefined;
  const { unsatisfied } = chooseFiles(mirror, decision, page);
  if (!unsatisfied.isAll) return undefined;
  mirror.missingProjects.recordUnsatisfied(mirror.selection, decision, unsatisfied);
  mirror.missingProjects.markMissing(mirror.selection, due.name);
  const why = 'upstream has nothing of it that is asked for';
  await removeProject(mirror, due, held.files, why);
  return { finished: { kind: 'removed', due, why, lost } };
}

/** Returns true if a later page is expected. */
function isOlderThanExpected({ clock }: Mirror, { due, held }: SelectedProject, serial: number | undefined): boolean {
  if (serial === undefined) return held.serial !== undefined;
  const isForGood = due.obstacle === 'stale' && clock.now() - due.since >= maxStaleMs;
  return serial < (held.serial ?? 0) || (serial < due.serial && !isForGood);
}

/**
 * Publishes a quarantine from a page that is older than expected. Every page that tells of a quarantine is believed.
 * The project stays queued for the expected page.
 */
async function publishQuarantine(mirror: Mirror, project: SelectedProject, source: SourcePage): Promise<SyncOutcome> {
  const { due, held } = project;
  const { serial = 0, status } = source.page;
  const page = withSerial(source.page, Math.max(serial, held.serial ?? 0));
  const classified = classifyPage(mirror, project, { ...source, page });
  const finished = await publishProject(mirror, project, classified, { serial: page.serial, status, etag: undefined });
  const delayMs = staleDelayMs(due.attempts + 1);
  const reason = `it is in quarantine by a page with serial ${serial}, expected ${Math.max(due.serial, held.serial ?? 0)}`;
  return { finished, parked: { reason, obstacle: 'stale', nextTry: mirror.clock.now() + delayMs } };
}

function digestIn(answer: ProjectResponse): PageDigest {
  return answer.kind === 'page' ? answer.sha256 : answer.kind;
}

/** Returns true if the deletion limit allows removing `files` files of a project whose page has `shown` files. */
function mayRemoveFiles(
  { deletionLimit }: Mirror,
  name: ProjectName,
  { source }: HeldProject,
  files: number,
  shown: number,
): boolean {
  return (
    files === 0 ||
    deletionLimit.admit({ name, isProject: false, isRemoval: false, files, share: files / shown, source })
  );
}

/**
 * Publishes the new files and keeps the `lost` ones. The project stays queued until a person has decided about the
 * removal.
 */
async function publishKeepingFiles(
  mirror: Mirror,
  project: SelectedProject,
  classified: ClassifiedPage,
  lost: readonly HeldFile[],
): Promise<SyncOutcome> {
  const { due, held } = project;
  const waiting = heldBackDeferral('held-back', `upstream lists ${lost.length} of its files no more`);
  const whole = await withDelistedFiles(mirror, due.name, classified, held, lost);
  if (whole === undefined) return waiting;
  // Without an ETag the page is fetched again at the next try.
  const known = { serial: held.serial, status: whole.page.status, etag: undefined, served: true };
  const finished = await publishProject(mirror, project, whole, known);
  const { reason, obstacle, delayMs } = waiting;
  return { finished, parked: { reason, obstacle, nextTry: mirror.clock.now() + delayMs } };
}

function heldBackDeferral(obstacle: Obstacle, what: string): Deferral {
  return { reason: `${what}; held back by the deletion limit`, obstacle, delayMs: heldBackRetryMs };
}

/**
 * Removes a project that the rules no longer let the mirror hold. If the reason is that no release requires it any
 * more, which is upstream's doing, the deletion limit applies.
 */
async function removeExcluded(
  mirror: Mirror,
  due: QueuedProject,
  held: HeldProject,
  rule: string,
): Promise<SyncOutcome> {
  const { files } = held;
  const isOrphan = held.published && mirror.selection.isOrphan(due.name, due.obstacle === 'held-back');
  if (!isOrphan) {
    await removeProject(mirror, due, files, rule);
    return { finished: { kind: 'removed', due, why: rule } };
  }
  const { source } = held;
  const deletion = { name: due.name, isProject: true, isRemoval: false, files: files.length, share: 1, source };
  const isHeldBack = !(await hasBegunRemoval(mirror, due)) && !mirror.deletionLimit.admit(deletion);
  if (isHeldBack && !(await isQuarantined(mirror, due))) {
    return heldBackDeferral('held-back', 'nothing requires it any more');
  }
  const why = upstreamRemovals.notRequired;
  await removeProject(mirror, due, files, why);
  return { finished: { kind: 'removed', due, why, lost: files } };
}

/** Returns true for every second try: a cache before upstream may keep an old page, and be broken itself. */
function bypassesCache({ attempts }: QueuedProject): boolean {
  return attempts % 2 === 1;
}

/** Returns true if upstream's page is in quarantine. Asks only if upstream has said something about the project. */
async function isQuarantined({ upstream }: Mirror, due: QueuedProject): Promise<boolean> {
  if (due.replan === true) return false;
  const answer = await upstream.project(due.name, undefined, bypassesCache(due));
  return answer.kind === 'page' && answer.page.status === 'quarantined';
}

/**
 * Returns true if the project's pages and all files that they link to are in place, and no file is pending. Only then
 * may an ETag be sent to upstream.
 */
async function isIntact(
  { files, settings, state }: Mirror,
  { name }: QueuedProject,
  held: HeldProject,
): Promise<boolean> {
  if (held.etag === undefined || state.held.pendingFiles(name).length > 0) return false;
  const pages = [pagePath('index.html', name), pagePath('index.v1_json', name)].filter((page) => !files.isRemote(page));
  if ((await Promise.all(pages.map((page) => files.size(page)))).includes(undefined)) return false;
  return settings.indexOnly || (await missingFiles(files, held.files)).length === 0;
}

function unchanged(mirror: Mirror, due: QueuedProject, held: HeldProject): SyncOutcome {
  const stale = deferStalePage(mirror, due, held, held.serial);
  if (stale !== undefined) return stale;
  return { finished: { kind: 'unchanged', due } };
}

/**
 * Removes a project that upstream no longer has, if the deletion limit allows it. Files in quarantine are discarded
 * even if the mirror keeps removed files.
 */
async function removeAbsent(
  mirror: Mirror,
  due: QueuedProject,
  held: HeldProject,
  changelogStatus: ChangelogStatus,
): Promise<SyncOutcome> {
  const { isQuarantined } = changelogStatus;
  const quarantined = held.files.filter((file) => changelogStatus.isQuarantinedFile(file));
  const lost = held.files.filter((file) => !quarantined.includes(file));
  const files = (await newlyDelisted(mirror, due.name, lost)).length;
  const isAdmitted = (): boolean =>
    mirror.deletionLimit.admit({
      name: due.name,
      isProject: true,
      isRemoval: true,
      files,
      share: 1,
      source: held.source,
    });
  if (held.published && !isQuarantined && !(await hasBegunRemoval(mirror, due)) && !isAdmitted()) {
    return heldBackDeferral('removal-held-back', 'upstream has removed it');
  }
  mirror.missingProjects.markMissing(mirror.selection, due.name);
  const { keepRemoved: keepFiles } = mirror.settings;
  const why = isQuarantined ? upstreamRemovals.quarantined : upstreamRemovals.removed;
  await removeProject(mirror, due, keepFiles ? quarantined : held.files, why);
  return { finished: { kind: 'removed', due, why, lost, quarantined, keepFiles } };
}

/** Removes the project from the index, and `files` from the tree. `rule` is the reason, for people. */
async function removeProject(
  mirror: Mirror,
  { name }: QueuedProject,
  files: readonly HeldFile[],
  rule: string,
): Promise<void> {
  const remove = files.map(({ path }) => path);
  const removeBytes = bytesOf(files);
  mirror.report({ type: 'project-planned', name, fetch: [], bytes: 0, remove, removeBytes, rule });
  if (mirror.settings.dryRun) return;
  await discardFiles(mirror, files, [projectFolder(name), legacyJsonFolder(name)]);
  await discardPendingFiles(mirror, name, new Set());
  mirror.storageBudget.release(removeBytes);
}
