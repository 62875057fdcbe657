/** The port to what is known of provenance (PEP 740). Every method is one transaction; all throw StorageError. */
import type { ProjectName } from '../core/names.ts';

/** What is known of a held provenance object; upstream announces none any more where it was `lost`. */
export type Verdict = 'verified' | 'failed' | 'lost';

/** A file that upstream's page lists, and whose provenance does not prove where it is from. */
export interface ProvenanceProblem {
  readonly filename: string;
  /** For people: one line. */
  readonly why: string;
  /** True when the file is not held for that. */
  readonly leftOut: boolean;
}

/** How many of the held files have a provenance object, and what it proves. */
export interface ProvenanceTotals extends Readonly<Record<Verdict, number>> {
  /** Held objects that nobody looked at. */
  readonly unchecked: number;
  /** Files without one. */
  readonly absent: number;
  /** Files that are not held for what their provenance is. */
  readonly leftOut: number;
}

/** Written with the files, and when projects are finished. */
export interface ProvenanceRecords {
  /** What is wrong with the provenance of a project's files, as it was published last. */
  problemsOf(name: ProjectName): ProvenanceProblem[];
  totals(): ProvenanceTotals;
}
