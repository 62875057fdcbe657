/** How a project stands at one moment: when two moments are alike, no run has changed anything between them. */
import type { ProjectName } from '../core/names.ts';
import { type PageFile, pagePath } from '../core/paths.ts';
import type { HeldProject } from '../state/held-projects.ts';
import type { QueuedProject } from '../state/queue.ts';
import type { Check } from './check-job.ts';
import { readOrFinding } from './read-or-finding.ts';

/** What a run would change about a project. */
export interface ProjectState {
  /** Undefined when nothing is to be done for it. */
  readonly queued: QueuedProject | undefined;
  readonly held: HeldProject;
  /** Size and time of each page: a run may write pages anew and remember the same as before. */
  readonly pages: readonly unknown[];
}

const pages: readonly PageFile[] = ['index.html', 'index.html.gz', 'index.v1_json', 'index.v1_json.gz'];

/** How `name` stands now. */
export async function projectStateOf({ state, files }: Check, name: ProjectName): Promise<ProjectState> {
  const [queued, held] = [state.queue.entryOf(name), state.held.project(name)];
  const stats: unknown[] = [];
  for (const page of pages) {
    const path = pagePath(page, name);
    stats.push(await readOrFinding(path, name, () => files.stat(path)));
  }
  return { queued, held, pages: stats };
}

/** Whether nothing has changed between two moments. */
export function isSameState(one: ProjectState, other: ProjectState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
