/** One project on its way through a run. */
import type { ProjectDecision } from '../../policy/project-decision.ts';
import type { HeldProject } from '../../state/held-projects.ts';
import type { QueuedProject } from '../../state/queue.ts';

/** A queued project, what is held of it, and what may be; without a decision everything may. */
export interface SelectedProject {
  readonly due: QueuedProject;
  readonly held: HeldProject;
  readonly decision: ProjectDecision | undefined;
}
