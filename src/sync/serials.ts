/**
 * What upstream's serial may do: it rises, by as much as an index can change in some years. One that falls, jumps or
 * stands still is that of a damaged, restored or forged index, and none is remembered that would keep the mirror from
 * ever seeing a change again. `--reconcile` begins anew from what upstream says.
 */
import { NonsenseError } from '../core/errors.ts';
import type { Mirror } from './mirror.ts';

/** PyPI's rises by some three million a year. */
const farthestStep = 50_000_000;
const dayMs = 24 * 60 * 60_000;
/** An index behind which there are so many changes does not rest for a day. */
const busyIndex = 1_000_000;

/** Throws NonsenseError when upstream cannot have come from serial `from` to `to`. */
export function refuseJump({ settings }: Pick<Mirror, 'settings'>, from: number, to: number, what: string): void {
  // Where upstream told no serials so far, the first one may be any.
  if (from === 0 || to - from <= farthestStep || settings.reconcile) return;
  throw new NonsenseError(`${what}: the serial jumps from ${from} to ${to}, and is not believed (${cure})`);
}

const cure = 'if it is right, --reconcile takes it over';

/**
 * The changelog told nothing new after `serial`. Where that lasts, upstream is asked once a day what its newest serial
 * is. Throws NonsenseError when it went back; what else keeps a busy index from going on is a warning.
 */
export async function watchSerial({ state, upstream, clock, report, settings }: Mirror, serial: number): Promise<void> {
  const { serialMovedAt, serialAskedAt = 0 } = state.mirror();
  const now = clock.now();
  if (serialMovedAt === undefined) return state.remember({ serialMovedAt: now });
  if (now - serialMovedAt < dayMs || now - serialAskedAt < dayMs) return;
  const newest = await upstream.serial();
  const index = settings.upstream;
  if (newest < serial) {
    throw new NonsenseError(
      `${index}: the serial went back from ${serial} to ${newest}, and nothing was changed (if it was restored from a ` +
        'backup, --reconcile compares everything with it)',
    );
  }
  state.remember({ serialAskedAt: now });
  if (serial < busyIndex) return;
  const since = new Date(serialMovedAt).toISOString();
  report({ type: 'warning', message: `${index}: no change after serial ${serial} since ${since}; is it an old copy?` });
}
