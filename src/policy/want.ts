/** What is wanted of a project: some of its releases, and why. */
import type { ProjectName } from '../core/names.ts';
import { parseSpecifier, type Specifier } from '../packaging/specifier.ts';
import type { Reason } from './reason.ts';

/** A project is held for its wants: a release that one of them allows is held. */
export interface Want {
  readonly specifier: Specifier;
  /** Normalized. What they need is needed too. */
  readonly extras: readonly string[];
  /** Files that are held whatever the other rules say; with such, no others are wanted. */
  readonly sha256s: readonly string[];
  readonly because: Reason;
  /**
   * Who pins the release, if it is pinned (`==`): such a release is held whatever [releases] says. But min-age, which is
   * there because not everybody is trusted, gives way only to the mirror's own settings.
   */
  readonly pinnedBy: 'settings' | 'dependency' | undefined;
  /** What constrains the dependencies. */
  readonly limits: Limits | undefined;
}

/** What a requirements file says of dependencies. */
export interface Limits {
  /** The file, which tells limits apart. */
  readonly path: string;
  /** Its constraints. */
  readonly byName: ReadonlyMap<ProjectName, Limit>;
  /** Projects that come from another index than upstream: what upstream has under their names is somebody else's. */
  readonly elsewhere: ReadonlySet<ProjectName>;
}

/** What one constraint demands. */
export interface Limit {
  readonly specifier: Specifier;
  readonly sha256s: readonly string[];
}

/** Allows every release. */
export const anyVersion: Specifier = { text: '', clauses: [], namesPrereleases: false };

/** What is known of a want besides its reason. */
export type WantOptions = Partial<Pick<Want, 'specifier' | 'extras' | 'sha256s' | 'limits'>>;

/** What the settings want. */
export function ownWant(because: Reason, { specifier, extras, sha256s, limits }: WantOptions = {}): Want {
  const own = { specifier: specifier ?? anyVersion, extras: extras ?? [], sha256s: sha256s ?? [], limits };
  return { ...own, because, pinnedBy: isPin(own.specifier) ? 'settings' : undefined };
}

/** The same as one that only demands `specifier` and `extras`, for a project that another one depends on. */
export function dependencyWant(
  name: ProjectName,
  specifier: Specifier,
  extras: readonly string[],
  limits: Limits | undefined,
  because: Reason,
): Want {
  const limit = limits?.byName.get(name);
  const narrowed = limit === undefined ? specifier : intersectSpecifiers(specifier, limit.specifier);
  const pinnedBy = limit && isPin(limit.specifier) ? 'settings' : isPin(specifier) ? 'dependency' : undefined;
  return { specifier: narrowed, extras, sha256s: limit?.sha256s ?? [], because, pinnedBy, limits };
}

/** What both allow. */
export function intersectSpecifiers(one: Specifier, other: Specifier): Specifier {
  if (one.clauses.length === 0 || one.text === other.text) return other;
  if (other.clauses.length === 0) return one;
  return parseSpecifier(`${one.text},${other.text}`) ?? one;
}

/** True when no version can be in the range: `>=2,<1`. Holes (`!=`) and exact texts (`===`) aside. */
export function isImpossible({ clauses }: Specifier): boolean {
  const stretches = clauses.flatMap(({ stretch }) => (stretch === undefined || stretch.isOutside ? [] : [stretch]));
  return stretches.some(({ from }) => stretches.some(({ to }) => to !== undefined && to <= from));
}

/** A wildcard has no version. */
function isPin({ clauses }: Specifier): boolean {
  return clauses.some(({ operator, version, exact }) =>
    operator === '==' ? version !== undefined : exact !== undefined,
  );
}
