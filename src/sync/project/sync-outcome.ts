import type { Obstacle } from '../../state/state-store.ts';

/** Why a project can only be waited for. */
export interface Waiting {
  readonly wait: string;
  readonly obstacle: Obstacle;
  readonly delayMs: number;
}
