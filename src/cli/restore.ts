/** `pep381run --restore NAME TARGET`: brings back what was removed. */
import { resolve } from 'node:path';
import { restoreProject } from '../adopt/restore-project.ts';
import { UsageError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import type { Report } from '../core/report.ts';
import { explainReason } from '../policy/explain.ts';
import { takeLock } from '../state/sqlite/lock.ts';
import type { Mirror } from '../sync/mirror.ts';
import { publishRemovals } from '../sync/removals.ts';
import { publishRootIndex } from '../sync/root-index.ts';
import { readConfigFile } from './config-file.ts';
import { exitCodes } from './exit-codes.ts';
import { openMirror } from './open-mirror.ts';
import { readPolicy } from './policy-file.ts';
import type { RunCommand } from './run-options.ts';
import { settingsFrom } from './settings.ts';
import { systemClock } from './system-clock.ts';
import { openTarget, prepareTarget } from './target.ts';
import { type Lines, problemOf } from './text-report.ts';
import { plural, showBytes } from './units.ts';

/** Restores the projects; resolves with the exit code. Throws UsageError, StorageError, NonsenseError. */
export async function restore(
  command: RunCommand & { kind: 'restore' },
  nativeBinding: string | undefined,
  lines: Lines,
): Promise<number> {
  const target = openTarget(resolve(command.target));
  const config = readConfigFile(target.config);
  const settings = settingsFrom(new Map([...config.given, ...command.given]));
  process.umask(settings.umask);
  const policy = await readPolicy(config);
  prepareTarget(target);
  const release = takeLock(target.lock, nativeBinding);
  if (release === undefined) {
    lines.err(`pep381run: error: ${target.root}: a run is at work; restore again when it has ended`);
    return exitCodes.incomplete;
  }
  const restored = new Restored(lines);
  const common = { target, settings, policy, verifier: undefined, nativeBinding, clock: systemClock };
  const { report } = restored;
  const { mirror, close } = openMirror({
    ...common,
    reconcile: false,
    dryRun: false,
    report,
    signal: new AbortController().signal,
  });
  try {
    for (const name of command.names) await restoreOne(mirror, name);
    await publishRootIndex(mirror);
    await publishRemovals(mirror);
  } finally {
    await close();
    release();
  }
  return restored.lacking > 0 ? exitCodes.incomplete : exitCodes.right;
}

async function restoreOne(mirror: Mirror, name: ProjectName): Promise<void> {
  const decision = mirror.selection.decide(name);
  if (decision?.hold === 'none') {
    throw new UsageError(`${name}: the next run would remove it again: ${explainReason(decision.because)}`);
  }
  await restoreProject({ ...mirror, keepSerials: true }, name);
}

/** Tells what came back. */
class Restored {
  readonly #lines: Lines;
  lacking = 0;

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  readonly report: Report = (event) => {
    const problem = problemOf(event);
    if (problem !== undefined) this.#lines.err(problem);
    if (event.type !== 'project-adopted') return;
    const { name, files, bytes, lacking } = event;
    this.lacking += lacking;
    this.#lines.out(`Restored ${name} with ${plural(files, 'file')} (${showBytes(bytes)})`);
    if (lacking > 0) this.#lines.err(`${name}: ${plural(lacking, 'file')} not in the trash any more, or damaged`);
  };
}
