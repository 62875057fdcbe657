/** The program pep381run: what cron, people and the CGI start. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { PausedError, StorageError } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import { takeLock } from '../state/sqlite/lock.ts';
import { sync } from '../sync/sync.ts';
import { readConfigFile } from './config-file.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { notifyAll, readNotifySecret } from './notify-all.ts';
import { openMirror } from './open-mirror.ts';
import { ProgressDisplay } from './progress.ts';
import { runWhileRequested } from './run-again.ts';
import { parseRunOptions, type RunCommand, runHelp, runUsage } from './run-options.ts';
import { type Settings, settingsFrom } from './settings.ts';
import { listenForPause, type PauseRequest } from './signals.ts';
import { publishStatus } from './status-file.ts';
import { systemClock } from './system-clock.ts';
import { Tally } from './tally.ts';
import { openTarget, prepareTarget, requestAgeMs, type Target } from './target.ts';
import { jsonReport, type Lines, textReport } from './text-report.ts';
import { version } from './version.ts';

type RunArguments = RunCommand & { kind: 'run' };

const framesPerSecond = 10;
const parkedNamed = 20;
/** Where cron takes up requests, it does so every quarter of an hour. */
const longestRequestMs = 20 * 60_000;

const lines: Lines = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
};

/** Runs with the arguments `argv`; resolves with the exit code. `nativeBinding` is the SQLite addon of the bundle. */
export async function pep381run(argv: readonly string[], nativeBinding: string | undefined): Promise<number> {
  // A log whose disk is full or whose reader went away is no reason to leave the mirror as it is.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let command: RunCommand | undefined;
  try {
    command = parseRunOptions(argv);
    if (command.kind === 'run') return await runLocked(command, nativeBinding);
    lines.out(command.kind === 'help' ? runHelp.trimEnd() : version);
    return exitCodes.right;
  } catch (error) {
    const code = exitCodeOf(error, false);
    if (code === undefined || !(error instanceof Error)) throw error;
    // Only who misspelt the command line is helped by its form.
    if (command === undefined) lines.err(`${runUsage}\n`);
    lines.err(`pep381run: error: ${error.message}`);
    return code;
  }
}

async function runLocked(command: RunArguments, nativeBinding: string | undefined): Promise<number> {
  const target = openTarget(resolve(command.target));
  const settings = settingsFrom(new Map([...readConfigFile(target.config), ...command.given]));
  const secret = readNotifySecret(settings);
  const pause = listenForPause();
  if (!command.dryRun) prepareTarget(target);
  // A dry run takes it too, as it keeps a transaction open to the end; without a lock there is no state to protect.
  const isFree = command.dryRun && !existsSync(target.lock);
  const code = await runWhileRequested({
    takeLock: () => (isFree ? () => {} : takeLock(target.lock, nativeBinding)),
    run: () => runOnce(command, target, settings, secret, pause, nativeBinding),
    isRequested: () => !command.dryRun && requestAgeMs(target, Date.now()) !== undefined,
    isPaused: () => pause.signal.aborted,
  });
  if (code !== undefined) return code;
  if (!command.quiet) announce(settings, 'skipped', 'Currently already running; mirroring is skipped');
  return exitCodes.right;
}

