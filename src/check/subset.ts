/** Subsets of the mirror: checking one a night covers everything after as many nights. */
import { sha256Hex } from '../core/hash.ts';

/** Subset `number`, from 1, of `of`. */
export interface Subset {
  readonly number: number;
  readonly of: number;
}

/** The number of subsets for `--subset auto`, so that everything is read once a month. */
export const autoSubsets = 30;

/** Returns the subset after the last one checked. */
export function nextSubset(done: number | undefined): Subset {
  return { number: ((done ?? 0) % autoSubsets) + 1, of: autoSubsets };
}

/** Returns true if the project or folder `name` belongs to `share`. Undefined means everything. */
export function isInSubset(name: string, share: Subset | undefined): boolean {
  return share === undefined || numberOf(name) % share.of === share.number - 1;
}

/**
 * Returns a number for `name`. Folders under `packages/` are named by the first digits of a hash; project names are
 * hashed.
 */
function numberOf(name: string): number {
  return Number.parseInt(/^[0-9a-f]{2}$/.test(name) ? name : sha256Hex(Buffer.from(name)).slice(0, 8), 16);
}
