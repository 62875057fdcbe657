/**
 * Fetches the files of a share of all projects, and nothing else: no page, no removal. Another machine publishes what
 * it finds to be there. What follows only from the state of that machine is left to it: what releases require of
 * others, the storage budget, and files that somebody has put there by hand.
 */
import {
  MirrorError,
  NonsenseError,
  PausedError,
  StorageError,
  throwIfPaused,
  UnreachableError,
} from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import { mapInOrder } from '../core/map-in-order.ts';
import { type ProjectName, projectName } from '../core/names.ts';
import { local } from '../policy/policy.ts';
import { prefetchState } from '../state/mirror-state.ts';
import { requestByName } from '../state/queue.ts';
import { change } from '../state/state-section.ts';
import type { Mirror } from './mirror.ts';
import { failureText } from './project/failure-message.ts';
import { isComplete } from './project/files/download.ts';
import { fetchFiles } from './project/files/fetch-files.ts';
import { ProjectRejections } from './project/files/rejected-files.ts';
import { classifyPage } from './project/page/classify-page.ts';
import { planPage } from './project/page/plan-page.ts';
import { mirrorFor } from './project/page/project-source.ts';

/** Projects in progress: most of them wait for a connection. */
const projectsAtOnce = 200;
const rememberedEach = 100;
/** Projects in a row that get no answer, after which the rest is not tried. */
const maxUnanswered = 20;

/** A share of all projects: which, from 1, of how many. */
export interface PrefetchShare {
  readonly number: number;
  readonly of: number;
}

/** Returns true if the project belongs to the share. It is the same on every machine, and for ever. */
export function isInShare(name: ProjectName, { number, of }: PrefetchShare): boolean {
  return Number.parseInt(sha256Hex(Buffer.from(name)).slice(0, 8), 16) % of === number - 1;
}

/**
 * Fetches the files of the share, and continues where an earlier call was stopped. Resolves with the number of projects
 * of which not all could be had; each is reported. Throws UnreachableError, StorageError, PausedError.
 */
export async function prefetchShare(mirror: Mirror, share: PrefetchShare): Promise<number> {
  const { state, report, signal } = mirror;
  const key = `${share.number}/${share.of}`;
  const { prefetch } = state.get(prefetchState);
  const after = prefetch?.share === key ? prefetch.after : undefined;
  const all = (await namesOf(mirror)).filter((name) => isInShare(name, share)).sort();
  const names = after === undefined ? all : all.filter((name) => name > after);
  report({ type: 'queued', projects: names.length });
  const remember = (name: ProjectName | undefined): void =>
    state.set(change(prefetchState, { prefetch: name && { share: key, after: name } }));
  let [failed, unanswered, done] = [0, 0, 0];
  let last: ProjectName | undefined;
  const work = async (name: ProjectName): Promise<ProjectName> => {
    throwIfPaused(signal);
    try {
      report({ type: 'project-started', name });
      await prefetchProject(mirror, name);
      unanswered = 0;
      report({ type: 'project-done', name, outcome: 'published' });
    } catch (error) {
      if (!(error instanceof MirrorError) || error instanceof StorageError || error instanceof PausedError) throw error;
      unanswered = error instanceof UnreachableError ? unanswered + 1 : 0;
      if (unanswered >= maxUnanswered) throw error;
      failed += 1;
      report({ type: 'warning', message: `${name}: ${failureText(error)}; it is left to the machine that publishes` });
    } finally {
      mirror.memoryBudget.release(name);
    }
    return name;
  };
  try {
    for await (const name of mapInOrder(names, projectsAtOnce, work)) {
      last = name;
      done += 1;
      if (done % rememberedEach === 0) remember(last);
    }
    last = undefined;
    remember(undefined);
  } finally {
    if (last !== undefined) remember(last);
  }
  return failed;
}

/** Returns the projects that may be held, as far as the rules and upstream's list tell. */
async function namesOf({ selection, settings, upstream }: Mirror): Promise<ProjectName[]> {
  if (settings.indexOnly) return [];
  const named = settings.projects ?? selection.names();
  if (named !== undefined) return [...named];
  const list = await upstream.listProjects(undefined);
  const names: ProjectName[] = [];
  for await (const piece of list?.pieces ?? []) {
    for (const { displayName } of piece) {
      const name = projectName(displayName);
      if (name !== undefined && selection.sourceOf(name) === undefined && selection.includes(name)) names.push(name);
    }
  }
  return [...new Set(names)];
}

async function prefetchProject(whole: Mirror, name: ProjectName): Promise<void> {
  const { selection, state, report } = whole;
  const decision = selection.decide(name);
  if (decision?.hold === 'none' || decision?.hold === 'pages-only' || decision?.hold === local) return;
  const mirror = mirrorFor(whole, name);
  const answer = await mirror.upstream.project(name, undefined, false);
  if (answer.kind !== 'page') return;
  if (projectName(answer.page.name) !== name) {
    throw new NonsenseError(`${answer.url}: expected the page of ${name}, found another one`);
  }
  const request = requestByName(name, answer.page.name);
  const due = { ...request, obstacle: undefined, since: mirror.clock.now(), attempts: 0 };
  const project = { due, held: state.held.project(name), decision };
  const classified = classifyPage(mirror, project, answer);
  if (classified.broken !== undefined) throw new NonsenseError(classified.broken);
  const rejections = new ProjectRejections(mirror, project);
  const { plan } = planPage(mirror, project, classified, rejections);
  const files = plan.files.filter((file) => !isComplete(file, mirror));
  report({
    ...{ type: 'project-planned', name, remove: [], fetch: files.map(({ path }) => path) },
    bytes: files.reduce((sum, { file }) => sum + (file.size ?? 0), 0),
  });
  if (files.length === 0) return;
  // Another machine, or an earlier try, may have put them there.
  state.held.addPendingFiles(
    name,
    files.map(({ path }) => path),
  );
  const { rejected, unreachable } = await fetchFiles(mirror, name, files, new Map());
  if (unreachable !== undefined) throw unreachable;
  if (rejected[0] !== undefined) throw new NonsenseError(`${rejected[0].filename}: ${rejected[0].problem}`);
}
