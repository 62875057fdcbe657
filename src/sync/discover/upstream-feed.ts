/**
 * Reads the change feed (formats/mirror/change-feed.ts) of an upstream that is a mirror of our kind and has no
 * changelog. Its cost grows with the number of changes, and it tells removals. It is not trusted more than a changelog:
 * it says what to sync, and the pages decide. If it does not continue from where it was read, the list of projects is
 * compared, and the feed is followed from there.
 */
import { dayMs } from '../../core/durations.ts';
import { NonsenseError, UnreachableError } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import { isWaiting } from '../../core/retry.ts';
import { completePieces, type FeedChange, piecePath } from '../../formats/mirror/change-feed.ts';
import type { ChangelogEntry } from '../../state/changelog-entries.ts';
import { type ChangelogState, changelogState, type FeedPosition, serialState } from '../../state/mirror-state.ts';
import type { QueueRequest } from '../../state/queue.ts';
import { upstreamRemovals } from '../../state/removal-log.ts';
import { type Change, change, join, noChange } from '../../state/state-section.ts';
import type { ServedFeed } from '../../upstream/upstream.ts';
import { maxDeletionsPerDay } from '../limits/deletion-limit.ts';
import type { Mirror } from '../mirror.ts';
import { refuseJump } from '../serials.ts';
import { verifiesPages } from '../snapshot/verify-pages.ts';
import { isRelevant } from './relevant-projects.ts';

/** The result of reading the change feed. */
export interface FeedResult {
  /** True if everything that has changed upstream is queued. */
  readonly isFollowed: boolean;
  /** The position to read from once the list of projects was compared. Undefined if there is no feed. */
  readonly next: FeedPosition | undefined;
  /** The reason, for people, why a feed that was followed before is not followed any more. */
  readonly why?: string;
  /** True if the feed tells more removals than the deletion limit allows. The list must confirm them then. */
  readonly isDoubtful?: boolean;
}

const noFeed: FeedResult = { isFollowed: false, next: undefined };

/**
 * Queues the changes after the position at which the feed was last read, and passes their names to `onQueued`. With
 * `isNew`, only finds out from where the feed is to be read. Throws PausedError.
 */
export async function enqueueFeedChanges(
  mirror: Mirror,
  isNew: boolean,
  onQueued?: (names: Iterable<ProjectName>) => void,
): Promise<FeedResult> {
  const { state, upstream, clock, settings } = mirror;
  // The feed is not used if pages are verified, because upstream signs the list.
  if (verifiesPages(mirror)) return noFeed;
  const { feed: known, feedRetryAt }: ChangelogState = isNew ? {} : state.get(changelogState);
  if (known === undefined && isWaiting(feedRetryAt, clock.now())) return noFeed;
  try {
    const head = await upstream.feed(known?.etag);
    if (head === 'unchanged') return followedResult(mirror, known);
    if (head !== undefined) return await readNewChanges(mirror, head, known, onQueued);
  } catch (error) {
    if (!(error instanceof UnreachableError || error instanceof NonsenseError)) throw error;
    if (known !== undefined) return { ...noFeed, why: error.message };
  }
  // The feed is gone: another file may be at its address, or none.
  state.set(change(changelogState, { feed: undefined, feedRetryAt: clock.now() + dayMs }));
  return known === undefined ? noFeed : { ...noFeed, why: `${settings.upstream}/changes.json: is not there any more` };
}

function followedResult({ report, state }: Mirror, next: FeedPosition | undefined): FeedResult {
  report({ type: 'learned', source: 'change-feed', serial: state.get(serialState).serial });
  return { isFollowed: true, next };
}

