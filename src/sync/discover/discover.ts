/**
 * Discovers what changed upstream and queues it. The changelog is asked first: it is never stale, and it alone names
 * removals. If there is none, upstream may be a mirror of our kind, which has a change feed. The list of all projects
 * starts a mirror, checks once a day for changes that neither of them told, and replaces them if there is none.
 */
import { dayMs, hourMs } from '../../core/durations.ts';
import {
  BusyError,
  NoChangelogError,
  NonsenseError,
  UnreachableError,
  UnreadableError,
  UsageError,
} from '../../core/errors.ts';
import { indexNow } from '../../core/moved-indexes.ts';
import type { ProjectName } from '../../core/names.ts';
import { isWaiting } from '../../core/retry.ts';
import type { ChangelogEntry } from '../../state/changelog-entries.ts';
import {
  type ChangelogState,
  changelogState,
  type ListState,
  listState,
  type MissingState,
  missingState,
  type PageState,
  type PolicyState,
  pageState,
  policyState,
  rootIndexIsDue,
  type SerialState,
  serialState,
} from '../../state/mirror-state.ts';
import { type QueueRequest, requestByName } from '../../state/queue.ts';
import { type Change, change, join, noChange } from '../../state/state-section.ts';
import type { Changes } from '../../upstream/upstream.ts';
import type { Mirror } from '../mirror.ts';
import { confirmAbsences } from '../project/absence.ts';
import { isGoneAfter } from '../project/changelog-status.ts';
import { resolveDependencies } from '../selection/dependencies.ts';
import type { Selection } from '../selection/selection.ts';
import {
  believedSerial,
  confirmedSerial,
  maxPlausibleSerial,
  refuseJump,
  serialJumpError,
  watchSerial,
} from '../serials.ts';
import { enqueueFromOtherIndexes } from './other-indexes.ts';
import { enqueuePolicyChanges, policyKey } from './policy-changes.ts';
import { precomputeRequirements } from './precompute-requirements.ts';
import { enqueueListDifferences } from './project-list.ts';
import { isRelevant } from './relevant-projects.ts';
import { sweep } from './sweep.ts';
import { enqueueFeedChanges, type FeedResult } from './upstream-feed.ts';

/** The state that the previous run has left. */
type Known = SerialState & ChangelogState & ListState & PolicyState & MissingState & PageState;

/** The result of {@link discoverChanges}. */
export interface Discovered {
  /** The selection by which the queue is worked on. */
  readonly selection: Selection;
  /**
   * The error because of which upstream's changes are not known, or not all of them, if nothing else failed. The queue
   * can be worked on all the same.
   */
  readonly trouble: UnreachableError | NonsenseError | undefined;
}

/**
 * Queues everything that has to be synced. Throws UnreachableError, NonsenseError, UsageError, PausedError.
 */
export async function discoverChanges(before: Mirror): Promise<Discovered> {
  const known = prepareQueue(before);
  const hasNewPolicy = policyKey(before) !== (known.policy ?? '');
  const resolved =
    hasNewPolicy && before.selection.policy?.dependencies === true
      ? await precomputeRequirements(before)
      : resolveDependencies(before.selection, before.state, before.report);
  const selection = resolved.beginPass(hasNewPolicy || known.policyUnsettled === true);
  return { selection, trouble: await enqueueAll({ ...before, selection }, known) };
}

/** Returns the state that the previous run has left, after queueing what does not depend on upstream. */
function prepareQueue(mirror: Mirror): Known {
  const { state, clock } = mirror;
  const known: Known = {
    ...state.get(serialState),
    ...state.get(changelogState),
    ...state.get(listState),
    ...state.get(policyState),
    ...state.get(missingState),
    ...state.get(pageState),
  };
  expectSameUpstream(mirror, known);
  // Somebody may have made room since the last run.
  state.queue.makeDue('no-room');
  state.rejectedFiles.enqueueDue(clock.now());
  requeueForNewSettings(mirror, known);
  return known;
}

