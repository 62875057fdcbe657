import t from 'tap';
import { NonsenseError } from '../../../src/core/errors.ts';
import { treeOfBuckets } from '../../../src/core/merkle-tree.ts';
import {
  maxSnapshotBytes,
  parseSignature,
  parseSnapshot,
  renderSignature,
  renderSnapshot,
  type Snapshot,
} from '../../../src/formats/mirror/snapshot.ts';

const hash = 'ab'.repeat(32);
const { root, groups } = treeOfBuckets(new Map([[5, hash]]));
const snapshot: Snapshot = {
  timeMs: Date.UTC(2026, 10, 22, 1, 2, 3, 4),
  serial: 12,
  projects: 1,
  queued: 0,
  index: { json: hash, html: hash },
  pages: { json: root, html: hash },
  groups,
};

/** What is said to a snapshot with other members. */
function problem(change: object): string {
  try {
    parseSnapshot(Buffer.from(JSON.stringify({ ...members(), ...change })), 'https://up.example/snapshot.json');
    return 'accepted';
  } catch (error) {
    return error instanceof NonsenseError ? error.message : `crashed: ${error}`;
  }
}

function members(): Record<string, unknown> {
  return JSON.parse(renderSnapshot(snapshot).toString()) as Record<string, unknown>;
}

t.test('a snapshot is JSON that anybody can read, and is read as it was written', async (t) => {
  const body = renderSnapshot(snapshot);
  t.match(members(), { version: 1, time: '2026-11-22T01:02:03.004Z', serial: 12, projects: 1, queued: 0 });
  t.same(parseSnapshot(body, 'x'), snapshot);
  t.ok(body.length < maxSnapshotBytes / 3);
  t.same(parseSnapshot(renderSnapshot({ ...snapshot, serial: undefined }), 'x').serial, undefined);
  t.equal(problem({ later: 'more' }), 'accepted', 'what is added later does no harm');
});

t.test('nothing that is not just so is taken for a snapshot', async (t) => {
  const flipped = [...groups];
  flipped[7] = hash;
  for (const [change, told] of [
    [{ version: 2 }, /version is not 1/],
    [{ version: '1' }, /version is not 1/],
    [{ time: '2026-11-22' }, /time is no time/],
    [{ time: '2026-13-40T01:02:03.004Z' }, /time is no time/],
    [{ time: 5 }, /time is no time/],
    [{ serial: '12' }, /serial is no count/],
    [{ serial: -1 }, /serial is no count/],
    [{ serial: undefined }, /serial is no count/],
    [{ projects: 1.5 }, /projects is no count/],
    [{ queued: null }, /queued is no count/],
    [{ index: { json: hash } }, /index lacks a sha256/],
    [{ index: null }, /index lacks a sha256/],
    [{ pages: { json: hash.toUpperCase(), html: hash } }, /pages lacks a sha256/],
    [{ groups: groups.slice(1) }, /groups are not 256 times a sha256/],
    [{ groups: 'x'.repeat(256) }, /groups are not 256 times a sha256/],
    [{ groups: flipped }, /its groups do not make its root/],
  ] as const) {
    t.match(problem(change), told, JSON.stringify(change).slice(0, 60));
  }
  for (const text of ['', '[]', 'null', '{', '\0']) {
    t.throws(() => parseSnapshot(Buffer.from(text), 'x'), NonsenseError, text);
  }
  t.throws(() => parseSnapshot(Buffer.alloc(maxSnapshotBytes + 1, ' '), 'x'), /larger than 65536 bytes/);
});

t.test('a signature is 64 bytes in base64, on a line', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 64 }, (_, at) => at * 3));
  const text = renderSignature(bytes);
  t.equal(text.length, 89);
  t.same(parseSignature(text), bytes);
  t.same(parseSignature(text.subarray(0, 88)), bytes, 'also without its newline');
  for (const wrong of ['', '\n', text.toString('latin1', 1), `${text}${text}`, ` ${text}`, bytes.toString('hex')]) {
    t.equal(parseSignature(Buffer.from(wrong)), undefined, wrong.slice(0, 20));
  }
});
