/**
 * Queues the projects of the indexes beside the upstream of the mirror. None of these indexes tells what has changed.
 */
import { NonsenseError, UnreachableError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { local } from '../../policy/policy.ts';
import { missingState } from '../../state/mirror-state.ts';
import { type QueueRequest, requestByName } from '../../state/queue.ts';
import { noChange } from '../../state/state-section.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import type { Mirror } from '../mirror.ts';
import { isSilence } from '../project/page/project-source.ts';

/**
 * Queues the projects with files put below `packages/` by hand, and all projects of the other indexes, because none of
 * these tells what has changed: the named ones, the held ones, and those in their lists that match a pattern. Returns
 * the error because of which a list is not known, if any. Throws PausedError.
 */
export async function enqueueFromOtherIndexes(mirror: Mirror): Promise<UnreachableError | NonsenseError | undefined> {
  const { selection, settings, state, report } = mirror;
  const lying = await mirror.localFiles.scan();
  const only = settings.projects;
  if (only !== undefined) {
    state.queue.enqueue(
      only.filter((name) => selection.sourceOf(name) !== undefined).map((name) => requestFor(mirror, name)),
    );
    return undefined;
  }
  const here = new Set([...lying, ...state.held.publishedFrom(local)]);
  state.queue.enqueue([...here].map((name) => requestFor(mirror, name)));
  let trouble: UnreachableError | NonsenseError | undefined;
  for (const [source, upstream] of mirror.sources) {
    const names = new Set([...selection.namedFrom(source), ...state.held.publishedFrom(source)]);
    const known = [...names].filter((name) => selection.sourceOf(name) === source && !isMissing(mirror, name));
    const failed = selection.hasPatternsFrom(source)
      ? await takeOverUnlessTrouble(mirror, source, upstream)
      : undefined;
    // The run ends with the first error, which is reported then.
    if (trouble !== undefined && failed !== undefined) report({ type: 'warning', message: failed.message });
    trouble ??= failed;
    // If the index gives no answer, each of its projects would fail in the same way.
    if (failed !== undefined && isSilence(failed)) continue;
    state.queue.enqueue(known.map((name) => requestFor(mirror, name)));
  }
  return trouble;
}

/** Returns the error because of which the list could not be compared, if any. Throws PausedError. */
async function takeOverUnlessTrouble(
  mirror: Mirror,
  source: string,
  upstream: Upstream,
): Promise<UnreachableError | NonsenseError | undefined> {
  try {
    await enqueueListedFrom(mirror, source, upstream);
    return undefined;
  } catch (error) {
    if (error instanceof UnreachableError || error instanceof NonsenseError) return error;
    throw error;
  }
}

/** Returns true if the index does not have the project. Such a project is asked for once a day. */
function isMissing({ state }: Mirror, name: ProjectName): boolean {
  return !state.held.project(name).published && state.get(missingState).missing?.includes(name) === true;
}

function requestFor({ state }: Mirror, name: ProjectName): QueueRequest {
  return requestByName(name, state.held.project(name).displayName);
}

/** Queues the projects in the list of `source` that match a pattern, and the held ones that are no longer in it. */
async function enqueueListedFrom({ state, selection }: Mirror, source: string, upstream: Upstream): Promise<void> {
  const list = await upstream.listProjects(undefined);
  const takeover = state.queue.compareList();
  try {
    let listed = 0;
    for await (const piece of list?.pieces ?? []) {
      const found = piece.flatMap(({ displayName }): QueueRequest[] => {
        const name = projectName(displayName);
        const isOurs = name !== undefined && selection.sourceOf(name) === source && selection.includes(name);
        return isOurs ? [{ name, displayName, serial: 0, isRemovedUpstream: false }] : [];
      });
      takeover.add(found);
      listed += piece.length;
    }
    if (listed === 0 && state.held.publishedFrom(source).length > 0) {
      throw new NonsenseError(`${source}/: the list is empty, which would remove all that is held from there`);
    }
    takeover.commit(undefined, noChange, false, source);
  } catch (error) {
    takeover.abandon();
    throw error;
  }
}