/** Queues what changed in all indexes and in the policy. Returns the error because of which not all of it is known. */
async function enqueueAll(mirror: Mirror, known: Known): Promise<Discovered['trouble']> {
  const { settings, clock } = mirror;
  const scope = scopeOf(mirror);
  const followed = { upstream: settings.upstream, scope, serialMovedAt: clock.now() };
  const base = join(change(serialState, followed), rootIndexIsDue);
  const isNew =
    known.serial === undefined || !includesScope(known.scope, scope) || known.upstream !== settings.upstream;
  const otherIndexTrouble = await enqueueFromOtherIndexes(mirror);
  const isFollowed = !isNew && !settings.reconcile;
  if (!isFollowed) await enqueueEverything(mirror, known, base);
  const trouble = isFollowed
    ? await upstreamErrorIn(() => enqueueChanges(mirror, known, known.serial ?? 0))
    : undefined;
  enqueueAccepted(mirror);
  if (settings.projects === undefined) await enqueuePolicyChanges(mirror, known, scope, isNew);
  if (trouble !== undefined) {
    if (otherIndexTrouble !== undefined) mirror.report({ type: 'warning', message: otherIndexTrouble.message });
    return trouble;
  }
  await confirmAbsences(mirror);
  if (isNew) return otherIndexTrouble;
  enqueueMissing(mirror, known);
  sweep(mirror);
  return otherIndexTrouble;
}

/** Returns the error of upstream that ended `work` early, if any. Throws all other errors. */
async function upstreamErrorIn(work: () => Promise<void>): Promise<UnreachableError | NonsenseError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof UnreachableError || error instanceof NonsenseError) return error;
    throw error;
  }
}

/**
 * Queues what the changelog or the change feed tells since it was last read, if there is one. Returns the names. Throws
 * UnreachableError, NonsenseError, NoChangelogError, PausedError.
 */
export async function enqueueNews(mirror: Mirror): Promise<readonly ProjectName[]> {
  const { serial } = mirror.state.get(serialState);
  const { changelogRetryAt, feed } = mirror.state.get(changelogState);
  const names = new Set<ProjectName>();
  const collect = (some: Iterable<ProjectName>): void => {
    for (const name of some) names.add(name);
  };
  if (feed !== undefined) await enqueueFeedChanges(mirror, false, collect);
  else if (serial !== undefined && !isWaiting(changelogRetryAt, mirror.clock.now()))
    await enqueueChangelog(mirror, serial, collect);
  return [...names];
}

/**
 * Returns the scope of the mirror's serial: the projects whose changes up to it are known. A project outside of the
 * scope is queued by name when it is added.
 */
function scopeOf({ settings, selection }: Mirror): string {
  if (settings.projects !== undefined) return [...settings.projects].sort().join(' ');
  return selection.names() === undefined ? 'all' : 'named';
}

/** Returns true if a serial with the scope `known` is valid for `scope`, too. */
function includesScope(known: string | undefined, scope: string): boolean {
  return known === scope || (known === 'all' && scope === 'named');
}

/** Queues the projects whose changed files a person has accepted. */
function enqueueAccepted({ state, settings }: Mirror): void {
  const requests = settings.acceptChanges.flatMap((name) => {
    const displayName = state.held.project(name).displayName ?? state.queue.entryOf(name)?.displayName;
    return displayName === undefined ? [] : [requestByName(name, displayName)];
  });
  state.queue.enqueue(requests);
}

/** Returns the projects to sync, or undefined if only the list of all projects tells them. */
function knownProjects({ settings, selection }: Mirror): readonly ProjectName[] | undefined {
  return settings.projects ?? selection.names();
}

/**
 * Queues once a day the projects that are named but missing, because the changelog need not tell that they came back.
 */
