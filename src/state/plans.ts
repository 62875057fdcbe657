/**
 * The port to the plans of published projects, in which a partial mirror keeps its decisions. Every method is one
 * transaction; all throw StorageError.
 */
import type { ProjectName } from '../core/names.ts';
import type { Change } from './state-section.ts';

/** The record of the plan of a project, in a partial mirror. */
export interface PlanRecord {
  /** A key of the rules that decided, and of nothing else. */
  readonly decisionKey: string;
  /** Time in milliseconds at which the result changes although nothing else does. */
  readonly nextChange: number | undefined;
  /** The rule that the project is held by, for people. */
  readonly rule: string;
  /** The size of the files that are to be held. */
  readonly bytes: number;
  /** A digest of the result: the files that are held, and the entries of the others on the page. */
  readonly resultDigest: string;
  /** Upstream's page, kept if the published page lacks some of its content. */
  readonly page: Buffer | undefined;
}

/** A record without the page and the result digest. */
export type PlanSummary = Omit<PlanRecord, 'page' | 'resultDigest'> & { readonly name: ProjectName };

/** A published project with its plan; without one, `decisionKey` is undefined. */
export type ListedPlan = PlanSummary | { readonly name: ProjectName; readonly decisionKey?: undefined };

/** A queued project of which only the rules changed, with the result of its last plan. */
export type DueReplan = Pick<PlanRecord, 'resultDigest' | 'page'> & { readonly name: ProjectName };

/** The new plan of a project whose result stays the same. */
export type Replanned = Pick<PlanRecord, 'decisionKey' | 'nextChange' | 'rule'> & { readonly name: ProjectName };

/** The cost of a rule of a partial mirror. */
export interface RuleTotals {
  /** The rule of a plan. Dependencies are grouped into one rule for each place of the policy that asks for them. */
  readonly rule: string;
  readonly projects: number;
  /** The size of the files that are to be held. */
  readonly bytes: number;
}

/** The plans of projects. `StateStore.finish` writes them. */
export interface Plans {
  /** Returns the next published projects after `after`, by name, with their plans. */
  list(after: ProjectName | undefined, limit: number): ListedPlan[];
  /** Returns the decision key of a project's plan; undefined if it has none. */
  decisionKeyOf(name: ProjectName): string | undefined;
  /** Returns upstream's page of a project, if its plan kept it. */
  pageOf(name: ProjectName): Buffer | undefined;
  /** Returns the cost of the plans by rule, the most bytes first. */
  totalsByRule(limit: number): RuleTotals[];
  /** Replaces the rule named in plans. */
  renameRules(renamed: readonly { readonly name: ProjectName; readonly rule: string }[]): void;
  /** Queues projects whose rules changed, unless they are queued already. Returns how many were queued. */
  enqueueReplans(names: readonly ProjectName[], change?: Change): number;
  /** Queues the projects whose plan changes by `now` (milliseconds). */
  enqueueDue(now: number): void;
  /** Returns the next projects after `after`, by name, of which only the rules changed and whose plan has a result. */
  dueReplans(now: number, after: ProjectName | undefined, limit: number): DueReplan[];
  /** Changes plans whose result stays the same; their projects leave the queue. */
  replan(plans: readonly Replanned[]): void;
}
