/** What is kept of provenance: totals, and what is wrong with files. */
import type { ProjectName } from '../../core/names.ts';
import type { ProvenanceProblem, ProvenanceTotals, Verdict } from '../provenance-records.ts';
import { provenanceNumber } from './rows.ts';
import type { Statements } from './statements.ts';

/** How many files there are of each kind; triggers count, because there may be millions. */
export function provenanceTotals({ proven, leftOut }: Statements): ProvenanceTotals {
  const count = (provenance: boolean, verdict?: Verdict): number =>
    proven.get(provenanceNumber({ provenance, ...(verdict && { verdict }) }))?.files ?? 0;
  return {
    absent: count(false),
    unchecked: count(true),
    verified: count(true, 'verified'),
    failed: count(true, 'failed'),
    lost: count(true, 'lost'),
    leftOut: leftOut.get()?.files ?? 0,
  };
}

/** Replaces what is wrong with the files of a project. */
export function putUnproven(sql: Statements, name: ProjectName, files: readonly ProvenanceProblem[] = []): void {
  sql.deleteUnproven.run(name);
  for (const { filename, why, leftOut } of files) sql.putUnproven.run(name, filename, why, leftOut ? 1 : 0);
}
