/**
 * Handles the projects that were in progress when a run died. A project may kill the process, and must not do so at the
 * start of each run.
 */
import { andMore } from '../core/and-more.ts';
import type { ProjectName } from '../core/names.ts';
import { pagePath } from '../core/paths.ts';
import { parkDelayMs } from '../core/retry.ts';
import type { QueuedProject } from '../state/queue.ts';
import type { Mirror } from './mirror.ts';

const named = 5;
/**
 * Number of crashes after which a project is parked: the first one among other projects, the next ones alone. Machines
 * and people do not kill a run so often by chance. Until then a crash costs only the end of a run that has published
 * everything else.
 */
const maxCrashes = 6;

/**
 * Reports the projects that were in progress when the last run died. They come last now, one at a time. A project that
 * was in progress too often is parked for hours, and longer each time. Must be called at the start of a run.
 */
export function parkCrashed({ state, clock, report, settings }: Mirror): void {
  if (settings.dryRun) return;
  const all = state.inProgress.countCrashes();
  if (all.length === 0) return;
  const names = all.slice(0, named);
  const others = andMore(all.length - named, 'others');
  const advice = all.length === 1 ? 'it comes last now' : 'they come last now, one at a time';
  report({ type: 'warning', message: `the last run died while it worked on ${names.join(', ')}${others}; ${advice}` });
  for (const name of all) {
    const due = state.queue.entryOf(name);
    if (due === undefined || crashCountOf(due) < maxCrashes) continue;
    const reason = `pep381run died ${crashCountOf(due)} times while it worked on it`;
    const nextTry = clock.now() + parkDelayMs(crashCountOf(due));
    state.queue.park({ due: { ...due, attempts: due.attempts + 1 }, obstacle: 'failed', reason, nextTry });
    report({ type: 'project-parked', name, reason, nextTry, expected: false });
    const bug = 'this is a bug of pep381client, please report it';
    report({ type: 'alarm', message: `${name}: ${reason}; ${bug}; the project waits, and the others go on` });
  }
}

/** Returns how many runs died while the project was in progress. */
export function crashCountOf({ deaths = 0 }: QueuedProject): number {
  return deaths;
}

/**
 * Returns true if a run died while it removed the project, so that its page is gone. That run was allowed to, and if
 * this one were not, the root index would go on to list a project without a page.
 */
export async function hasBegunRemoval({ files }: Mirror, due: QueuedProject): Promise<boolean> {
  return crashCountOf(due) > 0 && (await files.size(pagePath('index.html', due.name))) === undefined;
}

/** Returns the projects whose removal was begun and is completed by this run. */
export async function begunRemovals(mirror: Mirror): Promise<ProjectName[]> {
  const { state, clock } = mirror;
  const begun: ProjectName[] = [];
  for (const name of state.inProgress.crashSuspects(clock.now())) {
    const due = state.queue.entryOf(name);
    if (due !== undefined && state.held.project(name).published && (await hasBegunRemoval(mirror, due)))
      begun.push(name);
  }
  return begun;
}
