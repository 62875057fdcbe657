import type { Obstacle } from '../../state/queue.ts';

/** Why a project can only be waited for. */
export interface Deferral {
  readonly reason: string;
  readonly obstacle: Obstacle;
  readonly delayMs: number;
}
