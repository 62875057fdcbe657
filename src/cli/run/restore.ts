/** `pep381run --restore NAME TARGET`: brings removed projects back. */
import { resolve } from 'node:path';
import { restoreProject } from '../../adopt/restore-project.ts';
import { plural } from '../../core/counts.ts';
import { MirrorError, StorageError, UsageError } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Report } from '../../core/report.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { explainReason } from '../../policy/render-reason.ts';
import { adoptionState, isInitialized } from '../../state/mirror-state.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { publishChangeFeed } from '../../sync/index/publish-change-feed.ts';
import { publishRemovals } from '../../sync/index/removals.ts';
import { publishRootIndex } from '../../sync/index/root-index.ts';
import type { Mirror } from '../../sync/mirror.ts';
import { readConfigFile } from '../config/config-file.ts';
import { readPolicy } from '../config/policy-file.ts';
import type { RunCommand } from '../config/run-options.ts';
import { type Settings, settingsFrom } from '../config/settings.ts';
import { unknownMirror } from '../inspect/open-reader.ts';
import { jsonReport, problemOf } from '../output/event-lines.ts';
import type { Lines } from '../output/lines.ts';
import { exitCodes } from '../program/exit-codes.ts';
import { systemClock } from '../program/system-clock.ts';
import { openLease } from '../storage/open-lease.ts';
import { knowsMirror } from '../target/open-expected-state.ts';
import { refuseRoot } from '../target/owner.ts';
import { openTarget, prepareTarget } from '../target/target.ts';
import { openMirror } from './open-mirror.ts';

/** Restores the projects. Resolves with the exit code. Throws UsageError, StorageError. */
export async function restore(command: RunCommand & { kind: 'restore' }, lines: Lines): Promise<number> {
  const target = openTarget(resolve(command.target));
  refuseRoot(target);
  if (!knowsMirror(target)) throw unknownMirror(target);
  const config = readConfigFile(target.config);
  const settings = settingsFrom(new Map([...config.given, ...command.given]));
  process.umask(settings.umask);
  const policy = await readPolicy(config, settings);
  prepareTarget(target, settings.stateMode);
  const release = takeLock(target.lock);
  if (release === undefined) {
    lines.err(`pep381run: error: ${target.root}: a run is at work; restore again when it has ended`);
    return exitCodes.incomplete;
  }
  const restored = new Restored(lines, command.quiet, settings.logFormat);
  const common = { target, settings, policy, verifier: undefined, clock: systemClock };
  const { report } = restored;
  const { signal } = new AbortController();
  let owner: Awaited<ReturnType<typeof openLease>>;
  let opened: Awaited<ReturnType<typeof openMirror>> | undefined;
  try {
    owner = await openLease({ target, settings, clock: systemClock, signal, mayTake: false });
    if (owner?.kind === 'standby') throw new UsageError(`${owner.reason}; restore there`);
    opened = await openMirror({ ...common, reconcile: false, dryRun: false, report, signal, owner });
    const { mirror } = opened;
    // If the disk could not be read for a moment, knowsMirror() above could not tell whether the state knows of a
    // mirror.
    if (!isInitialized(mirror.state)) throw unknownMirror(target);
    const failed = await restoreAll(mirror, command.names, lines);
    await owner?.copyState(mirror.state, true);
    return failed + restored.lacking > 0 ? exitCodes.incomplete : exitCodes.ok;
  } finally {
    await opened?.close();
    if (owner?.kind === 'owner') await owner.close();
    release();
  }
}

/**
 * Restores all projects that can be restored, and publishes them. Prints a line for each of the others, and returns
 * their number.
 */
async function restoreAll(mirror: Mirror, names: readonly ProjectName[], lines: Lines): Promise<number> {
  const { adopting } = mirror.state.get(adoptionState);
  if (adopting !== undefined) {
    throw new UsageError(`the mirror of ${adopting} is being taken over; let pep381run complete that first`);
  }
  let failed = 0;
  for (const name of names) {
    try {
      await restoreOne(mirror, name);
    } catch (error) {
      if (!(error instanceof MirrorError) || error instanceof StorageError) throw error;
      lines.err(`pep381run: error: ${error.message}`);
      failed += 1;
    }
  }
  await publishRootIndex(mirror);
  await publishChangeFeed(mirror);
  await publishRemovals(mirror);
  return failed;
}

async function restoreOne(mirror: Mirror, name: ProjectName): Promise<void> {
  const decision = mirror.selection.decide(name);
  if (decision?.hold === 'none') {
    throw new UsageError(`${name}: the next run would remove it again: ${explainReason(decision.because)}`);
  }
  await restoreProject({ ...mirror, keepSerials: true }, name);
}

/** Prints what was restored, and counts the files that were not. */
class Restored {
  readonly #tell: Report;
  lacking = 0;

  constructor(lines: Lines, quiet: boolean, logFormat: Settings['logFormat']) {
    const tell = logFormat === 'json' ? jsonReport(lines, Date.now) : textOf(lines);
    this.#tell = quiet ? problemsTo(lines) : tell;
  }

  readonly report: Report = (event) => {
    if (event.type === 'project-adopted') this.lacking += event.lacking;
    this.#tell(event);
  };
}

function textOf(lines: Lines): Report {
  const tellProblem = problemsTo(lines);
  return (event) => {
    if (event.type === 'project-adopted') {
      const { name, files, bytes } = event;
      lines.out(`Restored ${name} with ${plural(files, 'file')} (${showBytes(bytes)})`);
    }
    tellProblem(event);
  };
}

function problemsTo({ err }: Lines): Report {
  return (event) => {
    const problem = problemOf(event);
    if (problem !== undefined) err(problem);
    if (event.type !== 'project-adopted' || event.lacking === 0) return;
    err(`${event.name}: ${plural(event.lacking, 'file')} not in the trash any more, or damaged`);
  };
}
