/** A part of the mirror: who checks one share a night has checked all of it after as many nights. */
import { sha256Hex } from '../core/hash.ts';

/** The share `number`, from 1, of so many. */
export interface Subset {
  readonly number: number;
  readonly of: number;
}

/** The shares of `--subset auto`: everything is read once a month. */
const autoSubsets = 30;

/** The share after the one that was done last. */
export function nextSubset(done: number | undefined): Subset {
  return { number: ((done ?? 0) % autoSubsets) + 1, of: autoSubsets };
}

/** Whether the project or folder `name` belongs to `share`; everything belongs to undefined. */
export function isInSubset(name: string, share: Subset | undefined): boolean {
  return share === undefined || numberOf(name) % share.of === share.number - 1;
}

/** Folders under `packages/` are named with the first digits of a hash, names of projects need one. */
function numberOf(name: string): number {
  return Number.parseInt(/^[0-9a-f]{2}$/.test(name) ? name : sha256Hex(Buffer.from(name)).slice(0, 8), 16);
}
