/** One run under the lock: adopts what is there, mirrors, notifies other mirrors, and publishes the result. */
import { setMaxListeners } from 'node:events';
import { inspect } from 'node:util';
import { plural } from '../../core/counts.ts';
import { minuteMs } from '../../core/durations.ts';
import { PausedError, StorageError, TooLargeError } from '../../core/errors.ts';
import type { Report } from '../../core/report.ts';
import type { StoreUsage } from '../../core/store-usage.ts';
import type { Policy } from '../../policy/policy.ts';
import type { ProvenanceVerifier } from '../../provenance/provenance-verifier.ts';
import { adoptionState, indexState, runState, serialState } from '../../state/mirror-state.ts';
import type { RunRecord, RunResults } from '../../state/run-history.ts';
import { change, join } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';
import type { Mirror } from '../../sync/mirror.ts';
import { failureText } from '../../sync/project/failure-message.ts';
import { sync } from '../../sync/sync.ts';
import type { Settings } from '../config/settings.ts';
import { publishStatus } from '../inspect/publish-status.ts';
import { writeMetrics } from '../metrics/write-metrics.ts';
import type { Access } from '../network/open-upstreams.ts';
import { announce, lines } from '../output/lines.ts';
import { isoTime, shortTime } from '../output/units.ts';
import { exitCodeOf, exitCodes } from '../program/exit-codes.ts';
import type { PauseRequest } from '../program/signals.ts';
import { systemClock } from '../program/system-clock.ts';
import type { MirrorOwner } from '../storage/mirror-owner.ts';
import { StateCopies } from '../storage/state-copies.ts';
import { adoptTarget, discardOldStateIfComplete } from '../target/adopt-target.ts';
import { requestAgeMs, type Target } from '../target/target.ts';
import { AlarmLog } from './alarm-log.ts';
import { expectSpace, smallerMirrors } from './check-room.ts';
import { heldBackText } from './held-back-text.ts';
import { notifyAll } from './notify-downstream.ts';
import { openMirror, type SnapshotKeys } from './open-mirror.ts';
import { endOutage, noteOutage } from './outage.ts';
import { runHooks } from './run-hooks.ts';
import { beginRun, RunMarker } from './run-marker.ts';
import { rememberHooks, runResults } from './run-results.ts';
import { RunTotals } from './run-totals.ts';
import { chooseView, conclude, type RunArguments, type View } from './run-view.ts';
import { SitePages } from './site-pages.ts';
import { isWrittenHere, keepSyncLog, takeSyncLog } from './sync-log.ts';
import { isWaitingUrgent, waitingText } from './waiting-projects.ts';

/**
 * Milliseconds after which a waiting request is reported as neglected. If cron takes up requests, it does so every
 * quarter of an hour.
 */
const maxRequestMs = 20 * minuteMs;

const reportBug =
  'This is a bug of pep381client, please report it. What was done so far is right, and the next run goes on.';

export interface OneRun {
  readonly command: RunArguments;
  readonly target: Target;
  readonly settings: Settings;
  readonly policy: Policy | undefined;
  readonly verifier: ProvenanceVerifier | undefined;
  /** The secret that notices to other mirrors are signed with. */
  readonly secret: Uint8Array | undefined;
  readonly keys: SnapshotKeys;
  readonly access: Access;
  readonly pause: PauseRequest;
  /** This machine as the one that publishes; undefined without a lease. */
  readonly owner: MirrorOwner | undefined;
}

/** The result of a run. */
interface RunEnd {
  readonly code: number;
  readonly failure: unknown;
  readonly summary: string;
  /** The number of projects that are still queued; set if the run was paused. */
  readonly pausedWith?: number;
  /** The number of deletions that are held back. */
  readonly heldBack: number;
  /** True if the failure is one that quiet runs have printed already. */
  readonly isTold?: boolean;
  /** A line about an outage that is over. */
  readonly recovered?: string | undefined;
  /** A line about what earlier runs could not finish; set if nothing else explains exit code 1. */
  readonly waiting?: string | undefined;
}

type Opened = Awaited<ReturnType<typeof openMirror>>;

