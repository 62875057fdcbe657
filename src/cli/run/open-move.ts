/** `pep381run --move-to s3|disk TARGET`: opens both places of a mirror, and moves it. */
import { resolve } from 'node:path';
import { StorageError, UsageError } from '../../core/errors.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { FilesystemFileStore } from '../../files/filesystem/filesystem-file-store.ts';
import { adoptionState, copyState, isSamePlace, storageState } from '../../state/mirror-state.ts';
import { takeLock } from '../../state/sqlite/lock.ts';
import { readConfigFile } from '../config/config-file.ts';
import type { RunCommand } from '../config/run-options.ts';
import { settingsFrom } from '../config/settings.ts';
import { unknownMirror } from '../inspect/open-reader.ts';
import { announce, type Lines } from '../output/lines.ts';
import { exitCodes } from '../program/exit-codes.ts';
import { loadPart } from '../program/load-part.ts';
import { listenForPause } from '../program/signals.ts';
import { systemClock } from '../program/system-clock.ts';
import { openBucket } from '../storage/open-files.ts';
import { placeOf, placeText } from '../storage/storage-place.ts';
import { knowsMirror, openExpectedState } from '../target/open-expected-state.ts';
import { refuseRoot } from '../target/owner.ts';
import { openTarget, prepareTarget } from '../target/target.ts';

/** Moves the mirror. Resolves with the exit code. Throws UsageError, StorageError. */
export async function moveMirror(command: RunCommand & { kind: 'move' }, lines: Lines): Promise<number> {
  const { to, quiet } = command;
  const target = openTarget(resolve(command.target));
  refuseRoot(target);
  if (!knowsMirror(target)) throw unknownMirror(target);
  const config = readConfigFile(target.config);
  const settings = settingsFrom(new Map([...config.given, ...command.given]));
  const { storage } = settings;
  if (storage === undefined) {
    throw new UsageError(
      `${target.config}: [storage] is missing: it says ${to === 's3' ? 'to' : 'from'} which bucket the mirror is to move`,
    );
  }
  process.umask(settings.umask);
  prepareTarget(target, settings.stateMode);
  const release = takeLock(target.lock);
  if (release === undefined) {
    lines.err(`pep381run: error: ${target.root}: a run or another move is at work; move when it has ended`);
    return exitCodes.incomplete;
  }
  const closing: (() => unknown)[] = [release];
  try {
    const state = openExpectedState(target, systemClock);
    closing.unshift(() => state.close());
    const { storage: known } = state.get(storageState);
    const bucket = placeOf(storage);
    const place = to === 's3' ? bucket : undefined;
    if (isSamePlace(known, place)) {
      if (!quiet) announce(settings, 'moved', `The mirror is ${placeText(place)} already`);
      return exitCodes.ok;
    }
    if (known !== undefined && !isSamePlace(known, bucket)) {
      throw new UsageError(
        `${target.config}: expected [storage] to name the place of the mirror, which is ${placeText(known)}, found ` +
          `${placeText(bucket)}; from bucket to bucket it moves by the disk: --move-to disk, then --move-to s3`,
      );
    }
    const { adopting } = state.get(adoptionState);
    if (adopting !== undefined) {
      throw new UsageError(`the mirror of ${adopting} is being taken over; let pep381run complete that first`);
    }
    const pause = listenForPause();
    const local = new FilesystemFileStore(target.root, systemClock);
    local.create();
    if (place === undefined && state.get(storageState).moving === undefined)
      await expectRoom(local, state.totals().bytes, target.root);
    const store = await openBucket({ target, settings, clock: systemClock, signal: pause.signal }, storage);
    closing.unshift(store.close);
    if (await store.hasNewerState(store.bucket, state.get(copyState).copy)) {
      const { where } = store.bucket;
      throw new UsageError(
        place === undefined
          ? `${where}: another machine has published this mirror since this one did; move it from there`
          : `${where}: expected a place for this mirror, found the state of another one; give it a prefix of its own`,
      );
    }
    const options = { journal: state.objects, removals: systemClock, isUnknown: true };
    const remote = store.openBucketFiles(store.bucket, options);
    await remote.tidy(false);
    await local.tidy(false);
    const from = place === undefined ? store.openSplitFiles(local, store.bucket, storage, options) : local;
    const { runMove } = await loadPart('move.js', () => import('../storage/run-move.ts'));
    const { root } = target;
    const places = { from, to: place === undefined ? local : remote, place, bucket, hold: bucket.hold };
    return await runMove({
      ...places,
      state,
      clock: systemClock,
      pause,
      root,
      config: target.config,
      quiet,
      settings,
      lines,
    });
  } finally {
    for (const close of closing) await close();
  }
}

/** Throws StorageError if the disk has no room for what the bucket has. */
async function expectRoom(local: FilesystemFileStore, bytes: number, root: string): Promise<void> {
  const { free } = await local.room();
  if (free >= bytes) return;
  throw new StorageError(`${root}: expected room for ${showBytes(bytes)}, found ${showBytes(free)}`);
}
