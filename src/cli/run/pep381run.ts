/** The program pep381run, which cron, people and the CGI start. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../core/caught-error.ts';
import { type DailyWindow, openMs } from '../../core/daily-window.ts';
import { hourMs } from '../../core/durations.ts';
import { StorageError, UsageError } from '../../core/errors.ts';
import { type RunState, runState, storageState } from '../../state/mirror-state.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { readConfigFile } from '../config/config-file.ts';
import { loadRegexes, readPolicy } from '../config/policy-file.ts';
import { parseRunOptions, type RunCommand, runHelp, runUsage } from '../config/run-options.ts';
import { defaultUmask, type Settings, settingsFrom } from '../config/settings.ts';
import { readSigningKey, readUpstreamKey } from '../config/signing-keys.ts';
import { inspect, printUnknown } from '../inspect/inspect.ts';
import { backUp } from '../inspect/open-backup.ts';
import { openReader } from '../inspect/open-reader.ts';
import { readAccess } from '../network/open-upstreams.ts';
import { announce, lines } from '../output/lines.ts';
import { isoTime } from '../output/units.ts';
import { exitCodeOf, exitCodes } from '../program/exit-codes.ts';
import { loadPart } from '../program/load-part.ts';
import type { Program } from '../program/program.ts';
import { listenForPause, type PauseRequest } from '../program/signals.ts';
import { restFor } from '../program/system-clock.ts';
import { knowsMirror } from '../target/open-expected-state.ts';
import { openOldTarget } from '../target/open-old-target.ts';
import { refuseRoot } from '../target/owner.ts';
import { refuseWritable } from '../target/private-files.ts';
import {
  isThere,
  openTarget,
  pathsOf,
  prepareTarget,
  requestAgeMs,
  type Target,
  takeRequest,
} from '../target/target.ts';
import { mayImportConfig } from './find-config.ts';
import { readNotifySecret } from './notify-downstream.ts';
import { moveMirror } from './open-move.ts';
import { prefetch } from './open-prefetch.ts';
import { openProvenance } from './open-provenance.ts';
import { type KnownConfig, recordRefusal } from './record-refusal.ts';
import { restore } from './restore.ts';
import { runAsOwner } from './run-as-owner.ts';
import { runOnce } from './run-once.ts';
import type { RunArguments } from './run-view.ts';
import { runWhileRequested } from './run-while-requested.ts';
import { isWrittenHere } from './sync-log.ts';

/**
 * Milliseconds without progress after which a run is taken to hang. A run at work does something every few seconds,
 * and waits for upstream no longer than two minutes.
 */
const maxSilenceMs = 2 * hourMs;

/** Milliseconds between two looks whether the window is over. */
const windowCheckMs = 1_000;

type ParsedCommand =
  | Exclude<RunCommand, { kind: 'help' | 'version' }>
  /** A `--check` that was called wrongly. */
  | { readonly kind: 'unknown'; readonly message: string };

/** The program pep381run: mirrors an index, reports on a mirror, copies its state, or restores projects. */
export const pep381run: Program<ParsedCommand> = {
  name: 'pep381run',
  help: runHelp,
  usage: runUsage,
  parse(argv) {
    try {
      return parseRunOptions(argv);
    } catch (error) {
      // A monitoring system would take exit code 2 for a critical state.
      if (error instanceof UsageError && argv.includes('--check')) return { kind: 'unknown', message: error.message };
      throw error;
    }
  },
  async run(command) {
    if (command.kind === 'unknown') return printUnknown(command.message, lines);
    if (command.kind === 'run') return await runTakingRequests(command);
    if (command.kind === 'status' && command.check !== undefined) return await probe(command);
    if (command.kind === 'why' || command.kind === 'status') return await inspect(command, lines);
    if (command.kind === 'backup') return backUp(command, lines);
    if (command.kind === 'restore') return await restore(command, lines);
    if (command.kind === 'move') return await moveMirror(command, lines);
    if (command.kind === 'prefetch') return await prefetch(command, lines);
    if (command.kind === 'example') await printExample();
    else await (await loadImport()).printImportedConfig(command.path, lines, loadRegexes);
    return exitCodes.ok;
  },
};