/** Runs once. Resolves with the exit code. The caller holds the lock. */
export async function runOnce(run: OneRun): Promise<number> {
  const { command, target, settings, policy, verifier, keys, access, pause, owner } = run;
  const startedMs = Date.now();
  const tally = new RunTotals();
  const report: Report = (event) => {
    tally.count(event);
    view.report(event);
    mark.touch();
    if (event.type === 'alarm' && !dryRun) alarms.note(event.message);
  };
  const { dryRun, reconcile, acceptChanges, allowDeletions } = command;
  const stop = new AbortController();
  const signal = AbortSignal.any([pause.signal, stop.signal]);
  setMaxListeners(0, signal);
  const clock = systemClock;
  const asked = { reconcile, acceptChanges, allowDeletions, dryRun };
  const mirrored = { target, settings, policy, verifier, keys, access, owner };
  const opened = await openMirror({ ...mirrored, ...asked, clock, report, signal });
  const mark = new RunMarker(opened.mirror);
  const pages = new SitePages(opened.mirror, policy);
  const copies = new StateCopies(owner, opened.mirror.state, () => tally.hasChanged);
  const alarms = new AlarmLog(opened.mirror.state, clock, settings.hooks.onAlarm !== undefined);
  const isRead = !isWrittenHere(target.syncLog);
  const hint = command.quiet || dryRun ? undefined : rootHint(opened.mirror.state, target.root, process.getuid?.());
  if (hint !== undefined) announce(settings, 'root', hint);
  const resumed = command.quiet || dryRun ? undefined : resumedText(opened.mirror);
  if (resumed !== undefined) announce(settings, 'resumed', resumed);
  const view = chooseView(command, settings, policy, target);
  // A first run takes days, and monitoring shows how it gets on.
  const isMeasured = settings.metricsFile !== undefined && !dryRun;
  const measuring = isMeasured ? setInterval(() => void measure(run, opened.mirror), minuteMs).unref() : undefined;
  let end: RunEnd;
  try {
    if (!dryRun) tellUnread(target, alarms, isRead, report);
    const failure = await work(run, opened.mirror, startedMs, stop, pages);
    await notify(run, opened.mirror, tally, failure);
    // The pages that are made at the end show them.
    if (!dryRun) alarms.storeIfPossible();
    end = await endOf(run, opened, tally, failure, startedMs, pages);
    if (!dryRun) await tell(run, opened, alarms, tally, end);
    const message = dryRun ? undefined : await measure(run, opened.mirror);
    if (message !== undefined) report({ type: 'warning', message });
    if (!dryRun) end = await copied(end, copies);
    // What a paused run has to say with -q, the next one says.
    if (!dryRun && isRead && (end.pausedWith === undefined || !command.quiet)) alarms.forgetUnread();
  } finally {
    clearInterval(measuring);
    mark.stop();
    await pages.stop();
    await copies.stop();
    view.end();
    await opened.close();
  }
  printEnd(run, tally, end, view);
  return end.code;
}

/** Makes the last copy of the state. A run whose state another machine could not go on with has failed. */
async function copied(end: RunEnd, copies: StateCopies): Promise<RunEnd> {
  if (end.failure instanceof StorageError) return end;
  const failure = await copies.end();
  return failure === undefined || end.pausedWith !== undefined ? end : { ...end, failure, code: exitCodes.storage };
}

/** Returns advice for a person who runs everything as root, or undefined if it does not apply or was given before. */
function rootHint(state: StateStore, root: string, uid: number | undefined): string | undefined {
  if (uid !== 0 || state.get(runState).toldRoot === true) return undefined;
  state.set(change(runState, { toldRoot: true }));
  return `Root is not needed. Safer: useradd --system pypi && chown -R pypi ${root}, and run it as that user (said once)`;
}

/** Reports what earlier runs could not tell anybody, unless nobody reads this one either. */
function tellUnread({ syncLog, keptSyncLog }: Target, alarms: AlarmLog, isRead: boolean, report: Report): void {
  const log = takeSyncLog(syncLog);
  const problem = log === undefined || log.lines.length === 0 ? undefined : keepSyncLog(keptSyncLog, log);
  if (problem !== undefined) report({ type: 'warning', message: problem });
  for (const message of alarms.takeUnread(log?.lines ?? [], isRead)) report({ type: 'alarm', message });
  if (log?.problem !== undefined) report({ type: 'alarm', message: log.problem });
}

