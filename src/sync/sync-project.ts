/**
 * One project, as a little transaction of its own: page, bytes, pages, deletions, state. Every step may be repeated,
 * so a run that is killed anywhere is continued by doing the same again.
 */
import { NonsenseError } from '../core/errors.ts';
import { type ProjectName, projectName } from '../core/names.ts';
import { pagePath, projectFolder } from '../core/paths.ts';
import { explainReason } from '../policy/explain.ts';
import type { Due, Finished, HeldFile, HeldProject, Parked } from '../state/state-store.ts';
import { whyNotGone, whyOutlived } from './absence.ts';
import { type Announced, announcedOf } from './announced.ts';
import { healRestored } from './heal-restored.ts';
import { bytesOf, discardFiles, discardUnsettled, missing } from './held-files.ts';
import { knownPage, type SourcePage } from './known-page.ts';
import { lostFiles, newlyLost, withLostFiles } from './lost-files.ts';
import type { Mirror } from './mirror.ts';
import { isProven } from './provenance.ts';
import { publishProject, type SelectedProject } from './publish-project.ts';
import { refuseForgedSerial, whyStale } from './staleness.ts';
import type { Waiting } from './waiting.ts';

/** The brake holds until a person lets it go, but upstream may think better of it. */
const heldBackAgainMs = 24 * 60 * 60_000;

/** What became of a project: what is to be remembered, or why only time can tell. */
export type SyncOutcome = { readonly finished: Finished; readonly stays?: Omit<Parked, 'due'> } | Waiting;

/** Brings one project up to date. Throws UnreachableError, NonsenseError, MismatchError, StorageError, PausedError. */
export async function syncProject(mirror: Mirror, due: Due): Promise<SyncOutcome> {
  const { state, selection } = mirror;
  const held = state.held(due.name);
  const decision = selection.decide(due.name);
  if (decision?.hold === 'none') return leave(mirror, due, held, explainReason(decision.because));
  const project = { due, held, decision };
  if (due.replan === true && !due.removed) {
    const source = await knownPage(mirror, due.name);
    if (source !== undefined) return { finished: await publishProject(mirror, project, source, held) };
  }
  return fromUpstream(mirror, project);
}

async function fromUpstream(mirror: Mirror, project: SelectedProject): Promise<SyncOutcome> {
  const { upstream, selection, state } = mirror;
  const { due, held, decision } = project;
  const announced = announcedOf(due.name, state.announcements.of(due.name));
  const isPlanned =
    isProven(mirror, due.name, held) && state.decisionOf(due.name) === (decision && selection.keyOf(decision));
  // What was lost before it was known to be in quarantine is to be looked at again.
  const etag = isPlanned && !announced.hasQuarantine && (await isIntact(mirror, due, held)) ? held.etag : undefined;
  const answer = await upstream.project(due.name, etag, due.attempts % 2 === 1);
  if (answer.kind === 'absent') {
    if (held.restored) return { finished: await healRestored(mirror, project) };
    return whyNotGone(mirror, due, held) ?? absent(mirror, due, held, announced);
  }
  const serial = answer.kind === 'page' ? answer.page.serial : held.serial;
  if (serial !== undefined && announced.removedAt !== undefined && serial < announced.removedAt) {
    if (held.restored) return { finished: await healRestored(mirror, project) };
    return whyOutlived(mirror, due, held, announced, serial) ?? absent(mirror, due, held, announced);
  }
  if (answer.kind === 'unchanged') return unchanged(mirror, due, held);
  const { page, url } = answer;
  if (projectName(page.name) !== due.name) {
    throw new NonsenseError(`${url}: expected the page of ${due.name}, found that of ${JSON.stringify(page.name)}`);
  }
  const stale = whyStale(mirror, due, held, page.serial);
  if (stale !== undefined) return stale;
  refuseForgedSerial(mirror, due, held, page.serial, url);
  if (!held.published) selection.find(due.name);
  const gone = lostFiles(page, held.files).filter((file) => !announced.quarantines(file));
  const lost = await newlyLost(mirror, due.name, gone);
  if (page.status !== 'quarantined' && !mayLose(mirror, due.name, lost)) {
    return withoutLosing(mirror, project, { page, url }, lost);
  }
  const { status } = page;
  return {
    finished: await publishProject(
      mirror,
      project,
      { page, url },
      { serial, status, etag: answer.etag, sha256: answer.sha256, served: true },
    ),
  };
}

function mayLose({ brake }: Mirror, name: ProjectName, lost: readonly HeldFile[]): boolean {
  return lost.length === 0 || brake.allows({ name, isProject: false, files: lost.length });
}

