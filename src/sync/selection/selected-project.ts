/** One project that is being synced. */
import type { ProjectDecision } from '../../policy/project-decision.ts';
import type { HeldProject } from '../../state/held-projects.ts';
import type { QueuedProject } from '../../state/queue.ts';

/**
 * A queued project, what is held of it, and the decision about what may be held. Without a decision everything may be
 * held.
 */
export interface SelectedProject {
  readonly due: QueuedProject;
  readonly held: HeldProject;
  readonly decision: ProjectDecision | undefined;
}
