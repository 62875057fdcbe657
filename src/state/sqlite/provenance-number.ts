/**
 * The number that stands for a file's provenance in a table: 0 for none, 1 for an object that was not verified, then
 * one for each verdict.
 */
import type { HeldFile } from '../held-projects.ts';
import type { Verdict } from '../provenance-records.ts';

/** The verdicts with the numbers 2, 3 and 4. */
const verdicts: readonly Verdict[] = ['verified', 'failed', 'lost'];
const firstVerdict = 2;

export function provenanceNumber({ provenance, verdict }: Pick<HeldFile, 'provenance' | 'verdict'>): number {
  if (!provenance) return 0;
  return verdict === undefined ? 1 : firstVerdict + verdicts.indexOf(verdict);
}

/** Returns the verdict that `number` stands for, if any. */
export function verdictOf(number: number): Verdict | undefined {
  return verdicts[number - firstVerdict];
}
