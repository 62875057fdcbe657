/** `pep381run --prefetch 2/4 TARGET`: fetches a share of the files of a mirror that another machine publishes. */
import { resolve } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { readConfigFile } from '../config/config-file.ts';
import { readPolicy } from '../config/policy-file.ts';
import type { RunCommand } from '../config/run-options.ts';
import { settingsFrom } from '../config/settings.ts';
import { readAccess } from '../network/open-upstreams.ts';
import { announce, type Lines } from '../output/lines.ts';
import { exitCodes } from '../program/exit-codes.ts';
import { loadPart } from '../program/load-part.ts';
import { listenForPause } from '../program/signals.ts';
import { systemClock } from '../program/system-clock.ts';
import { refuseRoot } from '../target/owner.ts';
import { openTarget, prepareTarget } from '../target/target.ts';
import { expectSpace } from './check-room.ts';
import { openMirror } from './open-mirror.ts';
import { openProvenance } from './open-provenance.ts';
import { RunTotals } from './run-totals.ts';
import { chooseView } from './run-view.ts';

/** Fetches the share. Resolves with the exit code. Throws UsageError, UnreachableError, StorageError. */
export async function prefetch(command: RunCommand & { kind: 'prefetch' }, lines: Lines): Promise<number> {
  const { share, quiet } = command;
  const target = openTarget(resolve(command.target));
  const config = readConfigFile(target.config);
  const settings = settingsFrom(new Map([...config.given, ...command.given]));
  if (settings.storage === undefined) {
    throw new UsageError(`${target.config}: [storage] is missing: it says into which bucket the files go`);
  }
  process.umask(settings.umask);
  const policy = await readPolicy(config, settings);
  const access = readAccess(settings, policy, target);
  const verifier = await openProvenance(settings);
  const pause = listenForPause();
  prepareTarget(target, settings.stateMode);
  refuseRoot(target);
  const release = takeLock(target.lock);
  if (release === undefined) {
    if (!quiet) announce(settings, 'skipped', 'Currently already running; fetching is skipped');
    return exitCodes.ok;
  }
  const totals = new RunTotals();
  const { signal } = pause;
  const view = chooseView({ quiet, dryRun: false, plan: false }, settings, policy, target);
  const opened = await openMirror({
    ...{ target, settings, policy, verifier, access, clock: systemClock, signal, reconcile: false, dryRun: false },
    report: (event) => {
      totals.count(event);
      view.report(event);
    },
  });
  try {
    const { mirror, bucket } = opened;
    if (bucket === undefined || mirror.state.totals().projects > 0) {
      throw new UsageError(`${target.root}: is a mirror of its own; name a folder with nothing but mirror.toml`);
    }
    await expectSpace(target, mirror, command.all);
    const { runPrefetch } = await loadPart('prefetch.js', () => import('../storage/run-prefetch.ts'));
    const end = (): void => view.end();
    return await runPrefetch({ mirror, bucket, share, quiet, settings, pause, lines, totals, end });
  } finally {
    view.end();
    await opened.close();
    release();
  }
}
