/** The program pep381checkfiles: finds what is wrong in a mirror, and queues what the next run has to repair. */
import { join, resolve } from 'node:path';
import { check } from '../../check/check.ts';
import type { CheckJob } from '../../check/check-job.ts';
import type { Subset } from '../../check/subset.ts';
import { verifySnapshot } from '../../check/verify-snapshot.ts';
import { dayMs } from '../../core/durations.ts';
import { PausedError, StorageError, UsageError } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Verify } from '../../core/signing.ts';
import { sumOfUsage } from '../../core/store-usage.ts';
import { local } from '../../policy/policy.ts';
import { sourceOf } from '../../policy/project-decision.ts';
import { adoptionState, checkResultsState, isInitialized } from '../../state/mirror-state.ts';
import type { CheckResult, CheckSums, DamagedShare } from '../../state/program-results.ts';
import { change } from '../../state/state-section.ts';
import { type CheckArguments, checkHelp, checkUsage, parseCheckOptions } from '../config/check-options.ts';
import { readOwnKey, readPublicKey } from '../config/signing-keys.ts';
import { writeMetrics } from '../metrics/write-metrics.ts';
import { lines } from '../output/lines.ts';
import { exitCodes } from '../program/exit-codes.ts';
import type { Program } from '../program/program.ts';
import { listenForPause } from '../program/signals.ts';
import { systemClock } from '../program/system-clock.ts';
import type { MirrorOwner } from '../storage/mirror-owner.ts';
import { openLease } from '../storage/open-lease.ts';
import { knowsMirror } from '../target/open-expected-state.ts';
import { refuseRoot } from '../target/owner.ts';
import { type HeldLock, holdLock, stalledHolderText } from '../target/program-lock.ts';
import { isThere, lockOf, openTarget, prepareTarget, type Target } from '../target/target.ts';
import { type CheckConfig, readCheckConfig } from './check-config.ts';
import { publishCheckPages } from './check-pages.ts';
import { pausedText, skippedText } from './check-texts.ts';
import { CheckTotals } from './check-totals.ts';
import { CheckView } from './check-view.ts';
import { openCheck } from './open-check.ts';
import { rebuild } from './rebuild.ts';

/** Time after which a share that is checked each month was checked again, if it still is. */
const roundMs = 40 * dayMs;

/** The program pep381checkfiles: checks a mirror, rebuilds its state, or verifies its snapshot. */
export const pep381checkfiles: Program<CheckArguments> = {
  name: 'pep381checkfiles',
  help: checkHelp,
  usage: checkUsage,
  parse: parseCheckOptions,
  run: runAlone,
};

/**
 * Runs the command under the lock of checks. Two checks at a time would read everything twice and remember one
 * position.
 */
async function runAlone(command: CheckArguments): Promise<number> {
  const target = openCheckTarget(command);
  refuseRoot(target);
  const config = readCheckConfig(target);
  process.umask(config.settings.umask);
  prepareTarget(target, config.settings.stateMode);
  const lock = holdLock(lockOf(target, 'check'));
  if (lock === undefined) {
    const problem = stalledHolderText(lockOf(target, 'check'), 'pep381checkfiles');
    if (problem !== undefined) {
      lines.err(`pep381checkfiles: error: ${problem}`);
      return exitCodes.incomplete;
    }
    if (!command.quiet) viewOf(command, target, new CheckTotals()).say('skipped', skippedText);
    return exitCodes.ok;
  }
  try {
    if (command.kind === 'rebuild') {
      if (config.settings.storage !== undefined) throw rebuildOfBucket(target, config.settings.storage.bucket);
      return await rebuild(command, target);
    }
    return await runAsOwner(command, target, config, lock);
  } finally {
    lock.release();
  }
}

function openCheckTarget({ target: folder, kind }: CheckArguments): Target {
  const target = openTarget(resolve(folder));
  // A machine that has always stood by knows nothing of the mirror, which is no fault of it.
  if (kind === 'check' && isThere(target.standby)) return target;
  const web = join(target.root, 'web');
  if (!isThere(web) && !isThere(target.state))
    throw new UsageError(`${target.root}: is no mirror (${web} does not exist)`);
  if (kind !== 'rebuild' && !isThere(target.state)) {
    const cure = isInBucket(target) ? takenOver : 'pep381checkfiles --rebuild makes it anew from the tree';
    throw new StorageError(`${target.state}: is missing; ${cure}`);
  }
  if (kind !== 'rebuild' && !knowsMirror(target)) throw unknownTree(target);
  return target;
}

/** Returns the error for a state that does not know the tree. A check would find that nothing refers to any file. */
function unknownTree(target: Target): StorageError {
  const onDisk = 'pep381run takes over what lies there, and so does pep381checkfiles --rebuild';
  return new StorageError(`${target.state}: knows nothing of this mirror; ${isInBucket(target) ? takenOver : onDisk}`);
}

const takenOver =
  'pep381run takes over all files that are in the bucket, by their stored hashes and without a download';

function isInBucket(target: Target): boolean {
  return readCheckConfig(target).settings.storage !== undefined;
}

/** Returns the error for a rebuild of a mirror in an object store, whose state is found otherwise. */
function rebuildOfBucket({ state }: Target, bucket: string): UsageError {
  const why = `--rebuild reads a tree on the disk, and this mirror is in the bucket ${bucket}`;
  return new UsageError(`${why}; move ${state} away and start pep381run: ${takenOver.replace('pep381run', 'it')}`);
}

/**
 * Checks on the machine that publishes the mirror: another one has an older state. Signatures may be verified anywhere.
 */
