/** Decides which of upstream's changes concern this mirror. */
import type { ProjectName } from '../../core/names.ts';
import type { Mirror } from '../mirror.ts';

/**
 * Returns true if the mirror has to follow upstream's changes of `name`: the project may be taken from there, or is
 * held. A held project that the rules leave out may still be required by a project that is not held yet.
 */
export function isRelevant({ settings, selection, state }: Mirror, name: ProjectName): boolean {
  if (selection.sourceOf(name) !== undefined) return false;
  if (settings.projects !== undefined) return settings.projects.includes(name);
  return selection.includes(name) || state.held.project(name).published;
}
