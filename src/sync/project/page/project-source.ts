/**
 * Finds the index that a project comes from: the upstream of the mirror, or another index, if the first rule that names
 * the project says so. No other index is asked about it, neither for its page, its files, its place in a list nor its
 * removal.
 */
import { UnreachableError } from '../../../core/errors.ts';
import type { ProjectName } from '../../../core/names.ts';
import { local } from '../../../policy/policy.ts';
import type { HeldProject } from '../../../state/held-projects.ts';
import type { Upstream } from '../../../upstream/upstream.ts';
import type { Mirror } from '../../mirror.ts';

/**
 * Returns the mirror for one project: its `upstream` is the index that the project comes from. Throws TypeError if that
 * index was not opened.
 */
export function mirrorFor(mirror: Mirror, name: ProjectName): Mirror {
  const source = mirror.selection.sourceOf(name);
  if (source === undefined || source === local) return mirror;
  return { ...mirror, upstream: openedOf(mirror, source) };
}

/** Returns the URL of a project's page at its index. */
export function pageUrl(
  { selection, settings }: { selection: Pick<Mirror['selection'], 'sourceOf'>; settings: { upstream: string } },
  name: ProjectName,
): URL {
  const source = selection.sourceOf(name);
  return new URL(
    source === undefined || source === local ? `${settings.upstream}/simple/${name}/` : `${source}/${name}/`,
  );
}

/** Returns the origin of what is held of a project, for people, if the project comes from another index by now. */
export function movedFrom({ selection, settings }: Mirror, name: ProjectName, held: HeldProject): string | undefined {
  if (!held.published || held.source === selection.sourceOf(name)) return undefined;
  return originText(held.source, settings.upstream);
}

/** Returns the text that names an origin, for people. */
export function originText(source: string | undefined, upstream: string): string {
  return source === local ? 'below packages/' : (source ?? upstream);
}

function openedOf({ sources }: Mirror, source: string): Upstream {
  const found = sources.get(source);
  if (found === undefined) throw new TypeError(`${source} was not opened`);
  return found;
}

/** Returns true if the index gave no answer at all. */
export function isSilence(error: Error): boolean {
  return error instanceof UnreachableError && error.cause !== undefined;
}
