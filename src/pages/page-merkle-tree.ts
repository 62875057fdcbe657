/** Computes the Merkle trees over the pages from the hashes in the state. Only changed parts are computed anew. */
import { leafHash, type MerkleTree, merkleHash, treeOfBuckets } from '../core/merkle-tree.ts';
import type { PageHashStore, PageKind } from '../state/page-hashes.ts';

/** Returns the tree over the known hashes of a kind of page. Throws StorageError. */
export function pageTree(pages: PageHashStore, kind: PageKind): MerkleTree {
  const stale = pages.staleBuckets(kind);
  const fresh = new Map(stale.map((bucket) => [bucket, bucketHash(pages, bucket, kind)]));
  if (fresh.size > 0) pages.rememberBuckets(kind, fresh);
  return treeOfBuckets(pages.bucketHashes(kind));
}

function bucketHash(pages: PageHashStore, bucket: number, kind: PageKind): string {
  return merkleHash(pages.pagesIn(bucket, kind).map(({ name, sha256 }) => leafHash(name, sha256)));
}
