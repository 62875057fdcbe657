/**
 * The state of a project at one moment. If it is the same at two moments, no run has changed the project between them.
 */
import type { ProjectName } from '../core/names.ts';
import { type PageFile, pagePath } from '../core/paths.ts';
import type { HeldProject, QueuedProject } from '../state/state-store.ts';
import type { Check } from './check-job.ts';
import { readOrFinding } from './read-or-finding.ts';

/** Everything about a project that a run would change. */
export interface ProjectState {
  /** Undefined if the project is not queued. */
  readonly queued: QueuedProject | undefined;
  readonly held: HeldProject;
  /** Size and time of each page. They are needed because a run may write pages again without a change in the state. */
  readonly pages: readonly unknown[];
}

const pages: readonly PageFile[] = ['index.html', 'index.html.gz', 'index.v1_json', 'index.v1_json.gz'];

/** Returns the current state of `name`. */
export async function projectStateOf({ state, files }: Check, name: ProjectName): Promise<ProjectState> {
  const [queued, held] = [state.queued(name), state.heldProject(name)];
  const stats: unknown[] = [];
  for (const page of pages) {
    const path = pagePath(page, name);
    stats.push(await readOrFinding(path, name, () => files.stat(path)));
  }
  return { queued, held, pages: stats };
}

/** Returns true if nothing changed between two moments. */
export function isSameState(one: ProjectState, other: ProjectState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