async function readNewChanges(
  mirror: Mirror,
  head: ServedFeed,
  known: FeedPosition | undefined,
  onQueued?: (names: Iterable<ProjectName>) => void,
): Promise<FeedResult> {
  const { state, upstream, clock, settings } = mirror;
  const fromList = { isFollowed: false, next: { id: head.id, number: head.listed } };
  if (known === undefined) return fromList;
  const broken = feedBreak(head, known);
  if (broken !== undefined) return { ...fromList, why: `${settings.upstream}/changes.json: ${broken}` };
  const { serial = 0 } = state.get(serialState);
  if (head.serial !== undefined) refuseJump(mirror, serial, head.serial, 'the change feed');
  const removed = new Map<ProjectName, boolean>();
  const note = (changes: readonly FeedChange[]): void => {
    for (const { name, removed: why } of changes)
      removed.set(name, why !== undefined && why !== upstreamRemovals.quarantined);
  };
  let { number } = known;
  for (let piece = completePieces(number); piece < completePieces(head.last); piece += 1) {
    const found = await upstream.feedPiece(head.id, piece).catch((error: unknown) => {
      if (error instanceof NonsenseError) return error;
      throw error;
    });
    if (found === undefined) return { ...fromList, why: `${settings.upstream}/${piecePath(piece)}: is not there` };
    if (found instanceof NonsenseError) return { ...fromList, why: found.message };
    number = found.last;
    note(found.changes);
    enqueuePiece(mirror, { id: head.id, number }, { ...head, changes: found.changes }, known.number, onQueued);
  }
  const moved =
    (head.serial ?? 0) > serial ? change(serialState, { serial: head.serial, serialMovedAt: clock.now() }) : noChange;
  const next = { id: head.id, number: head.last, etag: head.etag };
  enqueuePiece(mirror, next, head, known.number, onQueued, moved);
  note(head.changes);
  const isHeld = ([name, isRemoved]: [ProjectName, boolean]): boolean =>
    isRemoved && state.held.project(name).published;
  const isDoubtful = [...removed].filter(isHeld).length > maxDeletionsPerDay(state.totals().projects);
  return { ...followedResult(mirror, next), isDoubtful };
}

/** Returns the reason why the feed does not continue from where it was read, or undefined if it does. */
function feedBreak(head: ServedFeed, known: FeedPosition): string | undefined {
  if (head.id !== known.id) return 'it began anew';
  if (head.last < known.number) return `it went back from change ${known.number} to ${head.last}`;
  if (head.oldest > known.number + 1)
    return `it tells changes from ${head.oldest} on, and ${known.number} was read last`;
  return undefined;
}

/** Queues the changes after the number `after`, and remembers how far the feed was read. */
function enqueuePiece(
  mirror: Mirror,
  feed: FeedPosition,
  { changes, serial }: Pick<ServedFeed, 'changes' | 'serial'>,
  after: number,
  onQueued: ((names: Iterable<ProjectName>) => void) | undefined,
  moved: Change = noChange,
): void {
  const fresh = changes.filter(({ number, name }) => number > after && isRelevant(mirror, name));
  const requests = fresh.map((change) => requestsFrom(change, serial));
  mirror.state.queue.enqueue(requests, join(change(changelogState, { feed }), moved));
  onQueued?.(requests.map(({ name }) => name));
}

/**
 * Returns the queue request for a change. Its serial is limited to that of the whole mirror, as no project can be
 * newer.
 */
function requestsFrom(change: FeedChange, newest = Number.POSITIVE_INFINITY): QueueRequest {
  const { name, displayName, removed } = change;
  const serial = Math.min(change.serial ?? 0, newest);
  const isRemoved = removed !== undefined;
  return { name, displayName, serial, isRemovedUpstream: isRemoved, isBack: !isRemoved, rows: rowsOf(change, serial) };
}

/** Returns the rows that a changelog would have for the change. */
function rowsOf({ at, removed, quarantined }: FeedChange, serial: number): ChangelogEntry[] {
  const row = (action: string, version?: string): ChangelogEntry => ({ serial, version, action, at });
  if (removed === undefined) return quarantined.map((version) => row('release quarantined', version));
  // The last published page is from before the removal, so the removal gets the next serial.
  const removal = { ...row('remove project'), serial: serial + 1 };
  return removed === upstreamRemovals.quarantined ? [row('project quarantined'), removal] : [removal];
}
