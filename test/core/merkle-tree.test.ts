import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import t from 'tap';
import { bucketOf, bucketsIn, leafHash, merkleHash, treeOfBuckets } from '../../src/core/merkle-tree.ts';
import { programsOrReason } from '../fixtures/programs.ts';
import { named } from '../fixtures/test-mirror.ts';

const sha256 = (...parts: readonly (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** RFC 6962, 2.1, as it is written there: recursive, cut at the largest power of two below. */
function merkleTreeHash(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first === undefined) return sha256('');
  if (leaves.length === 1) return first;
  let cut = 1;
  while (cut * 2 < leaves.length) cut *= 2;
  return sha256('\x01', merkleTreeHash(leaves.slice(0, cut)), merkleTreeHash(leaves.slice(cut)));
}

t.test('the hash over any number of leaves is the one of RFC 6962', async (t) => {
  const leaves = Array.from({ length: 70 }, (_, at) => sha256(`leaf ${at}`));
  for (let count = 0; count <= leaves.length; count += 1) {
    const some = leaves.slice(0, count);
    t.equal(merkleHash(some.map((leaf) => leaf.toString('hex'))), merkleTreeHash(some).toString('hex'), `${count}`);
  }
});

t.test('its hashes are those that others have published', async (t) => {
  // The leaves and roots with which the logs of Certificate Transparency are tested.
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const leaves = inputs.map((hex) => sha256('\x00', Buffer.from(hex, 'hex')).toString('hex'));
  t.equal(merkleHash(leaves.slice(0, 1)), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  t.equal(merkleHash(leaves), '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
});

t.test('a name, and the hash of its page, make a leaf', async (t) => {
  const [name] = named('a-b');
  if (name === undefined) return;
  const page = sha256('page');
  t.equal(leafHash(name, page), sha256(Buffer.from('\0a-b\0'), page).toString('hex'));
  t.equal(bucketOf(name), sha256('a-b').readUInt16BE() >> 4, 'its bucket is the first 12 bits of the hash of the name');
  t.same([bucketsIn(0)[0], bucketsIn(1)[0], bucketsIn(255).at(-1)], [0, 16, 4095]);
});

/** The same written by another hand, in another language. */
const python = `
import hashlib, sys
def h(b): return hashlib.sha256(b).digest()
pages = [line.split() for line in sys.stdin]
buckets = [[] for _ in range(4096)]
for name, digest in sorted(pages):
    buckets[int(hashlib.sha256(name.encode()).hexdigest()[:3], 16)].append(
        h(b"\\0" + name.encode() + b"\\0" + bytes.fromhex(digest)))
def tree(hashes):
    if not hashes: return h(b"")
    if len(hashes) == 1: return hashes[0]
    cut = 1
    while cut * 2 < len(hashes): cut *= 2
    return h(b"\\1" + tree(hashes[:cut]) + tree(hashes[cut:]))
print(tree([tree(b) for b in buckets]).hex())
print(tree([tree(b) for b in buckets[32:48]]).hex())
`;

t.test('Python makes the same tree of the same pages', programsOrReason('python3'), async (t) => {
  const names = named(...Array.from({ length: 6000 }, (_, at) => `project-${at}`)).sort();
  const buckets = new Map<number, string[]>();
  for (const name of names) {
    const leaves = buckets.get(bucketOf(name)) ?? [];
    buckets.set(bucketOf(name), [...leaves, leafHash(name, sha256('page of', name))]);
  }
  const { root, groups } = treeOfBuckets(new Map([...buckets].map(([bucket, leaves]) => [bucket, merkleHash(leaves)])));
  const input = names.map((name) => `${name} ${sha256('page of', name).toString('hex')}\n`).join('');
  const said = execFileSync('python3', ['-c', python], { input, encoding: 'utf8' });
  t.same(said.trim().split('\n'), [root, groups[2]]);
  t.equal(groups.length, 256);
  t.equal(merkleHash(groups), root);
});

t.test('a mirror without projects has a tree, too', async (t) => {
  const nothing = sha256('');
  const level = (hash: Buffer, times: number): Buffer =>
    times === 0 ? hash : level(sha256('\x01', hash, hash), times - 1);
  t.equal(treeOfBuckets(new Map()).root, level(nothing, 12).toString('hex'));
});
