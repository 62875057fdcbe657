/** A part of the mirror: who checks one share a night has checked all of it after as many nights. */
import { sha256Hex } from '../core/hash.ts';

/** The share `number`, from 1, of so many. */
export interface Share {
  readonly number: number;
  readonly of: number;
}

/** The shares of `--subset auto`: everything is read once a month. */
const automaticShares = 30;

/** The share after the one that was done last. */
export function nextShare(done: number | undefined): Share {
  return { number: ((done ?? 0) % automaticShares) + 1, of: automaticShares };
}

/** Whether the project or folder `name` belongs to `share`; everything belongs to undefined. */
export function isInShare(name: string, share: Share | undefined): boolean {
  return share === undefined || numberOf(name) % share.of === share.number - 1;
}

/** Folders under `packages/` are named with the first digits of a hash, names of projects need one. */
function numberOf(name: string): number {
  return Number.parseInt(/^[0-9a-f]{2}$/.test(name) ? name : sha256Hex(Buffer.from(name)).slice(0, 8), 16);
}