/** Starts the hooks, unless the run is paused: the next one has the same to tell. */
async function tell(
  { settings: { hooks }, target, pause }: OneRun,
  { mirror: { state, clock, report }, changedPaths }: Opened,
  alarms: AlarmLog,
  tally: RunTotals,
  { code, failure, pausedWith }: RunEnd,
): Promise<void> {
  if (pausedWith !== undefined || failure instanceof StorageError) return;
  alarms.store();
  const { root } = target;
  const { signal } = pause;
  const failures = await runHooks({ hooks, root, state, changedPaths, tally, code, report, signal, now: clock.now });
  rememberHooks(state, failures, clock.now());
}

/** Writes the metrics, if there is a file for them. Resolves with why that was not possible. */
function measure(
  { target: { root }, settings: { metricsFile } }: OneRun,
  { state, files }: Mirror,
): Promise<string | undefined> {
  return writeMetrics(metricsFile, { root, state, files });
}

/** Does the work of a run. Resolves with the error that ended it early, or undefined. */
async function work(
  { command, target, policy }: OneRun,
  mirror: Mirror,
  startedMs: number,
  stop: AbortController,
  pages: SitePages,
): Promise<unknown> {
  const waitedMs = requestAgeMs(target, startedMs) ?? 0;
  if (waitedMs > maxRequestMs) {
    mirror.report({ type: 'warning', message: `${target.requestFlag}: ${neglectedRequestText(waitedMs)}` });
  }
  for (const message of policy?.warnings ?? []) mirror.report({ type: 'warning', message });
  const mirroring = async (): Promise<void> => {
    const died = command.dryRun ? undefined : await beginRun(mirror, startedMs);
    if (died !== undefined && command.quiet) lines.err(`Warning: ${died}`);
    if (died !== undefined) await pages.begin();
    if (!command.dryRun) await adoptTarget(target, mirror);
    if (!command.dryRun) await expectSpace(target, mirror, command.all);
    await sync(mirror);
    if (!command.dryRun) discardOldStateIfComplete(target, mirror);
  };
  const uncaught = watchUncaught();
  const ended = mirroring();
  try {
    await Promise.race([ended, uncaught.thrown]);
    return undefined;
  } catch (error) {
    // Whatever still works although an error was thrown beside it has to stop before the lock is released.
    stop.abort();
    await Promise.allSettled([ended]);
    return error;
  } finally {
    uncaught.end();
  }
}

interface Uncaught {
  /** Rejects with an error that was thrown in a callback of Node, or in a promise that nobody waits for. */
  readonly thrown: Promise<never>;
  /** Stops listening, so that Node handles such errors again. */
  end(): void;
}

/** Listens for errors that nobody can catch. They must not end the process before the end of the run is recorded. */
function watchUncaught(): Uncaught {
  let listener = (_error: unknown): void => {};
  const thrown = new Promise<never>((_, reject) => {
    listener = reject;
  });
  // Prevents an unhandled rejection here. The caller awaits a promise that is derived from this one.
  thrown.catch(() => {});
  process.on('uncaughtException', listener);
  return { thrown, end: () => process.removeListener('uncaughtException', listener) };
}

function neglectedRequestText(waitedMs: number): string {
  return `a request waited ${Math.round(waitedMs / minuteMs)} minutes for a run; can pep381sync.cgi start one?`;
}

async function notify(run: OneRun, mirror: Mirror, tally: RunTotals, failure: unknown): Promise<void> {
  const { command, settings, secret, pause } = run;
  if (command.dryRun || pause.signal.aborted || failure instanceof StorageError) return;
  if (tally.projects.published + tally.projects.removed + tally.pages === 0) return;
  const { report, clock, state } = mirror;
  const { serial } = state.get(serialState);
  await notifyAll({ urls: settings.notify, secret, serial, clock, report, pause: pause.signal });
}