/** What is new appears, and the project stays queued until a person has looked at what would go. */
async function withoutLosing(
  mirror: Mirror,
  project: SelectedProject,
  source: SourcePage,
  lost: readonly HeldFile[],
): Promise<SyncOutcome> {
  const { due, held } = project;
  const waiting = heldBack(`upstream lists ${lost.length} of its files no more`);
  const whole = await withLostFiles(mirror, due.name, source, held, lost);
  if (whole === undefined) return waiting;
  // Without its ETag it is looked at again.
  const known = { serial: held.serial, status: whole.page.status, etag: undefined, served: true };
  const finished = await publishProject(mirror, project, whole, known);
  const { wait: reason, obstacle, delayMs } = waiting;
  return { finished, stays: { reason, obstacle, nextTry: mirror.clock.now() + delayMs } };
}

function heldBack(what: string): Waiting {
  return { wait: `${what}; held back, as too much went at a time`, obstacle: 'held-back', delayMs: heldBackAgainMs };
}

/** The rules do not let the mirror hold it any more; or nothing requires it, which is upstream's doing. */
async function leave(mirror: Mirror, due: Due, held: HeldProject, rule: string): Promise<SyncOutcome> {
  const { files } = held;
  const isOrphan = held.published && mirror.selection.isOrphan(due.name, due.obstacle === 'held-back');
  if (!isOrphan) {
    await removeProject(mirror, due, files, rule);
    return { finished: { kind: 'removed', due, why: rule } };
  }
  const deletion = { name: due.name, isProject: true, files: files.length };
  if (!mirror.brake.allows(deletion) && !(await isQuarantined(mirror, due))) {
    return heldBack('nothing requires it any more');
  }
  const why = 'not required any more';
  await removeProject(mirror, due, files, why);
  return { finished: { kind: 'removed', due, why, lost: files } };
}

/** Asked only where upstream has said something about the project. */
async function isQuarantined({ upstream }: Mirror, { name, replan, attempts }: Due): Promise<boolean> {
  if (replan === true) return false;
  const answer = await upstream.project(name, undefined, attempts % 2 === 1);
  return answer.kind === 'page' && answer.page.status === 'quarantined';
}

/** A page may be kept by its ETag only while everything it links to is really there, and nothing else may be. */
async function isIntact({ files, settings, state }: Mirror, { name }: Due, held: HeldProject): Promise<boolean> {
  if (held.etag === undefined || state.unsettled(name).length > 0) return false;
  const pages = [pagePath('index.html', name), pagePath('index.v1_json', name)];
  if ((await Promise.all(pages.map((page) => files.size(page)))).includes(undefined)) return false;
  return settings.indexOnly || (await missing(files, held.files)).length === 0;
}

function unchanged(mirror: Mirror, due: Due, held: HeldProject): SyncOutcome {
  const stale = whyStale(mirror, due, held, held.serial);
  if (stale !== undefined) return stale;
  return { finished: { kind: 'unchanged', due } };
}

/** Upstream does not have it any more. What was put in quarantine before it went does not stay in any case. */
async function absent(mirror: Mirror, due: Due, held: HeldProject, announced: Announced): Promise<SyncOutcome> {
  const { isQuarantined } = announced;
  const quarantined = held.files.filter((file) => announced.quarantines(file));
  const lost = held.files.filter((file) => !quarantined.includes(file));
  const files = (await newlyLost(mirror, due.name, lost)).length;
  const isHeldBack = (): boolean => !mirror.brake.allows({ name: due.name, isProject: true, files });
  if (held.published && !isQuarantined && isHeldBack()) return heldBack('upstream has removed it');
  mirror.selection.giveUp(due.name);
  const { keepRemoved: keepFiles } = mirror.settings;
  const why = isQuarantined ? 'quarantined upstream' : 'removed upstream';
  await removeProject(mirror, due, keepFiles ? quarantined : held.files, why);
  return { finished: { kind: 'removed', due, why, lost, quarantined, keepFiles } };
}

/** Takes it out of the index, and `files` out of the tree; `rule` says why, for people. */
async function removeProject(mirror: Mirror, { name }: Due, files: readonly HeldFile[], rule: string): Promise<void> {
  const remove = files.map(({ path }) => path);
  const removeBytes = bytesOf(files);
  mirror.report({ type: 'project-planned', name, fetch: [], bytes: 0, remove, removeBytes, rule });
  if (mirror.settings.dryRun) return;
  await discardFiles(mirror, files, [projectFolder(name)]);
  await discardUnsettled(mirror, name, new Set());
  mirror.space.give(removeBytes);
}
