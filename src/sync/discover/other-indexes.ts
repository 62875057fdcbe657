/** The projects of the indexes beside the upstream of the mirror: none of these tells what has changed. */
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
 * Queues what lies here by hand, and all projects of the other indexes, as none of them tells what has changed: those
 * that are named, those that are held, and those of their lists that patterns name. Returns why a list is not known,
 * if so. Throws PausedError.
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
    // The run ends with the first one, which tells it.
    if (trouble !== undefined && failed !== undefined) report({ type: 'warning', message: failed.message });
    trouble ??= failed;
    // Where nobody answers, each of its projects would say the same.
    if (failed !== undefined && isSilence(failed)) continue;
    state.queue.enqueue(known.map((name) => requestFor(mirror, name)));
  }
  return trouble;
}

/** Why the list could not be compared, if so. Throws PausedError. */
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

/** Upstream does not have it, and is asked once a day. */
function isMissing({ state }: Mirror, name: ProjectName): boolean {
  return !state.held.project(name).published && state.get(missingState).missing?.includes(name) === true;
}

function requestFor({ state }: Mirror, name: ProjectName): QueueRequest {
  return requestByName(name, state.held.project(name).displayName);
}

/** Queues what a list has that patterns name, and what it has no more. */
async function enqueueListedFrom({ state, selection }: Mirror, source: string, upstream: Upstream): Promise<void> {
  const list = await upstream.listProjects(undefined);
  const takeover = state.queue.compareList();
  try {
    let listed = 0;
    for await (const piece of list?.pieces ?? []) {
      const found = piece.flatMap(({ displayName }): QueueRequest[] => {
        const name = projectName(displayName);
        const isOurs = name !== undefined && selection.sourceOf(name) === source && selection.includes(name);
        return isOurs ? [{ name, displayName, serial: 0, removed: false }] : [];
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
