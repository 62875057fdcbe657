/**
 * Fetches upstream's signed snapshot. Refuses one that is not signed by upstream's key, and one that is older than a
 * snapshot seen before.
 */
import { hourMs } from '../../core/durations.ts';
import { NonsenseError } from '../../core/errors.ts';
import type { Verify } from '../../core/signing.ts';
import { parseSignature, parseSnapshot, type Snapshot } from '../../formats/mirror/snapshot.ts';
import type { UpstreamSnapshot } from '../../state/mirror-state.ts';
import { serialState, snapshotState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { Mirror } from '../mirror.ts';

/** Maximum difference of two clocks in milliseconds. */
const maxSkewMs = hourMs;
/**
 * Number of tries. Upstream replaces the snapshot and its signature one after the other, and a reader may get an old
 * and a new one.
 */
const tries = 4;
const pauseMs = 500;

/**
 * Returns upstream's current snapshot and remembers it, so that no older one is accepted from now on. Throws
 * NonsenseError if upstream is not to be believed, UnreachableError, PausedError.
 */
export async function fetchNewestSnapshot(mirror: Mirror, verify: Verify): Promise<Snapshot> {
  const { state, settings, clock } = mirror;
  const { snapshot, source } = await verifiedSnapshot(mirror, verify);
  const { timeMs, serial } = snapshot;
  if (timeMs > clock.now() + maxSkewMs) {
    const time = new Date(timeMs).toISOString();
    throw new NonsenseError(`${source}: was made at ${time}, which is yet to come; check the clocks of both machines`);
  }
  const { upstreamSnapshot } = state.get(snapshotState);
  const { upstream } = state.get(serialState);
  const before = settings.reconcile || upstream !== settings.upstream ? undefined : upstreamSnapshot;
  if (before !== undefined && isOlder(snapshot, before)) {
    throw new NonsenseError(
      `${source}: went back from ${textOf(before)} to ${textOf(snapshot)}; if upstream was restored, add --reconcile once`,
    );
  }
  state.set(change(snapshotState, { upstreamSnapshot: { ...before, timeMs, serial } }));
  return snapshot;
}

type SnapshotVersion = Pick<UpstreamSnapshot, 'timeMs' | 'serial'>;

function isOlder({ timeMs, serial }: SnapshotVersion, before: SnapshotVersion): boolean {
  return timeMs < before.timeMs || (serial !== undefined && before.serial !== undefined && serial < before.serial);
}

function textOf({ timeMs, serial }: SnapshotVersion): string {
  const time = new Date(timeMs).toISOString();
  return serial === undefined ? time : `${time} (serial ${serial})`;
}

async function verifiedSnapshot(
  { upstream, clock, signal, settings }: Mirror,
  verify: Verify,
): Promise<{ snapshot: Snapshot; source: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const served = await upstream.snapshot();
    if (served === undefined) {
      const where = `${settings.upstream}/snapshot.json`;
      throw new NonsenseError(`${where}: expected it and its .sig, found none; without upstream-key none is needed`);
    }
    const signature = parseSignature(served.signature);
    const source = served.url.href;
    if (signature !== undefined && verify(served.body, signature)) {
      return { snapshot: parseSnapshot(served.body, source), source };
    }
    if (attempt === tries)
      throw new NonsenseError(`${source}: expected a signature by the key in upstream-key, found another`);
    await clock.sleep(pauseMs, signal);
  }
}