/** Judges a mirror for a monitoring system. Whatever goes wrong is a state of its own, unknown. */
async function probe(command: RunCommand & { kind: 'status' }): Promise<number> {
  try {
    return await inspect(command, lines);
  } catch (error) {
    return printUnknown(messageOf(error, String(error)), lines);
  }
}

async function printExample(): Promise<void> {
  const { exampleConfig } = await loadPart('example.js', () => import('../config/example-config.ts'));
  lines.out(exampleConfig.trimEnd());
}

function loadImport(): Promise<typeof import('./import-config.ts')> {
  return loadPart('import.js', () => import('./import-config.ts'));
}

interface OpenedTarget {
  readonly target: Target;
  /** True if the state knows of a mirror there. */
  readonly isMirror: boolean;
}

/**
 * Opens the target of a run. The target of another mirror program is accepted, too, except in a dry run, which cannot
 * take it over: that throws UsageError.
 */
function openRunTarget({ target, dryRun }: RunArguments): OpenedTarget {
  const root = resolve(target);
  const opened = openTarget(root, () => openOldTarget(root) !== undefined);
  const isMirror = knowsMirror(opened);
  const old = dryRun && !isMirror ? openOldTarget(root) : undefined;
  if (old === undefined) return { target: opened, isMirror };
  throw new UsageError(`${root}: is the mirror of ${old.from}; a dry run cannot take it over, a run without it can`);
}

/**
 * Runs. If the run fails in a way that will last, drops the request that started it. A watcher of requests, such as
 * pep381run.path, would otherwise start the next run at once, which would fail in the same way, for ever. The next run
 * that can work does what was requested.
 */
async function runTakingRequests(command: RunArguments): Promise<number> {
  let code: number = exitCodes.bug;
  try {
    code = await runLocked(command);
  } catch (error) {
    code = exitCodeOf(error, false) ?? exitCodes.bug;
    throw error;
  } finally {
    if (!command.dryRun && isLastingFailure(code)) dropRequest(resolve(command.target), code);
  }
  return code;
}

/** Returns true if the next run would most likely end with the same exit code. */
function isLastingFailure(code: number): boolean {
  return code === exitCodes.usage || code === exitCodes.storage || code === exitCodes.bug;
}

/**
 * Removes the request for a run of the mirror at `root`, if `root` belongs to this user. `code` is the exit code of
 * the run that failed.
 */
function dropRequest(root: string, code: number): void {
  const { requestFlag, syncLog } = pathsOf(root);
  try {
    if (!isThere(requestFlag) || statSync(root).uid !== process.geteuid?.()) return;
    // /sync starts the next run ten minutes later at the earliest, so its request may stay.
    if (!isWrittenHere(syncLog)) takeRequest({ requestFlag }, lines.err);
  } catch (error) {
    // The disk that ended the run refuses this as well: one error message is enough.
    if (code === exitCodes.storage) return;
    lines.err(`pep381run: error: ${messageOf(error, String(error))}`);
  }
}

async function runLocked(command: RunArguments): Promise<number> {
  const startedMs = Date.now();
  const { target, isMirror } = openRunTarget(command);
  process.umask(defaultUmask);
  if (!command.dryRun) refuseRoot(target);
  const known: KnownConfig = {};
  try {
    return await runWith(command, target, isMirror, known);
  } catch (error) {
    if (error instanceof UsageError && isMirror && !command.dryRun) await recordRefusal(target, known, startedMs);
    throw error;
  }
}

