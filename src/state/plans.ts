/**
 * The port to what a partial mirror has decided: the plans of published projects. Every method is one transaction; all
 * throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { Change } from './state-section.ts';

/** What a partial mirror has decided for a project. */
export interface Plan {
  /** Stands for the rules that decided, and for nothing else. */
  readonly decisionKey: string;
  /** Milliseconds: when the outcome changes although nothing else does. */
  readonly nextChange: number | undefined;
  /** For people: the rule that the project is held by. */
  readonly rule: string;
  /** Of the files that are to be held. */
  readonly bytes: number;
  /** Stands for what came of it: the files that are held, and what the page shows of the others. */
  readonly resultDigest: string;
  /** Upstream's page, where the published one does not tell all that it tells. */
  readonly page: Buffer | undefined;
}

/** A plan without its page. */
export type PlanSummary = Omit<Plan, 'page' | 'resultDigest'> & { readonly name: ProjectName };

/** A queued project of which only the rules changed, with what came of its plan. */
export type DueReplan = Pick<Plan, 'resultDigest' | 'page'> & { readonly name: ProjectName };

/** The new plan of a project for which nothing is to be done. */
export type Replanned = Pick<Plan, 'decisionKey' | 'nextChange' | 'rule'> & { readonly name: ProjectName };

/** What a rule of a partial mirror costs. */
export interface RuleTotals {
  /** The rule of a plan; what others depend on is one rule for each place that says so. */
  readonly rule: string;
  readonly projects: number;
  /** Of the files that are to be held. */
  readonly bytes: number;
}

/** A plan is written when its project is finished, by `StateStore.finish`. */
export interface Plans {
  /** The plans of published projects, by name after `after`; those without one have no `decisionKey`. */
  list(after: ProjectName | undefined, limit: number): (PlanSummary | { name: ProjectName; decisionKey?: undefined })[];
  /** The rules that a project was last planned by; undefined when it has no plan. */
  decisionKeyOf(name: ProjectName): string | undefined;
  /** Upstream's page of a project, where its plan kept it. */
  pageOf(name: ProjectName): Buffer | undefined;
  /** What the plans cost by rule, the most bytes first. */
  totalsByRule(limit: number): RuleTotals[];
  /** Gives plans another name of their rule. */
  renameRules(renamed: readonly { readonly name: ProjectName; readonly rule: string }[]): void;
  /** Queues projects whose rules changed, but none that is queued already. Returns how many. */
  enqueueReplans(names: readonly ProjectName[], change?: Change): number;
  /** Queues the projects whose plan changes by `now` (milliseconds). */
  enqueueDue(now: number): void;
  /** The next projects, by name after `after`, of which only the rules changed and whose plan tells what came of it. */
  dueReplans(now: number, after: ProjectName | undefined, limit: number): DueReplan[];
  /** Changes plans of which nothing else follows than before; their projects leave the queue. */
  replan(plans: readonly Replanned[]): void;
}
