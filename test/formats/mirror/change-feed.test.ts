import t from 'tap';
import { NonsenseError } from '../../../src/core/errors.ts';
import {
  type FeedChange,
  oldestOf,
  parseFeedHead,
  parseFeedPiece,
  piecePath,
  renderFeedHead,
  renderFeedPiece,
} from '../../../src/formats/mirror/change-feed.ts';
import { named } from '../../fixtures/test-mirror.ts';

const id = '0123456789abcdef'.repeat(2);

function change(number: number): FeedChange {
  const [name] = named('foo-bar');
  if (name === undefined) throw new Error('no name');
  const removed = number % 2 === 0 ? 'removed upstream' : undefined;
  const quarantined = removed === undefined ? ['1.0'] : [];
  return { number, name, displayName: 'Foo.Bar', serial: 7 * number, at: 1_700_000_000_000, removed, quarantined };
}

function changesFrom(first: number, last: number): FeedChange[] {
  return Array.from({ length: last - first + 1 }, (_, at) => change(first + at));
}

t.test('what is written is read', async (t) => {
  const head = { id, serial: 99, oldest: 1, listed: 600, last: 600, changes: changesFrom(513, 600) };
  t.same(parseFeedHead(renderFeedHead(head), 'changes.json'), { ...head, first: 513 });
  const empty = { id, serial: undefined, oldest: 1, listed: 0, last: 0, changes: [] };
  t.same(parseFeedHead(renderFeedHead(empty), 'changes.json'), { ...empty, first: 1 });
  const piece = { id, first: 257, last: 512, changes: changesFrom(257, 512) };
  t.same(parseFeedPiece(renderFeedPiece(piece), id, 1, 'changes/1.json'), piece);
  t.ok(renderFeedPiece(piece).length < 40_000);
});

t.test('there are 400 pieces at most', async (t) => {
  t.same([oldestOf(0), oldestOf(102_400), oldestOf(102_655), oldestOf(102_656)], [1, 1, 1, 257]);
  t.same([piecePath(0), piecePath(399), piecePath(400)], ['changes/0.json', 'changes/399.json', 'changes/0.json']);
});

t.test('what is cut, skips a number or is another feed is refused', async (t) => {
  const right = renderFeedHead({ id, serial: 99, oldest: 1, listed: 3, last: 3, changes: changesFrom(1, 3) });
  const refused = (text: string): void => {
    t.throws(() => parseFeedHead(text, 'changes.json'), NonsenseError, text.slice(0, 80));
  };
  for (const text of [
    '',
    '[]',
    '{}',
    right.slice(0, -5),
    right.replace('"version":1', '"version":2'),
    right.replace(id, 'X'),
    right.replace('"last":3', '"last":4'),
    right.replace('"last":3', '"last":1e300'),
    right.replace('"oldest":1', '"oldest":9'),
    right.replace('"oldest":1', '"oldest":-1'),
    right.replace('"listed":3', '"listed":4'),
    right.replace('"number":2', '"number":1'),
    right.replace('"removed":"removed upstream"', '"removed":true'),
    right.replace('"quarantined":["1.0"]', '"quarantined":"1.0"'),
  ])
    refused(text);
  const piece = renderFeedPiece({ id, first: 257, last: 512, changes: changesFrom(257, 512) });
  for (const [feed, at] of [
    ['f'.repeat(32), 1],
    [id, 0],
    [id, 2],
  ] as const) {
    t.throws(() => parseFeedPiece(piece, feed, at, 'changes/1.json'), NonsenseError);
  }
});

t.test('a project whose name nobody can have is passed over, and costs no other', async (t) => {
  const text = renderFeedHead({ id, serial: 99, oldest: 1, listed: 3, last: 3, changes: changesFrom(1, 3) });
  const odd = text.replace('"project":"Foo.Bar"', '"project":"../../etc"');
  t.same(
    parseFeedHead(odd, 'changes.json').changes.map(({ number }) => number),
    [2, 3],
  );
});