function enqueueMissing({ state, settings, selection, clock }: Mirror, { missingRetryAt }: Known): void {
  const now = clock.now();
  const names = settings.projects ?? ((state.get(missingState).missing ?? []) as readonly ProjectName[]);
  const missing = names.filter((name) => selection.includes(name) && !state.held.project(name).published);
  if (missing.length === 0 || isWaiting(missingRetryAt, now)) return;
  // A project that was just found missing is asked for tomorrow. A 404 is believed at once then.
  const isAsked = (name: ProjectName): boolean =>
    missingRetryAt !== undefined && state.queue.entryOf(name) === undefined;
  const requests = missing
    .filter(isAsked)
    .map((name) => ({ ...requestByName(name, undefined), isRemovedUpstream: true }));
  state.queue.enqueue(requests, change(missingState, { missingRetryAt: now + dayMs }));
}

/**
 * Throws UsageError if the upstream is another one than before, since a wrong `--upstream` would replace the mirror by
 * another, project by project. Also throws it if the index has moved.
 */
function expectSameUpstream({ settings }: Mirror, known: Known): void {
  const now = indexNow(settings.upstream);
  if (now !== settings.upstream) {
    throw new UsageError(`${settings.upstream}: is ${now} now; put upstream = "${now}" into mirror.toml`);
  }
  if (!isMoved(known, now) || settings.reconcile) return;
  throw new UsageError(
    `this target mirrors ${known.upstream}, not ${settings.upstream}; put upstream = "${known.upstream}" into its ` +
      'mirror.toml, or add --reconcile to move it to the other one',
  );
}

/** Returns true if the state is of another index than the one at `upstream`. */
function isMoved(known: Known, upstream: string): boolean {
  return known.upstream !== undefined && indexNow(known.upstream) !== upstream;
}

/** Queues all held projects if a setting changed that changes the pages. Files stay as they are. */
function requeueForNewSettings({ state, settings }: Mirror, known: Known): void {
  const provenance = settings.provenance === 'verify' ? [settings.provenance, settings.provenancePolicy] : [];
  const pageForm = JSON.stringify([settings.indexOnly, settings.baseUrl ?? null, ...provenance]);
  const movedAway = isMoved(known, settings.upstream);
  if (movedAway) state.changelog.forgetAbove(0);
  if (known.pageForm === pageForm && !movedAway) return;
  if (known.pageForm === undefined && !movedAway) state.set(change(pageState, { pageForm }));
  else state.queue.enqueueAllHeld(movedAway, change(pageState, { pageForm }));
}

/**
 * Compares everything, and follows the changelog from here: at the start of a mirror, for another selection of
 * projects, and for `--reconcile`.
 */
async function enqueueEverything(mirror: Mirror, known: Known, base: Change): Promise<void> {
  const { state, report, settings } = mirror;
  const names = knownProjects(mirror);
  // The serial is read before the list, so that changes made meanwhile are discovered from the changelog.
  let why: Error | undefined;
  const noChangelog = (error: Error): void => {
    why = error;
  };
  const serial = await lastSerial(mirror, known, noChangelog);
  const feed = serial === undefined ? (await enqueueFeedChanges(mirror, true)).next : undefined;
  if (feed === undefined && why !== undefined) warnOfNoChangelog(mirror, why);
  if (settings.reconcile) state.changelog.forgetAbove(serial ?? 0);
  if (names === undefined) {
    // The list may be older than the changelog. The changes that the list lacks are then read from the changelog again.
    return enqueueListDifferences(mirror, undefined, (listed) => {
      const seen = listed ?? serial ?? 0;
      const from = change(serialState, { serial: Math.min(serial ?? seen, seen) });
      return join(base, change(changelogState, { feed }), from);
    });
  }
  if (settings.reconcile && settings.projects === undefined) state.queue.enqueueAllHeld(true);
  const requests = names.map((name) => requestByName(name, state.held.project(name).displayName));
  state.queue.enqueue(requests, join(base, change(changelogState, { feed }), change(serialState, { serial })));
  report({ type: 'learned', source: 'names', serial });
}

