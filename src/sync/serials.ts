/**
 * Decides which serials of upstream are believed. A serial rises, by as much as an index can change in the time that
 * passed. One that falls, jumps or stands still is that of a damaged, restored or forged index. A serial that would
 * keep the mirror from seeing any later change is never remembered. `--reconcile` starts again from what upstream says.
 */
import { dayMs } from '../core/durations.ts';
import { NonsenseError, UnreachableError } from '../core/errors.ts';
import { serialState } from '../state/mirror-state.ts';
import { change } from '../state/state-section.ts';
import type { Changes } from '../upstream/upstream.ts';
import type { Mirror } from './mirror.ts';

/**
 * Maximum plausible rise of the serial per day, and at once: six times that of PyPI, which rises by some 17,000 a day.
 */
const maxRisePerDay = 100_000;
/** Maximum rise between two rows that is believed without another request. PyPI's rises less. */
const maxUnconfirmedRise = 1000;
/** Maximum rise that is ever believed, even if the list of projects confirms more: some years of PyPI's. */
const maxRise = 50_000_000;
/** Serial from which on an index is busy: it does not stand still for a day. */
const minBusySerial = 1_000_000;

type SerialContext = Pick<Mirror, 'settings' | 'state' | 'clock'>;

/** Returns the largest serial that upstream may have after `from` without further confirmation. */
export function maxPlausibleSerial({ settings, state, clock }: SerialContext, from: number): number {
  // If upstream told no serials so far, the first one may be any.
  if (from === 0 || settings.reconcile) return Number.POSITIVE_INFINITY;
  const { serialMovedAt } = state.get(serialState);
  const days = Math.max(0, clock.now() - (serialMovedAt ?? clock.now())) / dayMs;
  return from + Math.min(maxRise, Math.ceil(maxRisePerDay * (1 + days)));
}

/**
 * Returns the serial up to which `changes` are believed. If a row jumps, upstream's newest serial is requested, too,
 * because one row may be wrong.
 */
export async function believedSerial(
  { upstream }: Pick<Mirror, 'upstream'>,
  { serial, leap }: Changes,
): Promise<number> {
  return leap <= maxUnconfirmedRise ? serial : Math.min(serial, await upstream.serial());
}

/** Throws NonsenseError if upstream cannot have advanced from serial `from` to `to` by now. */
export function refuseJump(owner: SerialContext, from: number, to: number, what: string): void {
  if (to > maxPlausibleSerial(owner, from)) throw serialJumpError(from, to, what);
}

/** Returns the error for a serial that is not believed. */
export function serialJumpError(from: number, to: number, what: string): NonsenseError {
  return new NonsenseError(
    `${what}: the serial jumps from ${from} to ${to}, and is not believed (if it is right, --reconcile takes it over)`,
  );
}

/**
 * Returns the serial, at least `to`, that upstream has reached since `from` if its newest serial and the list of
 * projects confirm it, else undefined. One row of a changelog may be wrong.
 */
export async function confirmedSerial(
  { upstream }: Pick<Mirror, 'upstream'>,
  from: number,
  to: number,
): Promise<number | undefined> {
  const newest = await upstream.serial();
  if (to - from > maxRise || newest < to) return undefined;
  try {
    const list = await upstream.listProjects(undefined);
    for await (const _ of list?.pieces ?? []);
    const serial = list?.serial() ?? newest;
    // A list may be some minutes old.
    return serial + maxRisePerDay >= to ? Math.max(serial, to) : undefined;
  } catch (error) {
    if (error instanceof UnreachableError || error instanceof NonsenseError) return undefined;
    throw error;
  }
}

/**
 * Checks a changelog that told nothing new after `serial`. If that lasts, upstream is asked once a day for its newest
 * serial. Throws NonsenseError if the serial went back. Reports a warning if a busy index stands still for another
 * reason.
 */
export async function watchSerial({ state, upstream, clock, report, settings }: Mirror, serial: number): Promise<void> {
  const { serialMovedAt, serialAskedAt = 0 } = state.get(serialState);
  const now = clock.now();
  if (serialMovedAt === undefined) return state.set(change(serialState, { serialMovedAt: now }));
  if (now - serialMovedAt < dayMs || now - serialAskedAt < dayMs) return;
  const newest = await upstream.serial();
  const index = settings.upstream;
  if (newest < serial) {
    throw new NonsenseError(
      `${index}: the serial went back from ${serial} to ${newest}, and nothing was changed (if it was restored from a ` +
        'backup, --reconcile compares everything with it)',
    );
  }
  state.set(change(serialState, { serialAskedAt: now }));
  if (serial < minBusySerial) return;
  const since = new Date(serialMovedAt).toISOString();
  report({ type: 'warning', message: `${index}: no change after serial ${serial} since ${since}; is it an old copy?` });
}
