/** The ProvenanceRecords port over SQLite. */
import type Database from 'better-sqlite3';
import type { ProjectName } from '../../core/names.ts';
import type { ProvenanceProblem, ProvenanceRecords, ProvenanceTotals, Verdict } from '../provenance-records.ts';
import { provenanceNumber } from './provenance-number.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

interface UnprovenRow {
  readonly filename: string;
  readonly why: string;
  readonly left_out: number;
}

export class SqliteProvenanceRecords
  extends SqliteTables<ReturnType<typeof prepareStatements>>
  implements ProvenanceRecords
{
  constructor(connection: Connection) {
    super(connection, prepareStatements);
  }

  problemsOf(name: ProjectName): ProvenanceProblem[] {
    return this.do(() => this.sql.unproven.all(name)).map(problemOf);
  }

  /** Returns the number of files of each kind. Triggers count them, because there may be millions. */
  totals(): ProvenanceTotals {
    const count = (provenance: boolean, verdict?: Verdict): number =>
      this.sql.proven.get(provenanceNumber({ provenance, ...(verdict && { verdict }) }))?.files ?? 0;
    return this.do(() => ({
      absent: count(false),
      unchecked: count(true),
      verified: count(true, 'verified'),
      failed: count(true, 'failed'),
      lost: count(true, 'lost'),
      leftOut: this.sql.leftOut.get()?.files ?? 0,
    }));
  }

  /** Replaces the problems with the files of a project. Within the transaction of the caller. */
  put(name: ProjectName, files: readonly ProvenanceProblem[] = []): void {
    this.sql.deleteUnproven.run(name);
    for (const { filename, why, leftOut } of files) this.sql.putUnproven.run(name, filename, why, leftOut ? 1 : 0);
  }
}

/** Returns the problem with a file in `row`. */
function problemOf({ filename, why, left_out: leftOut }: UnprovenRow): ProvenanceProblem {
  return { filename, why, leftOut: leftOut === 1 };
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    unproven: () => db.prepare<[string], UnprovenRow>('SELECT filename, why, left_out FROM unproven WHERE project = ?'),
    putUnproven: () =>
      db.prepare<[string, string, string, number]>(
        'INSERT OR REPLACE INTO unproven (project, filename, why, left_out) VALUES (?, ?, ?, ?)',
      ),
    deleteUnproven: () => db.prepare<[string]>('DELETE FROM unproven WHERE project = ?'),
    proven: () => db.prepare<[number], { files: number }>('SELECT files FROM proven WHERE provenance = ?'),
    leftOut: () => db.prepare<[], { files: number }>('SELECT count(*) AS files FROM unproven WHERE left_out = 1'),
  });
}
