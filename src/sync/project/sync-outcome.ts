/** How the work on a project ends. */
import type { Obstacle, Parked } from '../../state/queue.ts';
import type { FinishedProject } from '../../state/state-store.ts';

/** What became of a project: what is to be remembered, or why only time can tell. */
export type SyncOutcome = { readonly finished: FinishedProject; readonly stays?: Omit<Parked, 'due'> } | Deferral;

/** Why a project can only be waited for. */
export interface Deferral {
  readonly reason: string;
  readonly obstacle: Obstacle;
  readonly delayMs: number;
}
