/**
 * The number of rounds of the fault tests, and their random seed. `npm run test:faults` sets FAULT_ROUNDS and
 * FAULT_SEED. A test file that is run by itself takes few rounds.
 */
import { createHash } from 'node:crypto';
import { pseudoRandomNumbers } from '../sample/pseudo-random.ts';

const allRounds = Number(process.env.FAULT_ROUNDS ?? 20);

/** The seed of all random choices. The same seed repeats a failure. */
export const seed = Number(process.env.FAULT_SEED ?? 381);

/** Returns the number of rounds for this share of all rounds, from 0 to 1; at least one. */
export function rounds(share: number): number {
  return Math.max(1, Math.round(allRounds * share));
}

/** Returns a source of numbers from 0 up to, but without, 1. Each `label` has another sequence. */
export function seededRandom(label: string): () => number {
  const digest = createHash('sha256').update(`${seed} ${label}`).digest();
  return pseudoRandomNumbers(digest.readUInt32LE());
}