/** Returns upstream's newest serial, or undefined if there is no changelog. */
async function lastSerial(
  mirror: Mirror,
  known: Known,
  noChangelog: (why: Error) => void,
): Promise<number | undefined> {
  if (isWaiting(known.changelogRetryAt, mirror.clock.now())) return undefined;
  return undefinedWithoutChangelog(mirror, known, () => mirror.upstream.serial(), noChangelog);
}

async function enqueueChanges(mirror: Mirror, known: Known, serial: number): Promise<void> {
  const { clock, state, report } = mirror;
  const names = knownProjects(mirror);
  const now = clock.now();
  const asked = !isWaiting(known.changelogRetryAt, now);
  let why: Error | undefined;
  const noChangelog = (error: Error): void => {
    why = error;
  };
  const byChangelog =
    asked && (await undefinedWithoutChangelog(mirror, known, () => enqueueChangelog(mirror, serial), noChangelog));
  // Once there is a changelog, the position in the change feed is not used any more.
  const news: FeedResult = byChangelog
    ? { isFollowed: true, next: undefined }
    : await enqueueFeedChanges(mirror, false);
  if (byChangelog && known.feed !== undefined) state.set(change(changelogState, { feed: undefined }));
  const { isFollowed: followed } = news;
  if (!followed && why !== undefined) warnOfNoChangelog(mirror, why);
  const isDoubtful = news.isDoubtful === true;
  if (followed && !isDoubtful && Math.abs(now - (known.reconciledAt ?? 0)) < dayMs) return;
  if (names === undefined) {
    if (followed) await reconcile(mirror, isDoubtful ? undefined : known.listEtag);
    else {
      const taken = enqueueListDifferences(mirror, known.listEtag, (listed = 0) => {
        refuseJump(mirror, serial, listed, 'the list of projects');
        // The list does not tell everything, such as which release is in quarantine. That is read once the changelog
        // answers again.
        if (why instanceof BusyError && downMs(mirror) < hourMs) return noChange;
        const moved = listed > serial ? { serialMovedAt: now } : {};
        return change(serialState, { serial: Math.max(serial, listed), ...moved });
      });
      await taken.catch((error: unknown) => {
        // An upstream whose changelog failed just now may have to repair more than its list.
        if (!(error instanceof NonsenseError) || why === undefined) throw error;
        throw new NonsenseError(`${why.message}; nor can its list be compared: ${error.message}`, { cause: error });
      });
    }
  } else if (!followed) {
    state.queue.enqueue(names.map((name) => requestByName(name, state.held.project(name).displayName)));
  }
  if (followed) return;
  if (news.next !== undefined) state.set(change(changelogState, { feed: news.next }));
  if (news.why !== undefined)
    report({ type: 'warning', message: `${news.why}; the list of projects was compared instead` });
}

function warnOfNoChangelog({ report }: Mirror, why: Error): void {
  const message = `no changelog, so the list of projects is compared instead: ${why.message}`;
  report({ type: 'warning', message });
}

/** Returns the milliseconds for which the changelog has given no answer. */
function downMs({ state, clock }: Mirror): number {
  return clock.now() - (state.get(changelogState).changelogDownSince ?? clock.now());
}

/**
 * Returns the result of `ask`, or undefined if the list of projects has to be used instead: the changelog is gone for
 * good, refuses us, or has given no readable answer for an hour.
 */