/** Runs, and fills in `known` as soon as it is read. */
async function runWith(command: RunArguments, target: Target, isMirror: boolean, known: KnownConfig): Promise<number> {
  if (!command.dryRun && mayImportConfig(target, isMirror)) {
    await (await loadImport()).importConfigBeside(target, command.quiet ? () => {} : lines.out, loadRegexes);
  }
  const config = readConfigFile(target.config);
  const settings = settingsFrom(new Map([...config.given, ...command.given]));
  known.settings = settings;
  process.umask(settings.umask);
  const { window } = settings;
  if (window !== undefined && !command.dryRun && openMs(window, Date.now()) === 0) {
    // A path unit of systemd would start runs for as long as the request is there.
    takeRequest(target, lines.err);
    if (!command.quiet) announce(settings, 'skipped', `Outside of the window ${window.text}; mirroring is skipped`);
    return exitCodes.ok;
  }
  const policy = await readPolicy(config, settings);
  known.policy = { value: policy };
  const { afterRun, onAlarm } = settings.hooks;
  if ((afterRun ?? onAlarm) !== undefined) refuseWritable('its [hooks]', target.config);
  const secret = readNotifySecret(settings);
  const keys = { sign: readSigningKey(settings, target), verifyUpstream: readUpstreamKey(settings) };
  const access = readAccess(settings, policy, target);
  const verifier = await openProvenance(settings);
  const pause = listenForPause();
  const closing = window === undefined || command.dryRun ? undefined : pauseAtEndOf(window, pause);
  if (!command.dryRun) prepareTarget(target, settings.stateMode);
  // A dry run takes the lock as well, because it keeps a transaction open until its end. If there is no lock file yet,
  // there is no state to protect.
  const isFree = command.dryRun && !isThere(target.lock);
  const code = await runWhileRequested({
    takeLock: () => (isFree ? () => {} : takeLock(target.lock)),
    run: () =>
      runAsOwner({ command, target, settings, pause }, (owner) =>
        runOnce({ command, target, settings, policy, verifier, secret, keys, access, pause, owner }),
      ),
    isRequested: () => !command.dryRun && requestAgeMs(target, Date.now()) !== undefined,
    isPaused: () => pause.signal.aborted,
    rest: (ms) => restFor(ms, pause.signal),
  });
  clearInterval(closing);
  if (code !== undefined) return code;
  // A run that hangs must not keep all others out silently.
  const mark = readMark(target, settings);
  const silence = stalledRunText(target, mark, Date.now());
  if (silence !== undefined) {
    lines.err(`pep381run: error: ${silence}`);
    return exitCodes.incomplete;
  }
  const why = mark.isMoving ? 'The mirror is being moved' : 'Currently already running';
  if (!command.quiet) announce(settings, 'skipped', `${why}; mirroring is skipped`);
  return exitCodes.ok;
}

/** Pauses the run when the window closes. The clock of the machine may be set meanwhile, or summer time may begin. */
function pauseAtEndOf(window: DailyWindow, pause: PauseRequest): NodeJS.Timeout {
  const check = (): void => {
    if (openMs(window, Date.now()) === 0) pause.pause(`The window ${window.text} is over; the next run in it goes on`);
  };
  return setInterval(check, windowCheckMs).unref();
}

/** Returns a line about a run that holds the lock and has done nothing for hours, or undefined if it makes progress. */
function stalledRunText(
  target: Target,
  { running, progressAt = running }: RunState,
  nowMs: number,
): string | undefined {
  if (running === undefined || progressAt === undefined || nowMs - progressAt < maxSilenceMs) return undefined;
  return (
    `${target.lock}: held by a run that began at ${isoTime(running)} and has done nothing since ${isoTime(progressAt)}; ` +
    `find what it waits for, or end it (fuser -k ${target.lock}): the next run goes on from there`
  );
}

/** Returns what the state says of the process that holds the lock. */
function readMark(target: Target, settings: Settings): RunState & { readonly isMoving?: boolean } {
  if (!isThere(target.state)) return {};
  try {
    const { reader, close } = openReader({ target, settings, policy: undefined });
    try {
      const isMoving = reader.state.get(storageState).moving !== undefined;
      return { ...reader.state.get(runState), isMoving };
    } finally {
      close();
    }
  } catch (error) {
    // The state has another version, or this user may not read it. The process that holds the lock reports that.
    if (error instanceof StorageError) return {};
    throw error;
  }
}
