/** One project on its way through a run. */
import type { ProjectDecision } from '../../policy/project-decision.ts';
import type { HeldProject, QueuedProject } from '../../state/state-store.ts';

/** A queued project, what is held of it, and what may be; without a decision everything may. */
export interface SelectedProject {
  readonly due: QueuedProject;
  readonly held: HeldProject;
  readonly decision: ProjectDecision | undefined;
}
