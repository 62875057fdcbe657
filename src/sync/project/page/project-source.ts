/**
 * The index that a project comes from: the upstream of the mirror, or one beside it, as the first rule says that names the
 * project. No other is asked for it, not for its page, its files, its place in a list or its removal.
 */
import { UnreachableError } from '../../../core/errors.ts';
import type { ProjectName } from '../../../core/names.ts';
import { local } from '../../../policy/policy.ts';
import type { HeldProject } from '../../../state/held-projects.ts';
import type { Upstream } from '../../../upstream/upstream.ts';
import type { Mirror } from '../../mirror.ts';

/** The mirror as it is for one project: its upstream is the index that the project comes from. */
export function mirrorFor(mirror: Mirror, name: ProjectName): Mirror {
  const source = mirror.selection.sourceOf(name);
  if (source === undefined || source === local) return mirror;
  return { ...mirror, upstream: openedOf(mirror, source) };
}

/** The address of the page of a project. */
export function pageUrl(
  { selection, settings }: { selection: Pick<Mirror['selection'], 'sourceOf'>; settings: { upstream: string } },
  name: ProjectName,
): URL {
  const source = selection.sourceOf(name);
  return new URL(
    source === undefined || source === local ? `${settings.upstream}/simple/${name}/` : `${source}/${name}/`,
  );
}

/** Where what is held of a project is from, if it comes from elsewhere by now. */
export function movedFrom({ selection, settings }: Mirror, name: ProjectName, held: HeldProject): string | undefined {
  if (!held.published || held.source === selection.sourceOf(name)) return undefined;
  return originText(held.source, settings.upstream);
}

/** Where something comes from, for people. */
export function originText(source: string | undefined, upstream: string): string {
  return source === local ? 'below packages/' : (source ?? upstream);
}

function openedOf({ sources }: Mirror, source: string): Upstream {
  const found = sources.get(source);
  if (found === undefined) throw new TypeError(`${source} was not opened`);
  return found;
}

/** Whether the index gave no answer at all. */
export function isSilence(error: Error): boolean {
  return error instanceof UnreachableError && error.cause !== undefined;
}
