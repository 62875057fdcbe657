/** Which of upstream's news are this mirror's. */
import type { ProjectName } from '../../core/names.ts';
import type { Mirror } from '../mirror.ts';

/**
 * Whether the mirror has to look at upstream's news of `name`: it may be taken from there, or is held. What is held may
 * still be required by what is not held yet.
 */
export function isRelevant({ settings, selection, state }: Mirror, name: ProjectName): boolean {
  if (selection.sourceOf(name) !== undefined) return false;
  if (settings.projects !== undefined) return settings.projects.includes(name);
  return selection.includes(name) || state.held.project(name).published;
}