async function runAsOwner(
  command: CheckArguments,
  target: Target,
  config: CheckConfig,
  lock: HeldLock,
): Promise<number> {
  if (command.kind === 'verify') return await runCheck(command, target, config, lock);
  const { signal } = new AbortController();
  const owner = await openLease({ target, settings: config.settings, clock: systemClock, signal, mayTake: false });
  if (owner?.kind === 'standby') {
    if (!command.quiet) viewOf(command, target, new CheckTotals()).say('standby', owner.reason);
    return exitCodes.ok;
  }
  try {
    return await runCheck(command, target, config, lock, owner);
  } finally {
    await owner?.close();
  }
}

async function runCheck(
  command: CheckArguments,
  target: Target,
  config: CheckConfig,
  { progress }: HeldLock,
  owner?: MirrorOwner,
): Promise<number> {
  const verify = command.kind === 'verify' ? keyOf(command, config, target) : undefined;
  const startedMs = Date.now();
  const tally = new CheckTotals();
  const pause = listenForPause();
  const report: CheckView['report'] = (event) => {
    progress();
    view.report(event);
  };
  const { settings } = command;
  const isLocal = await readLocal(config);
  const opened = await openCheck(target, config.settings, {
    ...{ report, signal: pause.signal, settings, isLocal },
    mayWrite: owner?.mayWrite,
  });
  const { job, close } = opened;
  // If the disk could not be read for a moment, knowsMirror() could not tell whether the state knows of a mirror.
  const { adopting } = job.state.get(adoptionState);
  if (!isInitialized(job.state)) {
    await close();
    throw unknownTree(target);
  }
  if (adopting !== undefined) {
    await close();
    throw new UsageError(
      `${target.root}: the mirror of ${adopting} is being taken over; let pep381run complete that first`,
    );
  }
  const view = viewOf(command, target, tally);
  const problems: (string | undefined)[] = [];
  try {
    if (verify === undefined) {
      const share = await check(job);
      tally.store = opened.usage();
      problems.push(await remember(job, tally, share, startedMs, target, config.settings.metricsFile));
      problems.push(await publishCheckPages(config, opened));
    } else await verifySnapshot(job, verify);
    tally.store = opened.usage();
  } catch (error) {
    view.end();
    if (!(error instanceof PausedError) && !pause.signal.aborted) throw error;
    view.say('paused', pausedText);
    return pause.exitCode();
  } finally {
    await close();
  }
  view.end();
  for (const problem of problems) if (problem !== undefined) lines.err(`pep381checkfiles: Warning: ${problem}`);
  view.conclude((Date.now() - startedMs) / 1000);
  return tally.exitCode;
}

/** Remembers the result of a check for monitoring, and writes the metrics. Resolves with why that was not possible. */
async function remember(
  { state, files }: CheckJob,
  { projects, files: checked, bytes, findings, store, exitCode }: CheckTotals,
  share: Subset | undefined,
  startedMs: number,
  { root }: Target,
  metricsFile: string | undefined,
): Promise<string | undefined> {
  const results = state.get(checkResultsState);
  const none: CheckSums = { checks: 0, files: 0, bytes: 0, findings: 0 };
  const { checkSums = none } = results;
  const counts = { projects, files: checked, bytes, findings };
  const lastCheck = { startedMs, finishedMs: Date.now(), exitCode, ...counts, ...(store && { store }) };
  const asked = sumOfUsage([checkSums.store, store]);
  const sums = {
    checks: checkSums.checks + 1,
    files: checkSums.files + checked,
    bytes: checkSums.bytes + bytes,
    findings: checkSums.findings + findings,
    ...(asked && { store: asked }),
  };
  state.set(
    change(checkResultsState, {
      lastCheck: share === undefined ? lastCheck : { ...lastCheck, share },
      checkSums: sums,
      damagedShares: damagedShares(results.damagedShares, share, lastCheck),
    }),
  );
  return await writeMetrics(metricsFile, { root, state, files });
}

/**
 * Returns the damaged shares after the check `last` of a `share` or of everything. A share is forgotten when it was
 * checked again, or would have been in a round.
 */
function damagedShares(
  before: readonly DamagedShare[] = [],
  share: Subset | undefined,
  { finishedMs, findings }: CheckResult,
): readonly DamagedShare[] {
  if (share === undefined) return [];
  const others = before.filter(
    (known) =>
      (known.share.number !== share.number || known.share.of !== share.of) && finishedMs - known.finishedMs < roundMs,
  );
  return findings === 0 ? others : [...others, { share, finishedMs, findings }];
}

/** Returns a function that tells which projects `mirror.toml` declares as local. Throws UsageError. */
async function readLocal({ file, readPolicy }: CheckConfig): Promise<(name: ProjectName) => boolean> {
  const rules: readonly unknown[] = Array.isArray(file.toml.rule) ? file.toml.rule : [];
  const isUsed = rules.some(
    (rule) => typeof rule === 'object' && rule !== null && 'hold' in rule && rule.hold === local,
  );
  const policy = isUsed ? await readPolicy() : undefined;
  return (name) => policy !== undefined && sourceOf(policy, name) === local;
}

function keyOf({ key }: CheckArguments, { settings }: CheckConfig, target: Target): Verify {
  if (key !== undefined) return readPublicKey(resolve(key), '--key');
  const own = readOwnKey(settings, target);
  if (own !== undefined) return own;
  throw new UsageError(`--verify-snapshot needs --key FILE, as there is no signing-key-file in ${target.config}`);
}

function viewOf({ quiet, logFormat }: CheckArguments, { root }: Target, tally: CheckTotals): CheckView {
  return new CheckView({ lines, root, tally, quiet, logFormat, isTerminal: process.stdout.isTTY, now: Date.now });
}
