/**
 * The number that stands in a table for what is held of a file's provenance: 0 for none, 1 for an object that nobody
 * looked at, then one for each verdict.
 */
import type { HeldFile } from '../held-projects.ts';
import type { Verdict } from '../provenance-records.ts';

/** They stand for 2, 3 and 4. */
const verdicts: readonly Verdict[] = ['verified', 'failed', 'lost'];
const firstVerdict = 2;

export function provenanceNumber({ provenance, verdict }: Pick<HeldFile, 'provenance' | 'verdict'>): number {
  if (!provenance) return 0;
  return verdict === undefined ? 1 : firstVerdict + verdicts.indexOf(verdict);
}

/** The verdict that `number` stands for, if it stands for one. */
export function verdictOf(number: number): Verdict | undefined {
  return verdicts[number - firstVerdict];
}
