/** The port to the records of provenance (PEP 740). Every method is one transaction; all throw StorageError. */
import type { ProjectName } from '../core/names.ts';

/** The verdict on a held provenance object; `lost` if upstream does not list it any more. */
export type Verdict = 'verified' | 'failed' | 'lost';

/** A file of upstream's page whose provenance does not prove its origin. */
export interface ProvenanceProblem {
  readonly filename: string;
  /** The reason in one line, for people. */
  readonly why: string;
  /** True if the file is not held for that reason. */
  readonly leftOut: boolean;
}

/** Numbers of held files by the verdict on their provenance objects. */
export interface ProvenanceTotals extends Readonly<Record<Verdict, number>> {
  /** Held objects that were not verified. */
  readonly unchecked: number;
  /** Files without a provenance object. */
  readonly absent: number;
  /** Files that are not held because of their provenance. */
  readonly leftOut: number;
}

/** The records of provenance; they are written with the files, and when projects are finished. */
export interface ProvenanceRecords {
  /** Returns the problems with the provenance of a project's files, as of its last publication. */
  problemsOf(name: ProjectName): ProvenanceProblem[];
  totals(): ProvenanceTotals;
}
