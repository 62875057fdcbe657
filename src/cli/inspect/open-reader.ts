/** Chooses and opens the adapters for looking at a target: nothing is written, and no lock is taken. */
import { existsSync } from 'node:fs';
import { UsageError } from '../../core/errors.ts';
import type { FileStore } from '../../files/file-store.ts';
import { FilesystemFileStore } from '../../files/filesystem/filesystem-file-store.ts';
import type { Policy } from '../../policy/policy.ts';
import { isLocked } from '../../state/sqlite/lock.ts';
import { SqliteStateStore } from '../../state/sqlite/sqlite-state-store.ts';
import type { StateStore } from '../../state/state-store.ts';
import { Selection } from '../../sync/selection/selection.ts';
import type { Settings } from '../config/settings.ts';
import { systemClock } from '../program/system-clock.ts';
import type { Target } from '../target/target.ts';

/** A mirror to look at. */
export interface Reader {
  readonly target: Target;
  readonly settings: Settings;
  readonly selection: Selection;
  readonly state: StateStore;
  readonly files: FileStore;
  /** Milliseconds since 1970. */
  now(): number;
  /** Whether a run is at work; undefined where only the mirror's owner may know. */
  isRunning(): boolean | undefined;
}

/** What is looked at. */
export interface OpenReaderOptions {
  readonly target: Target;
  readonly settings: Settings;
  /** Undefined when everything is to be held, or nobody asks. */
  readonly policy: Policy | undefined;
}

/** The answer to who asks for something in a mirror that was not begun, or misspelt its folder. */
export function unknownMirror({ root }: Target): UsageError {
  return new UsageError(`${root}: nothing is known of this mirror yet; start it with pep381run ${root}`);
}

/** Opens the mirror, also while a run is at work. Throws UsageError where there is none, StorageError. */
export function openReader(options: OpenReaderOptions): { readonly reader: Reader; close(): void } {
  const { target, settings, policy } = options;
  if (!existsSync(target.state)) throw unknownMirror(target);
  const state = new SqliteStateStore(target.state, systemClock, { readOnly: true });
  return {
    reader: {
      target,
      settings,
      selection: new Selection(policy, state),
      state,
      files: new FilesystemFileStore(target.root, systemClock),
      now: () => systemClock.now(),
      isRunning: () => isLocked(target.lock),
    },
    close: () => state.close(),
  };
}
