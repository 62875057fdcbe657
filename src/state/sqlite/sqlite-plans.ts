/** Writes plans, and what projects are wanted for, within the caller's transaction. */
import type { ProjectName } from '../../core/names.ts';
import type { Plan, Replanned, Wants } from '../state-store.ts';
import type { Statements } from './statements.ts';

/** Replaces the plan of a project; undefined for none. */
export function putPlan(sql: Statements, name: ProjectName, plan: Plan | undefined): void {
  if (plan === undefined) {
    sql.deletePlan.run(name);
    return;
  }
  const { decisionKey: decision, nextChange, rule, bytes, resultDigest: outcome, page } = plan;
  sql.putPlan.run(name, decision, nextChange ?? null, rule, bytes, outcome, page ?? null);
}

/** Changes plans of which nothing follows, and takes their projects from the queue. */
export function replan(sql: Statements, plans: readonly Replanned[]): void {
  for (const { name, decisionKey: decision, nextChange = null, rule } of plans) {
    const plan = { name, decision, nextChange, rule };
    if (sql.redecide.run(plan).changes === 0) sql.replan.run(plan);
    sql.dequeue.run(name, 0);
  }
}

/** Replaces all wants, without touching those that stay as they are. */
export function putAllWants(sql: Statements, all: Iterable<Wants>): void {
  const gone = new Set(sql.wanted.all());
  for (const { name, wants } of all) {
    sql.putWants.run(name, wants);
    gone.delete(name);
  }
  for (const name of gone) sql.deleteWants.run(name);
}
