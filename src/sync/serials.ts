/**
 * What upstream's serial may do: it rises, by as much as an index can change in the time that passed. One that falls, jumps
 * or stands still is that of a damaged, restored or forged index, and none is remembered that would keep the mirror from
 * ever seeing a change again. `--reconcile` begins anew from what upstream says.
 */
import { dayMs } from '../core/durations.ts';
import { NonsenseError, UnreachableError } from '../core/errors.ts';
import { serialState } from '../state/mirror-state.ts';
import { change } from '../state/state-section.ts';
import type { Changes } from '../upstream/upstream.ts';
import type { Mirror } from './mirror.ts';

/** PyPI's rises by some 17,000 a day: six times as much, and a day's at once. */
const dailyStep = 100_000;
/** More than PyPI's rises between two rows: so much is believed without another question. */
const unaskedStep = 1000;
/** Some years of PyPI's: nobody is asked whether more is right. */
const farthestStep = 50_000_000;
/** An index behind which there are so many changes does not rest for a day. */
const busyIndex = 1_000_000;

type SerialContext = Pick<Mirror, 'settings' | 'state' | 'clock'>;

/** How far upstream may have come since serial `from`, without anybody else saying so. */
export function maxPlausibleSerial({ settings, state, clock }: SerialContext, from: number): number {
  // Where upstream told no serials so far, the first one may be any.
  if (from === 0 || settings.reconcile) return Number.POSITIVE_INFINITY;
  const { serialMovedAt } = state.get(serialState);
  const days = Math.max(0, clock.now() - (serialMovedAt ?? clock.now())) / dayMs;
  return from + Math.min(farthestStep, Math.ceil(dailyStep * (1 + days)));
}

/** Up to where changes are believed: where one leaps, upstream's newest serial is asked for as well, as one row may be wrong. */
export async function believedSerial(
  { upstream }: Pick<Mirror, 'upstream'>,
  { serial, leap }: Changes,
): Promise<number> {
  return leap <= unaskedStep ? serial : Math.min(serial, await upstream.serial());
}

/** Throws NonsenseError when upstream cannot have come from serial `from` to `to` by now. */
export function refuseJump(owner: SerialContext, from: number, to: number, what: string): void {
  if (to > maxPlausibleSerial(owner, from)) throw serialJumpError(from, to, what);
}

/** The error for a step that is not believed. */
export function serialJumpError(from: number, to: number, what: string): NonsenseError {
  return new NonsenseError(
    `${what}: the serial jumps from ${from} to ${to}, and is not believed (if it is right, --reconcile takes it over)`,
  );
}

/**
 * How far upstream has come from `from` on, at least to `to`, where the list of projects says so, too; undefined where it
 * does not. One row of a changelog may be wrong.
 */
export async function confirmedSerial(
  { upstream }: Pick<Mirror, 'upstream'>,
  from: number,
  to: number,
): Promise<number | undefined> {
  const newest = await upstream.serial();
  if (to - from > farthestStep || newest < to) return undefined;
  try {
    const list = await upstream.listProjects(undefined);
    for await (const _ of list?.pieces ?? []);
    const serial = list?.serial() ?? newest;
    // A list may be some minutes old.
    return serial + dailyStep >= to ? Math.max(serial, to) : undefined;
  } catch (error) {
    if (error instanceof UnreachableError || error instanceof NonsenseError) return undefined;
    throw error;
  }
}

/**
 * The changelog told nothing new after `serial`. Where that lasts, upstream is asked once a day what its newest serial
 * is. Throws NonsenseError when it went back; what else keeps a busy index from going on is a warning.
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
  if (serial < busyIndex) return;
  const since = new Date(serialMovedAt).toISOString();
  report({ type: 'warning', message: `${index}: no change after serial ${serial} since ${since}; is it an old copy?` });
}