async function runOnce(
  command: RunArguments,
  target: Target,
  settings: Settings,
  secret: Uint8Array | undefined,
  pause: PauseRequest,
  nativeBinding: string | undefined,
): Promise<number> {
  const startedMs = Date.now();
  const tally = new Tally();
  const report: Report = (event) => {
    tally.count(event);
    view.report(event);
  };
  const { dryRun, reconcile } = command;
  const opened = openMirror({
    target,
    settings,
    reconcile,
    dryRun,
    clock: systemClock,
    report,
    signal: pause.signal,
    nativeBinding,
  });
  const view = chooseView(command, settings, target);
  const waitedMs = requestAgeMs(target, startedMs) ?? 0;
  if (waitedMs > longestRequestMs)
    report({ type: 'warning', message: `${target.requestFlag}: ${neglected(waitedMs)}` });
  let failure: unknown;
  try {
    await sync(opened.mirror);
  } catch (error) {
    failure = error;
  }
  const { published, removed } = tally.projects;
  const goesOn = !dryRun && !pause.signal.aborted && !(failure instanceof StorageError);
  if (goesOn && published + removed > 0) {
    const { serial } = opened.mirror.state.mirror();
    const { notify: urls } = settings;
    await notifyAll({ urls, secret, serial, clock: systemClock, report, pause: pause.signal });
  }
  view.end();
  if (failure instanceof PausedError || (failure !== undefined && pause.signal.aborted)) {
    await opened.close();
    announce(settings, 'paused', '\nMirroring paused. Resume by restarting pep381run.');
    return pause.exitCode();
  }
  const code = failure === undefined ? codeOf(tally) : exitCodeOf(failure, tally.done > 0);
  if (code === undefined) throw failure;
  const summary = tally.summary((Date.now() - startedMs) / 1000, dryRun);
  try {
    if (!dryRun) await publishStatus(opened.mirror, { startedMs, exitCode: code, summary });
  } catch (error) {
    // The disk that ended the run cannot take its status either: one reason is enough.
    if (!(failure instanceof StorageError)) throw error;
  } finally {
    await opened.close();
    if (failure instanceof Error) lines.err(`pep381run: error: ${failure.message}`);
    conclude(command, settings, tally, code, summary);
  }
  return code;
}

function neglected(waitedMs: number): string {
  return `a request waited ${Math.round(waitedMs / 60_000)} minutes for a run; can pep381sync.cgi start one?`;
}

/** One of 1.5's lines; an object in a JSON log. */
function announce({ logFormat }: Settings, type: string, text: string): void {
  const message = text.trim();
  lines.out(logFormat === 'json' ? JSON.stringify({ time: new Date().toISOString(), type, message }) : text);
}

function codeOf(tally: Tally): number {
  return tally.parked.size > 0 ? exitCodes.incomplete : exitCodes.right;
}

/** The last words. Under -q there are none unless somebody should look: what time heals is left to the next run. */
function conclude({ quiet }: RunArguments, settings: Settings, tally: Tally, code: number, summary: string): void {
  if (quiet) {
    const failed = [...tally.parked].filter(([, { expected }]) => !expected);
    for (const [name, { reason }] of failed.slice(0, parkedNamed)) lines.err(`${name}: ${reason}`);
    if (failed.length > 0 || code > exitCodes.incomplete) lines.err(summary);
  } else if (settings.logFormat === 'json') {
    lines.out(JSON.stringify({ time: new Date().toISOString(), type: 'summary', exitCode: code, summary }));
  } else lines.out(summary);
}

/** Who watches: nobody under -q, a person at a terminal, or a log. */
function chooseView(
  { quiet, dryRun }: RunArguments,
  settings: Settings,
  target: Target,
): { report: Report; end(): void } {
  if (quiet) return { report: () => {}, end: () => {} };
  if (settings.logFormat === 'json') return { report: jsonReport(lines, Date.now), end: () => {} };
  if (!process.stdout.isTTY || dryRun) return { report: textReport(lines, dryRun), end: () => {} };
  const terminal = {
    get columns(): number {
      // A terminal without a size, such as a container's, says 0.
      return process.stdout.columns || 80;
    },
    // Where a key was echoed, such as ^C, the cursor is not at the beginning of its line.
    write: (text: string) => process.stdout.write(`\r${text}`),
  };
  const display = new ProgressDisplay(terminal, `Mirroring ${settings.upstream} into ${target.root}`, Date.now);
  display.draw();
  const timer = setInterval(() => display.draw(), 1000 / framesPerSecond);
  return {
    report: display.report,
    end: () => {
      clearInterval(timer);
      display.erase();
    },
  };
}
