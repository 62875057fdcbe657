/** The Plans port over SQLite. */
import type Database from 'better-sqlite3';
import { groupedRuleSql } from '../../core/dependency-reason.ts';
import type { ProjectName } from '../../core/names.ts';
import type { DueReplan, PlanRecord, PlanSummary, Plans, Replanned, RuleTotals } from '../plans.ts';
import { type Change, noChange } from '../state-section.ts';
import { nameOf } from './checked-text.ts';
import type { SqliteMirrorState } from './sqlite-mirror-state.ts';
import type { SqliteQueue } from './sqlite-queue.ts';
import { type Connection, onFirstUse, SqliteTables } from './sqlite-tables.ts';

/** The parts of the state that are written in the same transaction as plans. */
interface Beside {
  readonly mirror: SqliteMirrorState;
  readonly queue: SqliteQueue;
}

export class SqlitePlans extends SqliteTables<ReturnType<typeof prepareStatements>> implements Plans {
  readonly #beside: Beside;

  constructor(connection: Connection, beside: Beside) {
    super(connection, prepareStatements);
    this.#beside = beside;
  }

  list(
    after: ProjectName | undefined,
    limit: number,
  ): (PlanSummary | { name: ProjectName; decisionKey?: undefined })[] {
    return this.do(() => this.sql.plans.all(after ?? '', limit)).map((row) => planOf(row));
  }

  decisionKeyOf(name: ProjectName): string | undefined {
    return this.do(() => this.sql.decisionOf.get(name))?.decision;
  }

  pageOf(name: ProjectName): Buffer | undefined {
    return this.do(() => this.sql.pageOf.get(name))?.page ?? undefined;
  }

  totalsByRule(limit: number): RuleTotals[] {
    return this.do(() => this.sql.totalsByRule.all(limit));
  }

  renameRules(renamed: readonly { readonly name: ProjectName; readonly rule: string }[]): void {
    if (renamed.length === 0) return;
    this.transaction(() => {
      for (const { name, rule } of renamed) this.sql.renameRule.run(rule, name);
    });
  }

  enqueueReplans(names: readonly ProjectName[], change: Change = noChange): number {
    const { mirror, queue } = this.#beside;
    let queued = 0;
    this.transaction(() => {
      for (const name of names) queued += queue.addReplan(name);
      mirror.put(change);
    });
    return queued;
  }

  enqueueDue(now: number): void {
    this.do(() => this.sql.enqueueDue.run({ now }));
  }

  dueReplans(now: number, after: ProjectName | undefined, limit: number): DueReplan[] {
    return this.do(() => this.sql.dueReplans.all(now, after ?? '', limit)).map(replanOf);
  }

  replan(plans: readonly Replanned[]): void {
    if (plans.length === 0) return;
    this.transaction(() => {
      for (const { name, decisionKey: decision, nextChange = null, rule } of plans) {
        const plan = { name, decision, nextChange, rule };
        if (this.sql.redecide.run(plan).changes === 0) this.sql.replan.run(plan);
        this.#beside.queue.takeOutReplan(name);
      }
    });
  }

  /** Replaces the plan of a project; undefined for none. Within the transaction of the caller. */
  put(name: ProjectName, plan: PlanRecord | undefined): void {
    if (plan === undefined) {
      this.sql.delete.run(name);
      return;
    }
    const { decisionKey: decision, nextChange, rule, bytes, resultDigest: outcome, page } = plan;
    this.sql.put.run(name, decision, nextChange ?? null, rule, bytes, outcome, page ?? null);
  }
}

interface PlanRow {
  readonly project: string;
  readonly decision: string | null;
  readonly next_change: number | null;
  readonly rule: string | null;
  readonly bytes: number | null;
}

interface DueReplanRow {
  readonly name: ProjectName;
  readonly outcome: string;
  readonly page: Buffer | null;
}

/** Returns the project to be replanned in `row`. */
function replanOf({ name, outcome, page }: DueReplanRow): DueReplan {
  return { name, resultDigest: outcome, page: page ?? undefined };
}

/** Returns the plan in `row`; only the name if the project has no plan. */
function planOf(row: PlanRow): PlanSummary | { name: ProjectName; decisionKey?: undefined } {
  const { decision, next_change: nextChange, rule, bytes } = row;
  const name = nameOf(row.project);
  if (decision === null || rule === null || bytes === null) return { name };
  return { name, decisionKey: decision, nextChange: nextChange ?? undefined, rule, bytes };
}

function prepareStatements(db: Database.Database) {
  return onFirstUse({
    plans: () =>
      db.prepare<[string, number], PlanRow>(
        `SELECT p.name AS project, decision, next_change, rule, bytes FROM projects p LEFT JOIN plans ON project = p.name
       WHERE p.name > ? ORDER BY p.name LIMIT ?`,
      ),
    decisionOf: () => db.prepare<[string], { decision: string }>('SELECT decision FROM plans WHERE project = ?'),
    pageOf: () => db.prepare<[string], { page: Buffer | null }>('SELECT page FROM plans WHERE project = ?'),
    totalsByRule: () =>
      db.prepare<[number], RuleTotals>(
        `SELECT ${groupedRuleSql('rule')} AS rule, sum(projects) AS projects, total(bytes) AS bytes
       FROM (SELECT rule, count(*) AS projects, total(bytes) AS bytes FROM plans GROUP BY rule)
       GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT ?`,
      ),
    renameRule: () => db.prepare<[string, string]>('UPDATE plans SET rule = ? WHERE project = ?'),
    enqueueDue: () =>
      db.prepare<{ now: number }>(
        `INSERT INTO queue (name, display_name, serial, removed, since, replan)
       SELECT p.name, p.display_name, 0, 0, :now, 1 FROM plans JOIN projects p ON p.name = plans.project
       WHERE next_change <= :now ON CONFLICT (name) DO NOTHING`,
      ),
    dueReplans: () =>
      db.prepare<[number, string, number], DueReplanRow>(
        `SELECT name, outcome, page FROM queue JOIN plans ON project = name
       WHERE replan = 1 AND removed = 0 AND next_try <= ? AND name > ? AND outcome IS NOT NULL ORDER BY name LIMIT ?`,
      ),
    // Leaves the indexes of the other columns untouched if only the decision changed.
    redecide: () =>
      db.prepare<{ name: string; decision: string; nextChange: number | null; rule: string }>(
        `UPDATE plans SET decision = :decision
       WHERE project = :name AND next_change IS :nextChange AND rule = :rule`,
      ),
    replan: () =>
      db.prepare<{ name: string; decision: string; nextChange: number | null; rule: string }>(
        'UPDATE plans SET decision = :decision, next_change = :nextChange, rule = :rule WHERE project = :name',
      ),
    put: () =>
      db.prepare<[string, string, number | null, string, number, string, Buffer | null]>(
        `INSERT INTO plans (project, decision, next_change, rule, bytes, outcome, page) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (project) DO UPDATE SET decision = excluded.decision, next_change = excluded.next_change,
         rule = excluded.rule, bytes = excluded.bytes, outcome = excluded.outcome, page = excluded.page`,
      ),
    delete: () => db.prepare<[string]>('DELETE FROM plans WHERE project = ?'),
  });
}