async function endOf(
  run: OneRun,
  { mirror, storeUsage }: Opened,
  tally: RunTotals,
  ended: unknown,
  startedMs: number,
  pages: SitePages,
): Promise<RunEnd> {
  let failure = ended;
  const { command, pause, policy } = run;
  const isPaused = failure instanceof PausedError || (failure !== undefined && pause.signal.aborted);
  const finishedMs = mirror.clock.now();
  const seconds = (Date.now() - startedMs) / 1000;
  const result = { startedMs, finishedMs, budgetBytes: policy?.budget?.size?.value };
  if (isPaused) {
    const code = pause.exitCode();
    if (!command.dryRun) markEnd(mirror, tally, failure, { ...result, exitCode: code }, isPaused, storeUsage?.());
    const problem = await pages.end(undefined, true);
    if (problem !== undefined) mirror.report({ type: 'warning', message: pagesText(problem) });
    const summary = tally.summary(seconds, command.dryRun);
    const { queued, heldBack } = mirror.state.totals();
    return { code, failure, summary, heldBack, pausedWith: queued };
  }
  const recordNow = (): RunRecord => {
    const exitCode = finalCode(mirror, tally, failure);
    const sums = tally.summary(seconds, command.dryRun);
    const summary = exitCode === exitCodes.bug ? `Ended by an error of pep381client. ${sums}` : sums;
    return { startedMs, finishedMs, exitCode, summary, results: resultsOf(mirror, tally, storeUsage?.()) };
  };
  const hasNews = tally.hasChanged || tally.parked.size + tally.alarms.length > 0;
  const problem = await pages.end(recordNow(), hasNews);
  if (problem !== undefined) {
    if (failure === undefined && problem instanceof StorageError) failure = problem;
    // The disk that ended the run cannot take its pages and its status either: one error message is enough.
    else if (!(failure instanceof StorageError)) mirror.report({ type: 'alarm', message: pagesText(problem) });
  }
  const record = recordNow();
  const { exitCode: code, summary } = record;
  const { heldBack } = mirror.state.totals();
  if (!command.dryRun) markEnd(mirror, tally, failure, { ...result, exitCode: code }, isPaused, storeUsage?.());
  try {
    // A mirror that is still being adopted gets no record: to the next run it would look like one of ours.
    const isOurs = mirror.state.get(adoptionState).adopting === undefined;
    if (!command.dryRun && isOurs) mirror.state.history.record(record);
    if (!command.dryRun && isOurs) await publishStatus({ ...mirror, policy: mirror.selection.policy }, record);
  } catch (error) {
    if (!(failure instanceof StorageError)) throw error;
  }
  const waiting = failure === undefined ? waitingOf(run, mirror, tally, code) : undefined;
  return { code, failure, summary, heldBack, waiting, ...outageOf(run, mirror, failure) };
}

/** Returns whether a failure to reach upstream was printed before, or a line about an outage that is over. */
function outageOf(
  { command }: OneRun,
  { state, clock }: Mirror,
  failure: unknown,
): Pick<RunEnd, 'isTold' | 'recovered'> {
  if (command.dryRun) return {};
  if (failure === undefined) return { recovered: endOutage(state) };
  if (!(failure instanceof Error) || exitCodeOf(failure, false) !== exitCodes.upstream) return {};
  return { isTold: !noteOutage(state, failure.message, clock.now()) };
}

function pagesText(problem: Error): string {
  return `the pages for people cannot be published: ${failureText(problem)}`;
}

/** Returns what the run did, and the mirror as it is now. */
function resultsOf({ state }: Mirror, tally: RunTotals, store: StoreUsage | undefined): RunResults {
  const { queued, parked } = state.totals();
  const { published, removed } = tally.projects;
  return {
    serial: state.get(serialState).serial,
    completedAt: state.get(indexState).completedAt,
    // A download that begins again takes back what it had.
    ...{ queued, parked, published, removed, files: tally.files, bytes: Math.max(0, tally.bytes) },
    store,
  };
}

/**
 * Returns a line about what earlier runs left, if nothing in this run explains exit code 1; else undefined. With -q it
 * is printed once a day.
 */
