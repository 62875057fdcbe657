/**
 * How much the fault tests try and with which luck. `npm run test:faults` sets FAULT_ROUNDS and FAULT_SEED; a file that
 * is run by itself takes few rounds.
 */
import { createHash } from 'node:crypto';
import { pseudoRandomNumbers } from '../sample/pseudo-random.ts';

const allRounds = Number(process.env.FAULT_ROUNDS ?? 20);

/** Every choice is made from it: the same seed repeats a failure. */
export const seed = Number(process.env.FAULT_SEED ?? 381);

/** So many of all rounds as `share` tells, 1 being all; at least one. */
export function rounds(share: number): number {
  return Math.max(1, Math.round(allRounds * share));
}

/** A source of numbers from 0 up to, but without, 1; another one for each `label`. */
export function seededRandom(label: string): () => number {
  const digest = createHash('sha256').update(`${seed} ${label}`).digest();
  return pseudoRandomNumbers(digest.readUInt32LE());
}
