/** The program pep381run: what cron, people and the CGI start. */
import { resolve } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { readConfigFile } from '../config/config-file.ts';
import { exampleConfig } from '../config/example-config.ts';
import { readPolicy } from '../config/policy-file.ts';
import { parseRunOptions, type RunCommand, runHelp, runUsage } from '../config/run-options.ts';
import { defaultUmask, settingsFrom } from '../config/settings.ts';
import { readSigningKey, readUpstreamKey } from '../config/signing-keys.ts';
import { inspect } from '../inspect/inspect.ts';
import { readAccess } from '../network/open-upstreams.ts';
import { announce, lines } from '../output/lines.ts';
import { exitCodeOf, exitCodes } from '../program/exit-codes.ts';
import type { Program } from '../program/program.ts';
import { listenForPause } from '../program/signals.ts';
import { restFor } from '../program/system-clock.ts';
import { knowsMirror } from '../target/open-expected-state.ts';
import { openOldTarget } from '../target/open-old-target.ts';
import { refuseRoot } from '../target/owner.ts';
import { isThere, openTarget, prepareTarget, requestAgeMs, type Target } from '../target/target.ts';
import { dropRequest, isLastingFailure } from './give-up-request.ts';
import { importConfigBeside, printImportedConfig } from './import-config.ts';
import { readNotifySecret } from './notify-downstream.ts';
import { openProvenance } from './open-provenance.ts';
import { restore } from './restore.ts';
import { runOnce } from './run-once.ts';
import type { RunArguments } from './run-view.ts';
import { runWhileRequested } from './run-while-requested.ts';
import { stalledRunText } from './stalled-run.ts';

/** Mirrors an index; or tells of a mirror, or restores projects of it. */
export const pep381run: Program<Exclude<RunCommand, { kind: 'help' | 'version' }>> = {
  name: 'pep381run',
  help: runHelp,
  usage: runUsage,
  parse: parseRunOptions,
  async run(command) {
    if (command.kind === 'run') return await runTakingRequests(command);
    if (command.kind === 'why' || command.kind === 'status') return await inspect(command, lines);
    if (command.kind === 'restore') return await restore(command, lines);
    if (command.kind === 'example') lines.out(exampleConfig.trimEnd());
    else await printImportedConfig(command.path, lines);
    return exitCodes.ok;
  },
};

interface OpenedTarget {
  readonly target: Target;
  /** Whether something is known of a mirror there. */
  readonly isMirror: boolean;
}

/** A target that another program has left is as good as one of ours, but a dry run cannot take it over. */
function openRunTarget({ target, dryRun }: RunArguments): OpenedTarget {
  const root = resolve(target);
  const opened = openTarget(root, () => openOldTarget(root) !== undefined);
  const isMirror = knowsMirror(opened);
  const old = dryRun && !isMirror ? openOldTarget(root) : undefined;
  if (old === undefined) return { target: opened, isMirror };
  throw new UsageError(`${root}: is the mirror of ${old.from}; a dry run cannot take it over, a run without it can`);
}

/** Runs, and gives up a request that it was started for and could not take. */
async function runTakingRequests(command: RunArguments): Promise<number> {
  let code: number = exitCodes.bug;
  try {
    code = await runLocked(command);
  } catch (error) {
    code = exitCodeOf(error, false) ?? exitCodes.bug;
    throw error;
  } finally {
    if (!command.dryRun && isLastingFailure(code)) dropRequest(resolve(command.target), code, lines.err);
  }
  return code;
}

async function runLocked(command: RunArguments): Promise<number> {
  const { target, isMirror } = openRunTarget(command);
  process.umask(defaultUmask);
  if (!command.dryRun) refuseRoot(target);
  if (!command.dryRun) await importConfigBeside(target, isMirror, command.quiet ? () => {} : lines.out);
  const config = readConfigFile(target.config);
  const settings = settingsFrom(new Map([...config.given, ...command.given]));
  process.umask(settings.umask);
  const policy = await readPolicy(config, settings);
  const secret = readNotifySecret(settings);
  const keys = { sign: readSigningKey(settings, target), verifyUpstream: readUpstreamKey(settings) };
  const access = readAccess(settings, policy, target);
  const verifier = await openProvenance(settings);
  const pause = listenForPause();
  if (!command.dryRun) prepareTarget(target, settings.stateMode);
  // A dry run takes it too, as it keeps a transaction open to the end; without a lock there is no state to protect.
  const isFree = command.dryRun && !isThere(target.lock);
  const code = await runWhileRequested({
    takeLock: () => (isFree ? () => {} : takeLock(target.lock)),
    run: () => runOnce({ command, target, settings, policy, verifier, secret, keys, access, pause }),
    isRequested: () => !command.dryRun && requestAgeMs(target, Date.now()) !== undefined,
    isPaused: () => pause.signal.aborted,
    rest: (ms) => restFor(ms, pause.signal),
  });
  if (code !== undefined) return code;
  const silence = stalledRunText(target, settings, Date.now());
  if (silence !== undefined) {
    lines.err(`pep381run: error: ${silence}`);
    return exitCodes.incomplete;
  }
  if (!command.quiet) announce(settings, 'skipped', 'Currently already running; mirroring is skipped');
  return exitCodes.ok;
}
