/** The results of syncing a project. */
import type { Obstacle, Parked } from '../../state/queue.ts';
import type { FinishedProject } from '../../state/state-store.ts';

/** The result of a sync: what is to be remembered, or a deferral. With `parked` the project stays queued. */
export type SyncOutcome = { readonly finished: FinishedProject; readonly parked?: Omit<Parked, 'due'> } | Deferral;

/** The reason why a project has to wait, and for how many milliseconds. */
export interface Deferral {
  readonly reason: string;
  readonly obstacle: Obstacle;
  readonly delayMs: number;
}
