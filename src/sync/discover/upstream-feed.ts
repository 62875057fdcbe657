/**
 * The change feed (formats/mirror/change-feed.ts) of an upstream that is a mirror of our kind and has no changelog: it costs what
 * has changed, and tells removals. It is believed no more than a changelog: it says what to look at, and the pages decide.
 * Where it does not go on from where it was read, the list of projects is compared, and the feed followed from there.
 */
import { dayMs } from '../../core/durations.ts';
import { NonsenseError, UnreachableError } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import { isWaiting } from '../../core/retry.ts';
import { completePieces, type FeedChange, piecePath } from '../../formats/mirror/change-feed.ts';
import type { ChangelogEntry } from '../../state/changelog-entries.ts';
import { type ChangelogState, changelogState, type FeedPosition, serialState } from '../../state/mirror-state.ts';
import type { QueueRequest } from '../../state/queue.ts';
import type { UpstreamRemoval } from '../../state/removal-log.ts';
import { type Change, change, join, noChange } from '../../state/state-section.ts';
import type { ServedFeed } from '../../upstream/upstream.ts';
import { maxDeletionsPerDay } from '../limits/deletion-limit.ts';
import type { Mirror } from '../mirror.ts';
import { refuseJump } from '../serials.ts';
import { verifiesPages } from '../snapshot/verify-pages.ts';
import { isRelevant } from './relevant-projects.ts';

const quarantinedUpstream: UpstreamRemoval = 'quarantined upstream';

/** What came of reading the feed. */
export interface FeedResult {
  /** True when everything that has changed upstream is queued. */
  readonly isFollowed: boolean;
  /** From where on the feed is to be read once the list of projects was compared; undefined where there is none. */
  readonly next: FeedPosition | undefined;
  /** Why a feed that was followed before is not, for people. */
  readonly why?: string;
  /** True when it says that more was removed than the brake lets go: then the list has to say so, too. */
  readonly isDoubtful?: boolean;
}

const noFeed: FeedResult = { isFollowed: false, next: undefined };

/**
 * Queues what the feed tells after the place where it was read last; `heard` gets the names. With `isNew` only asks from
 * where on it is to be read. Throws PausedError.
 */
export async function enqueueFeedChanges(
  mirror: Mirror,
  isNew: boolean,
  heard?: (names: Iterable<ProjectName>) => void,
): Promise<FeedResult> {
  const { state, upstream, clock, settings } = mirror;
  // The list is what upstream has signed.
  if (verifiesPages(mirror)) return noFeed;
  const { feed: known, feedRetryAt }: ChangelogState = isNew ? {} : state.get(changelogState);
  if (known === undefined && isWaiting(feedRetryAt, clock.now())) return noFeed;
  try {
    const head = await upstream.feed(known?.etag);
    if (head === 'unchanged') return followedResult(mirror, known);
    if (head !== undefined) return await readNewChanges(mirror, head, known, heard);
  } catch (error) {
    if (!(error instanceof UnreachableError || error instanceof NonsenseError)) throw error;
    if (known !== undefined) return { ...noFeed, why: error.message };
  }
  // Something else may answer there, or nothing.
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
  heard?: (names: Iterable<ProjectName>) => void,
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
    for (const { name, removed: why } of changes) removed.set(name, why !== undefined && why !== quarantinedUpstream);
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
    enqueuePiece(mirror, { id: head.id, number }, { ...head, changes: found.changes }, known.number, heard);
  }
  const moved =
    (head.serial ?? 0) > serial ? change(serialState, { serial: head.serial, serialMovedAt: clock.now() }) : noChange;
  const next = { id: head.id, number: head.last, etag: head.etag };
  enqueuePiece(mirror, next, head, known.number, heard, moved);
  note(head.changes);
  const isHeld = ([name, isRemoved]: [ProjectName, boolean]): boolean =>
    isRemoved && state.held.project(name).published;
  const isDoubtful = [...removed].filter(isHeld).length > maxDeletionsPerDay(state.totals().projects);
  return { ...followedResult(mirror, next), isDoubtful };
}

/** Why the feed does not go on from where it was read, if so. */
function feedBreak(head: ServedFeed, known: FeedPosition): string | undefined {
  if (head.id !== known.id) return 'it began anew';
  if (head.last < known.number) return `it went back from change ${known.number} to ${head.last}`;
  if (head.oldest > known.number + 1)
    return `it tells changes from ${head.oldest} on, and ${known.number} was read last`;
  return undefined;
}

/** Queues those of the changes that come after `after`, and remembers how far the feed was read. */
function enqueuePiece(
  mirror: Mirror,
  feed: FeedPosition,
  { changes, serial }: Pick<ServedFeed, 'changes' | 'serial'>,
  after: number,
  heard: ((names: Iterable<ProjectName>) => void) | undefined,
  moved: Change = noChange,
): void {
  const fresh = changes.filter(({ number, name }) => number > after && isRelevant(mirror, name));
  const wanted = fresh.map((change) => requestsFrom(change, serial));
  mirror.state.queue.enqueue(wanted, join(change(changelogState, { feed }), moved));
  heard?.(wanted.map(({ name }) => name));
}

/** No project is newer than the whole mirror. */
function requestsFrom(change: FeedChange, newest = Number.POSITIVE_INFINITY): QueueRequest {
  const { name, displayName, removed } = change;
  const serial = Math.min(change.serial ?? 0, newest);
  const isRemoved = removed !== undefined;
  return { name, displayName, serial, removed: isRemoved, isBack: !isRemoved, rows: rowsOf(change, serial) };
}

/** What a changelog would have said. */
function rowsOf({ at, removed, quarantined }: FeedChange, serial: number): ChangelogEntry[] {
  const row = (action: string, version?: string): ChangelogEntry => ({ serial, version, action, at });
  if (removed === undefined) return quarantined.map((version) => row('release quarantined', version));
  // The page that it was published by last is one from before its removal.
  const removal = { ...row('remove project'), serial: serial + 1 };
  return removed === quarantinedUpstream ? [row('project quarantined'), removal] : [removal];
}
