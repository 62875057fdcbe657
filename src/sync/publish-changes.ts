/** Publishes the change feed (formats/change-feed.ts), by which other mirrors learn what has changed here. */
import { NonsenseError } from '../core/errors.ts';
import { ownPath } from '../core/paths.ts';
import type { Write } from '../files/file-store.ts';
import {
  changesPerPiece,
  completePieces,
  type FeedChange,
  type FeedHead,
  oldestOf,
  parseFeedHead,
  piecePath,
  renderFeedHead,
  renderFeedPiece,
} from '../formats/change-feed.ts';
import { parseDistributionName } from '../packaging/distribution-name.ts';
import type { LoggedChange } from '../state/change-log.ts';
import type { Mirror } from './mirror.ts';

const piecesAtATime = 20;
const headPath = ownPath('changes.json');

type FeedOwner = Pick<Mirror, 'state' | 'files'>;

/** Publishes the changes that the feed does not tell yet; does nothing where there are none. Throws StorageError. */
export async function publishChanges(mirror: FeedOwner): Promise<void> {
  const { state, files } = mirror;
  const { changesTold: told, changesListed = 0 } = state.mirror();
  const isThere = (await files.size(headPath)) !== undefined;
  if (isThere && told?.id === state.changes.id() && told.last === state.changes.last() && told.listed === changesListed)
    return;
  const found = await headIn(files);
  const toldLast = told?.id === state.changes.id() ? told.last : 0;
  // Others may have read numbers that this state has not given yet, and will give to other changes.
  if (found?.id === state.changes.id() && found.last > toldLast) renewChanges(mirror);
  const [id, last] = [state.changes.id(), state.changes.last()];
  const isAsTold = found?.id === id && found.last === toldLast;
  await publishPieces(mirror, id, isAsTold ? completePieces(toldLast) : 0, last);
  const { serial, changesListed: listed = 0 } = state.mirror();
  const changes = changesAfter(mirror, completePieces(last) * changesPerPiece, last);
  const body = renderFeedHead({ id, serial, oldest: oldestOf(last), listed, last, changes });
  await files.publish([{ path: headPath, body: Buffer.from(body) }]);
  state.remember({ changesTold: { id, last, listed } });
}

/** Begins the feed anew: what the state knows of it is older than what others may have read. Throws StorageError. */
export function renewChanges({ state }: Pick<Mirror, 'state'>): void {
  state.changes.renew();
  state.remember({ changesTold: undefined, changesListed: undefined });
}

/** The feed as it is published; undefined where there is none, or nobody can read it. */
async function headIn(files: Mirror['files']): Promise<FeedHead | undefined> {
  const body = await files.read(headPath);
  try {
    return body && parseFeedHead(body.toString(), headPath);
  } catch (error) {
    if (error instanceof NonsenseError) return undefined;
    throw error;
  }
}

/** Publishes the complete pieces from `from` on, those that there still are: before anything names them. */
async function publishPieces(mirror: FeedOwner, id: string, from: number, last: number): Promise<void> {
  const end = completePieces(last);
  let writes: Write[] = [];
  for (let piece = Math.max(from, completePieces(oldestOf(last))); piece < end; piece += 1) {
    const before = piece * changesPerPiece;
    const changes = changesAfter(mirror, before, before + changesPerPiece);
    const body = renderFeedPiece({ id, first: before + 1, last: before + changesPerPiece, changes });
    writes.push({ path: piecePath(piece), body: Buffer.from(body) });
    if (writes.length < piecesAtATime && piece + 1 < end) continue;
    await mirror.files.publish(writes);
    writes = [];
  }
}

/** The changes with higher numbers than `before`, up to `last`. */
function changesAfter({ state }: Pick<Mirror, 'state'>, before: number, last: number): FeedChange[] {
  return state.changes.after(before, last - before).map(toFeed);
}

function toFeed({ project, quarantined, ...change }: LoggedChange): FeedChange {
  const releases = quarantined.flatMap((filename) => parseDistributionName(filename, project)?.version ?? []);
  return { ...change, name: project, quarantined: [...new Set(releases)] };
}
