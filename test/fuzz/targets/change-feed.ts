import fc from 'fast-check';
import { NonsenseError } from '../../../src/core/errors.ts';
import { projectName } from '../../../src/core/names.ts';
import {
  changesPerPiece,
  type FeedPiece,
  maxPieces,
  parseFeedHead,
  parseFeedPiece,
  renderFeedHead,
  renderFeedPiece,
} from '../../../src/formats/mirror/change-feed.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { jsonOf } from './pieces.ts';

const id = '0123456789abcdef'.repeat(2);
const any = jsonOf(
  ['version', 'feed', 'changes', 'number', 'project'],
  [1, id, -1, 1e15, 0.5, 'é"\\', '2026-01-01T00:00:00Z'],
);
const time = fc.oneof(fc.constantFrom('2026-01-01T00:00:00.000Z', '+275760-09-13', '1969', 'never'), any);
const change = fc.record(
  {
    project: fc.oneof(fc.constantFrom('a', 'B.c', '../x', '', 'é'), any),
    serial: fc.oneof(fc.nat(9), any),
    time,
    removed: fc.oneof(fc.constantFrom('removed upstream', 'x'.repeat(300), '\u2028\n'), any),
    quarantined: fc.oneof(fc.array(fc.constantFrom('1.0', 'y'.repeat(200), ''), { maxLength: 3 }), any),
  },
  { requiredKeys: ['project'] },
);

/** A feed with so many changes from the first one on; now and then one of them has another number. */
function feed(first: number, changes: readonly object[], odd: number | undefined, more: object): string {
  const numbered = changes.map((entry, at) => ({ number: first + at + (at === odd ? 1 : 0), ...entry }));
  return JSON.stringify({ version: 1, feed: id, ...more, changes: numbered });
}

const odd = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, fc.nat(4));
const numbers = fc.oneof(fc.nat(5), fc.constantFrom(1e14, 256, 257, 102_400, 102_657), any);
const heads = fc
  .tuple(fc.constantFrom(0, 256, 512, 102_656), fc.array(change, { maxLength: 4 }), odd, numbers, numbers, any)
  .map(([before, changes, odd, listed, oldest, serial]) => {
    const last = before + changes.length;
    return feed(before + 1, changes, odd, { serial, oldest, listed, last });
  });
const rightHeads = fc
  .tuple(fc.constantFrom(0, 256, 512), fc.array(change, { maxLength: 4 }), fc.nat(9))
  .map(([before, changes, serial]) => {
    const last = before + changes.length;
    return feed(before + 1, changes, undefined, { serial, oldest: 1, listed: before, last });
  });
const pieces = fc.tuple(change, odd).map(([entry, odd]) => {
  const changes = Array.from({ length: changesPerPiece }, () => entry);
  return feed(1, changes, odd, { first: 1, last: changesPerPiece });
});

/** What both kinds of files promise. */
function checkPiece({ first, last, changes }: FeedPiece): void {
  demand(first >= 1 && last - first < changesPerPiece, 'no file has more changes than one piece');
  let before = first - 1;
  for (const { number, name, at, removed = '', quarantined } of changes) {
    demand(number > before && number <= last, 'numbers rise');
    demand(projectName(name) === name, 'names are normalized');
    demand(at >= 0 && Number.isFinite(at), 'times are times');
    demand(removed.length <= 200 && quarantined.length <= 1000, 'what is told is bounded');
    before = number;
  }
}

function isWhole({ first, last, changes }: FeedPiece): boolean {
  return changes.length === last - first + 1;
}

function check(text: string): void {
  const head = outcome(() => parseFeedHead(text, 'head'), NonsenseError)?.value;
  if (head !== undefined) {
    checkPiece(head);
    const { oldest, listed, last } = head;
    demand(oldest >= 1 && oldest <= last + 1 && listed <= last, 'what there is lies before the last change');
    demand(last - oldest < (maxPieces + 1) * changesPerPiece, 'there are no more changes than a feed may have');
    if (isWhole(head)) demandSame(parseFeedHead(renderFeedHead(head), 'head'), head, 'what is written is read');
  }
  const piece = outcome(() => parseFeedPiece(text, id, 0, 'piece'), NonsenseError)?.value;
  if (piece === undefined) return;
  checkPiece(piece);
  demand(piece.first === 1 && piece.last === changesPerPiece, 'it is the piece that was asked for');
  if (isWhole(piece))
    demandSame(parseFeedPiece(renderFeedPiece(piece), id, 0, 'piece'), piece, 'what is written is read');
}

export const changeFeed: FuzzTarget = {
  name: 'change-feed',
  encoding: 'utf8',
  inputs: fc.oneof(rightHeads, heads, pieces),
  tokens: [
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '1',
    '"last":',
    '"oldest":',
    '"changes":[',
    '{"number":1,"project":"a"},',
  ],
  starts: ['', '{', '{"changes":[', `{"version":1,"feed":"${id}","changes":[`],
  read: (text) => {
    outcome(() => parseFeedHead(text, 'head'), NonsenseError);
    outcome(() => parseFeedPiece(text, id, 0, 'piece'), NonsenseError);
  },
  check,
};
