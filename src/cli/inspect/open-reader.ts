/** Opens the adapters for reading a target. Nothing is written, and no lock is taken. */
import { existsSync } from 'node:fs';
import { UsageError } from '../../core/errors.ts';
import type { FileStore } from '../../files/file-store.ts';
import { FilesystemFileStore } from '../../files/filesystem/filesystem-file-store.ts';
import type { Policy } from '../../policy/policy.ts';
import { isLocked } from '../../state/sqlite/lock.ts';
import { SqliteStateStore } from '../../state/sqlite/sqlite-state-store.ts';
import { Selection } from '../../sync/selection/selection.ts';
import type { Settings } from '../config/settings.ts';
import { systemClock } from '../program/system-clock.ts';
import { openFiles } from '../storage/open-files.ts';
import { knowsMirror } from '../target/open-expected-state.ts';
import type { StandbyRecord } from '../target/standby-record.ts';
import type { Target } from '../target/target.ts';

/** A mirror opened for reading. */
export interface Reader {
  readonly target: Target;
  readonly settings: Settings;
  readonly selection: Selection;
  readonly state: SqliteStateStore;
  readonly files: FileStore;
  /** Undefined if this machine publishes the mirror, or nobody asks. */
  readonly standby: StandbyRecord | undefined;
  /** Milliseconds since 1970. */
  now(): number;
  /** Returns true if a run is in progress; undefined if only the mirror's owner may know. */
  isRunning(): boolean | undefined;
}

/** The mirror to open. */
export interface OpenReaderOptions {
  readonly target: Target;
  readonly settings: Settings;
  /** Undefined if everything is to be held, or the policy is not needed. */
  readonly policy: Policy | undefined;
  /** The record of a machine that stands by, whose state may be missing. */
  readonly standby?: StandbyRecord | undefined;
}

/** Returns the error for a target without a mirror, which was never started or whose folder is misspelled. */
export function unknownMirror({ root }: Target): UsageError {
  return new UsageError(`${root}: nothing is known of this mirror yet; start it with pep381run ${root}`);
}

/** Opens the mirror as {@link openReader} does, with the files that lie in an object store. */
export async function openPageReader(
  options: OpenReaderOptions,
): Promise<{ readonly reader: Reader; close(): Promise<void> }> {
  const { reader, close } = openReader(options);
  const { signal } = new AbortController();
  const { settings, target } = options;
  try {
    const opened = await openFiles({
      ...{ target, settings, state: reader.state, clock: systemClock, signal, isReadOnly: true },
    });
    return {
      reader: { ...reader, files: opened.files },
      close: async () => {
        close();
        await opened.close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Opens the mirror, even during a run, with the files that lie on the disk. Throws UsageError if there is none, or
 * StorageError.
 */
export function openReader(options: OpenReaderOptions): { readonly reader: Reader; close(): void } {
  const { target, settings, policy, standby } = options;
  // A machine that has always stood by has no state yet.
  const isNew = standby !== undefined && !knowsMirror(target);
  if (!isNew && !existsSync(target.state)) throw unknownMirror(target);
  const state = isNew
    ? new SqliteStateStore(':memory:', systemClock)
    : new SqliteStateStore(target.state, systemClock, { readOnly: true });
  return {
    reader: {
      target,
      settings,
      selection: Selection.of(policy),
      state,
      files: new FilesystemFileStore(target.root, systemClock),
      standby,
      now: () => systemClock.now(),
      isRunning: () => isLocked(target.lock),
    },
    close: () => state.close(),
  };
}
