/** Whether the run that holds the lock does anything: one that hangs must not keep all others out without a word. */
import { StorageError } from '../../core/errors.ts';
import { type RunState, runState } from '../../state/mirror-state.ts';
import type { Settings } from '../config/settings.ts';
import { openReader } from '../inspect/open-reader.ts';
import { isoTime } from '../output/units.ts';
import { isThere, type Target } from '../target/target.ts';

/** A run at work does something every few seconds, and waits for upstream no longer than two minutes. */
const longestSilenceMs = 2 * 60 * 60_000;

/** A line about a run that holds the lock and has done nothing for hours; undefined where all is well. */
export function stalledRunText(
  target: Target,
  settings: Settings,
  nativeBinding: string | undefined,
  nowMs: number,
): string | undefined {
  const { running, progressAt = running } = readMark(target, settings, nativeBinding);
  if (running === undefined || progressAt === undefined || nowMs - progressAt < longestSilenceMs) return undefined;
  return (
    `${target.lock}: held by a run that began at ${isoTime(running)} and has done nothing since ${isoTime(progressAt)}; ` +
    `find what it waits for, or end it (fuser -k ${target.lock}): the next run goes on from there`
  );
}

function readMark(target: Target, settings: Settings, nativeBinding: string | undefined): RunState {
  if (!isThere(target.state)) return {};
  try {
    const { reader, close } = openReader({ target, settings, policy: undefined, nativeBinding });
    try {
      return reader.state.get(runState);
    } finally {
      close();
    }
  } catch (error) {
    // Of another version, or not for us: whoever holds the lock will tell.
    if (error instanceof StorageError) return {};
    throw error;
  }
}