function waitingOf(
  { command: { quiet, dryRun }, target }: OneRun,
  { state, clock }: Mirror,
  tally: RunTotals,
  code: number,
): string | undefined {
  const isWaiting = code === exitCodes.incomplete;
  if (!isWaiting && !dryRun && state.get(runState).waitingToldAt !== undefined)
    state.set(change(runState, { waitingToldAt: undefined }));
  if (!isWaiting || tally.isExplained(quiet)) return undefined;
  const now = clock.now();
  if (quiet && !isWaitingUrgent(state, now)) return undefined;
  if (quiet && !dryRun) state.set(change(runState, { waitingToldAt: now }));
  return waitingText(state, target.root, now);
}

/** Returns a line about the paused run that this one continues; undefined if the last run was not paused. */
function resumedText({ state }: Mirror): string | undefined {
  const { pausedAt } = state.get(runState);
  if (pausedAt === undefined) return undefined;
  const { queued } = state.totals();
  const queue = `${plural(queued, 'project')} ${queued === 1 ? 'is' : 'are'} queued`;
  return `Resuming the run that was paused at ${shortTime(isoTime(pausedAt))}: ${queue}`;
}

/** Removes the mark of a run at work: the run is over, and did not crash. Remembers its result. */
function markEnd(
  { state, clock }: Mirror,
  tally: RunTotals,
  failure: unknown,
  result: Parameters<typeof runResults>[2],
  isPaused: boolean,
  store: StoreUsage | undefined,
): void {
  try {
    const pausedAt = isPaused ? clock.now() : undefined;
    const noMark = change(runState, { running: undefined, progressAt: undefined, pausedAt });
    state.set(join(noMark, runResults(state, tally, result, isPaused, store)));
    // A run that was paused has no record of its own, and is paid for all the same.
    const isOurs = state.get(adoptionState).adopting === undefined;
    if (isPaused && isOurs && store !== undefined) state.history.recordDay(clock.now(), store);
  } catch (error) {
    // If the disk ended the run, the mark stays, and the next run reports that this one did not end well.
    if (!(failure instanceof StorageError)) throw error;
  }
}

function finalCode(mirror: Mirror, tally: RunTotals, failure: unknown): number {
  return failure === undefined ? codeOf(mirror, tally) : (exitCodeOf(failure, tally.hasChanged) ?? exitCodes.bug);
}

/**
 * Returns the exit code of a run that nothing ended early. Projects that earlier runs could not finish count as well.
 */
function codeOf({ state }: Mirror, tally: RunTotals): number {
  const { parked, heldBack } = state.totals();
  if (parked > heldBack || tally.parked.size > tally.heldBack || tally.alarms.length > 0) return exitCodes.incomplete;
  return heldBack > 0 || tally.heldBack > 0 ? exitCodes.heldBack : exitCodes.ok;
}

function printEnd(
  { command, settings, target, pause }: OneRun,
  tally: RunTotals,
  { code, failure, summary, pausedWith, heldBack, waiting, isTold = false, recovered }: RunEnd,
  view: View,
): void {
  if (pausedWith !== undefined) {
    if (!command.quiet) announce(settings, 'summary', pausedText(summary, pausedWith));
    const why = pause.why();
    if (why === undefined) announce(settings, 'paused', '\nMirroring paused. Resume by restarting pep381run.');
    else if (!command.quiet) announce(settings, 'paused', why);
    return;
  }
  if (code === exitCodes.bug) lines.err(`pep381run: error: ${inspect(failure)}\n${reportBug}`);
  else if (failure instanceof Error && !(command.quiet && isTold)) lines.err(`pep381run: error: ${failure.message}`);
  if (recovered !== undefined) announce(settings, 'recovered', recovered);
  if (failure instanceof TooLargeError) {
    lines.err(smallerMirrors);
    return;
  }
  if (view.conclude !== undefined) view.conclude(code, waiting);
  else conclude(command, settings, tally, { code, summary, waiting, isTold });
  if (tally.deletions.length > 0 && settings.logFormat === 'text')
    lines.err(heldBackText(tally.deletions, target.root, heldBack));
}

/** Returns the summary of a paused run, with the number of projects that stay queued. */
function pausedText(summary: string, queued: number): string {
  if (queued === 0) return summary;
  return `${summary} ${plural(queued, 'project')} ${queued === 1 ? 'stays' : 'stay'} queued.`;
}