async function undefinedWithoutChangelog<T>(
  mirror: Mirror,
  known: Known,
  ask: () => Promise<T>,
  tell: (why: Error) => void,
): Promise<T | undefined> {
  const { state, clock } = mirror;
  const now = clock.now();
  try {
    const answer = await ask();
    if (known.changelogDownSince !== undefined || known.changelogRetryAt !== undefined) {
      state.set(change(changelogState, { changelogDownSince: undefined, changelogRetryAt: undefined }));
    }
    return answer;
  } catch (error) {
    if (error instanceof NoChangelogError) {
      if (error.isLasting)
        state.set(change(changelogState, { changelogRetryAt: now + dayMs, changelogDownSince: undefined }));
    } else if (error instanceof UnreachableError || error instanceof UnreadableError) {
      const since = Math.min(known.changelogDownSince ?? now, now);
      state.set(change(changelogState, { changelogDownSince: since }));
      if (now - since < hourMs && !(error instanceof BusyError)) throw error;
    } else throw error;
    tell(error);
    return undefined;
  }
}

/** Queues the changes up to upstream's newest serial, one transaction for each page of the answer. Returns true. */
async function enqueueChangelog(
  mirror: Mirror,
  from: number,
  onQueued?: (names: Iterable<ProjectName>) => void,
): Promise<true> {
  const { upstream, state, report } = mirror;
  let farthest = maxPlausibleSerial(mirror, from);
  for (let serial = from; ; ) {
    const changes = await upstream.changesSince(serial);
    if (changes.serial > farthest) farthest = (await confirmedSerial(mirror, from, changes.serial)) ?? farthest;
    const known = await believedSerial(mirror, changes);
    const isBelieved = changes.serial <= Math.min(farthest, known);
    const believed = isBelieved ? changes : upTo(Math.min(farthest, known), changes, serial);
    if (believed.serial > serial) {
      const requests = wantedBy(mirror, believed);
      state.queue.enqueue(
        requests,
        change(serialState, { serial: believed.serial, serialMovedAt: mirror.clock.now() }),
      );
      onQueued?.(requests.map(({ name }) => name));
    }
    if (!isBelieved) throw serialJumpError(serial, changes.serial, 'the changelog');
    if (changes.serial === serial && !changes.complete) {
      throw new NonsenseError(`the changelog does not go on after serial ${serial}`);
    }
    serial = changes.serial;
    if (changes.complete) {
      if (serial === from) await watchSerial(mirror, serial);
      report({ type: 'learned', source: 'changelog', serial });
      return true;
    }
  }
}

/** Returns the rows with serials up to `farthest`, which come before the row that jumps. */
function upTo(farthest: number, { rows }: Changes, from: number): Pick<Changes, 'rows' | 'serial'> {
  const believed = rows.filter(({ serial }) => serial <= farthest);
  return { rows: believed, serial: believed.at(-1)?.serial ?? from };
}

/** Returns the queue requests for the projects that the changes concern. */
function wantedBy(mirror: Mirror, { rows }: Pick<Changes, 'rows'>): QueueRequest[] {
  const found = new Map<ProjectName, { displayName: string; rows: ChangelogEntry[] }>();
  for (const { name, displayName, ...row } of rows) {
    if (!isRelevant(mirror, name)) continue;
    const { rows: before = [] } = found.get(name) ?? {};
    before.push(row);
    found.set(name, { displayName, rows: before });
  }
  return [...found].map(([name, { displayName, rows }]) => {
    const isRemovedUpstream = isGoneAfter(rows, mirror.state.queue.entryOf(name)?.isRemovedUpstream ?? false);
    return { name, displayName, serial: rows.at(-1)?.serial ?? 0, isRemovedUpstream, rows };
  });
}

/**
 * Compares the list of projects as a daily safety net for the changelog. If that fails, reports a warning, and a later
 * run tries again.
 */
async function reconcile(mirror: Mirror, listEtag: string | undefined): Promise<void> {
  try {
    await enqueueListDifferences(mirror, listEtag, () => noChange);
  } catch (error) {
    if (!(error instanceof UnreachableError || error instanceof NonsenseError)) throw error;
    mirror.report({ type: 'warning', message: `the list of projects was not compared: ${error.message}` });
  }
}
