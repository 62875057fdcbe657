/** Checks that the change feed, from which other mirrors discover changes, matches the state. */
import type { WebPath } from '../core/paths.ts';
import { completePieces, oldestOf, piecePath } from '../formats/mirror/change-feed.ts';
import { feedHeadOf, feedHeadPath, feedPieceOf, publishedHead } from '../pages/change-feed.ts';
import { changeFeedIsDue, indexState } from '../state/mirror-state.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { notAFile } from './inspect-file.ts';
import { readOrFinding } from './read-or-finding.ts';
import { isInSubset } from './subset.ts';

const differs = 'differs from state.db';

/** Checks the files of the feed that belong to the subset. If any is wrong, the next run writes the feed again. */
export async function checkChangeFeed(check: Check): Promise<void> {
  const { lock, report, state } = check;
  if ((await inspectFeed(check)).length === 0) return;
  const release = await lock.take();
  // The current run publishes new changes meanwhile, at an unknown time.
  if (release === undefined) return;
  try {
    const findings = await inspectFeed(check);
    for (const finding of findings) report({ type: 'finding', finding });
    if (!findings.some(({ kind }) => kind !== 'unreadable' && kind !== 'not-a-file')) return;
    state.set(changeFeedIsDue);
    report({ type: 'queued', name: undefined });
  } finally {
    release();
  }
}

async function inspectFeed(check: Check): Promise<Finding[]> {
  const { state, files, subset, yielder } = check;
  const { changesTold: remembered, changesDue } = state.get(indexState);
  // Either nothing is published yet, or the next run writes the feed again.
  if (remembered === undefined || remembered.id !== state.publishedChanges.id() || changesDue === true) return [];
  const published = await readOrFinding(feedHeadPath, undefined, () => publishedHead(files));
  const head = published !== undefined && 'id' in published ? published : undefined;
  // A run that was killed published more than it remembered. The next run starts a new feed.
  if (head?.id === remembered.id && head.last > remembered.last) return [];
  const findings: Finding[] = [];
  if (isInSubset(feedHeadPath, subset)) {
    // The serial up to which the mirror was complete is taken from the file, because only the run that published it
    // knew it.
    const right = head && feedHeadOf(state.publishedChanges, { ...remembered, serial: head.serial });
    const found = await inspectFile(check, feedHeadPath, () => right);
    if (found !== undefined) findings.push(found);
  }
  const end = completePieces(remembered.last);
  for (let piece = completePieces(oldestOf(remembered.last)); piece < end; piece += 1) {
    const path = piecePath(piece);
    if (!isInSubset(path, subset)) continue;
    await yielder.yieldIfDue();
    const found = await inspectFile(check, path, () => feedPieceOf(state.publishedChanges, remembered.id, piece));
    if (found !== undefined) findings.push(found);
  }
  return findings;
}

/**
 * Returns the finding about the file at `path`, or undefined if it is right. `expected` returns its right bytes, or
 * undefined if the present ones are malformed.
 */
async function inspectFile(
  { files, report }: Check,
  path: WebPath,
  expected: () => Buffer | undefined,
): Promise<Finding | undefined> {
  return readOrFinding<Finding | undefined>(path, undefined, async () => {
    const stat = await files.stat(path);
    if (stat !== undefined && stat.kind !== 'file') return { path, project: undefined, ...notAFile(stat.kind) };
    const body = await files.read(path);
    if (body === undefined) return { kind: 'missing-page', path, project: undefined };
    report({ type: 'read', bytes: body.length });
    const isRight = expected()?.equals(body) === true;
    return isRight ? undefined : { kind: 'bad-page', path, project: undefined, found: differs };
  });
}
