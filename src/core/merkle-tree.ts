/**
 * A Merkle tree over one kind of page of all projects, after RFC 6962: SHA-256, with 0x00 before the data of a leaf,
 * and 0x01 before the two hashes of a node.
 *
 *   leaf    SHA-256(0x00, the normalized name in ASCII, 0x00, the 32 bytes of the page's SHA-256)
 *   bucket  the Merkle tree hash of RFC 6962 over the leaves of all names whose SHA-256 begins with the same 12 bits,
 *           in the order of names; SHA-256 of nothing if there are none
 *   group   16 consecutive buckets: those with the same first 8 bits
 *   root    all 4096 buckets, from 000 to fff
 *
 * A change of one page changes one bucket, which has some 200 leaves in a mirror of all of PyPI.
 */
import { sha256Hex } from './hash.ts';
import type { ProjectName } from './names.ts';

const bucketCount = 4096;
const bucketsPerGroup = 16;

/** The number of groups in a tree. */
export const groupCount = bucketCount / bucketsPerGroup;

/** The hashes of a tree, each as 64 lower-case hex digits. */
export interface MerkleTree {
  readonly root: string;
  readonly groups: readonly string[];
}

const leafMark = Buffer.from([0]);
const pair = Buffer.alloc(65, 1);
const nothing = sha256Hex(new Uint8Array());

/** Returns the bucket of `name`. */
export function bucketOf(name: ProjectName): number {
  return Number.parseInt(sha256Hex(Buffer.from(name)).slice(0, 3), 16);
}

/** Returns the group of `name`. */
export function groupOf(name: ProjectName): number {
  return Math.floor(bucketOf(name) / bucketsPerGroup);
}

/** Returns the buckets in a group. */
export function bucketsIn(group: number): number[] {
  return Array.from({ length: bucketsPerGroup }, (_, at) => group * bucketsPerGroup + at);
}

/** Returns the hash of the leaf for a page with this SHA-256. */
export function leafHash(name: ProjectName, pageSha256: Uint8Array): string {
  return sha256Hex(Buffer.concat([leafMark, Buffer.from(name), leafMark, pageSha256]));
}

/** Returns the Merkle tree hash over the hashes of leaves. */
export function merkleHash(leaves: readonly string[]): string {
  let level = leaves;
  while (level.length > 1) level = paired(level);
  return level[0] ?? nothing;
}

/** Returns the tree over all buckets. Buckets that are not given are empty. */
export function treeOfBuckets(buckets: ReadonlyMap<number, string>): MerkleTree {
  const all = Array.from({ length: bucketCount }, (_, bucket) => buckets.get(bucket) ?? nothing);
  const groups = Array.from({ length: groupCount }, (_, group) =>
    merkleHash(all.slice(group * bucketsPerGroup, (group + 1) * bucketsPerGroup)),
  );
  return { root: merkleHash(groups), groups };
}

/**
 * Returns the next level of the tree. A hash without a partner moves up unchanged, which yields the same tree as the
 * splits at powers of two in RFC 6962.
 */
function paired(hashes: readonly string[]): string[] {
  const up: string[] = [];
  for (let at = 0; at < hashes.length; at += 2) {
    const [left = '', right] = [hashes[at], hashes[at + 1]];
    up.push(right === undefined ? left : nodeHash(left, right));
  }
  return up;
}

function nodeHash(left: string, right: string): string {
  pair.write(left, 1, 'hex');
  pair.write(right, 33, 'hex');
  return sha256Hex(pair);
}
