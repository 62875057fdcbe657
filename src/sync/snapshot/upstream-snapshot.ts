/**
 * Checks a run against upstream's signed snapshot (formats/mirror/snapshot.ts) if upstream's key is known.
 *
 * - Before a run: the snapshot must be there, signed, and no older than one seen before. Otherwise the run ends before
 *   it begins.
 * - In the run: a page is published only if it is the one that the snapshot names. See verify-pages.ts.
 * - After it: the snapshot must not be too old, and the list of projects must be the one that it names.
 *
 * While upstream itself is running, its list is newer than its snapshot. If that lasts for a long time, somebody may be
 * holding back what does not suit him.
 */
import { hourMs } from '../../core/durations.ts';
import { inPages } from '../../core/in-pages.ts';
import type { Snapshot } from '../../formats/mirror/snapshot.ts';
import { serialState, snapshotState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { Mirror } from '../mirror.ts';
import { fetchNewestSnapshot } from './fetch-snapshot.ts';
import { isListOf, verifiesPages } from './verify-pages.ts';

/** Milliseconds after which a snapshot is too old. Many mirrors run only once a day. */
const maxSilenceMs = 48 * hourMs;
const namesAtATime = 1000;

/**
 * Returns upstream's current snapshot, or undefined if upstream's key is not known. Queues the published projects of
 * which the hash of upstream's page is not known. Throws NonsenseError if upstream is not to be believed,
 * UnreachableError, PausedError.
 */
export async function requireSnapshot(mirror: Mirror): Promise<Snapshot | undefined> {
  const { verifyUpstream, state, settings } = mirror;
  if (verifyUpstream === undefined) return undefined;
  const snapshot = await fetchNewestSnapshot(mirror, verifyUpstream);
  const { serial, upstream } = state.get(serialState);
  if (verifiesPages(mirror) && serial !== undefined && upstream === settings.upstream) requeueUnknown(mirror);
  return snapshot;
}

/**
 * Compares what the run has seen with upstream's snapshot: `seen`, or the newest one. Throws the same errors as {@link
 * requireSnapshot}.
 */
export async function compareWithSnapshot(mirror: Mirror, seen: Snapshot | undefined): Promise<void> {
  const { verifyUpstream, settings, clock } = mirror;
  if (verifyUpstream === undefined || settings.dryRun) return;
  const snapshot = seen ?? (await fetchNewestSnapshot(mirror, verifyUpstream));
  const hours = Math.floor((clock.now() - snapshot.timeMs) / hourMs);
  if (hours >= maxSilenceMs / hourMs) {
    alarm(mirror, `is ${hours} hours old; upstream does not run any more, or somebody holds it back`);
  }
  if (verifiesPages(mirror)) compare(mirror, snapshot);
}

function compare(mirror: Mirror, snapshot: Snapshot): void {
  const { state, clock } = mirror;
  const { upstreamSnapshot: known } = state.get(snapshotState);
  if (known === undefined) return;
  const { unprovenSince = clock.now(), ...newest } = known;
  if (isListOf(mirror, snapshot) && known.held?.length === 0) {
    if (known.unprovenSince !== undefined) state.set(change(snapshotState, { upstreamSnapshot: newest }));
    return;
  }
  if (clock.now() - unprovenSince >= maxSilenceMs) alarm(mirror, silence);
  state.set(change(snapshotState, { upstreamSnapshot: { ...newest, unprovenSince } }));
}

const silence =
  'for two days the list and the pages that upstream serves could not be shown to be those that it has signed';

function alarm({ report, settings }: Mirror, what: string): void {
  report({ type: 'alarm', message: `${settings.upstream}/snapshot.json: ${what}` });
}

/** Queues the projects whose pages were fetched before hashes were remembered. */
function requeueUnknown({ state }: Mirror): void {
  for (const names of inPages((after) => state.pages.unknown('upstream', after, namesAtATime))) {
    for (const name of names) state.queue.requeue(name, []);
  }
}
