/** A want: some releases of a project, and why. */
import type { ProjectName } from '../core/names.ts';
import { parseSpecifier, type Specifier } from '../packaging/specifier.ts';
import type { Reason } from './reason.ts';

/** Some releases of a project that are wanted. A release is held if a want allows it. */
export interface Want {
  readonly specifier: Specifier;
  /** Normalized names of extras. Their requirements are needed too. */
  readonly extras: readonly string[];
  /** Hashes of files that are held whatever the other rules say. If there are any, no other files are wanted. */
  readonly sha256s: readonly string[];
  readonly because: Reason;
  /**
   * The origin of the pin, if the release is pinned with `==`. A pinned release is held whatever [releases] says. But
   * min-age exists because not everybody is trusted, so only pins of the mirror's own settings override it.
   */
  readonly pinnedBy: 'settings' | 'dependency' | undefined;
  /** Constraints on the dependencies. */
  readonly limits: Limits | undefined;
}

/** The limits of a requirements file on dependencies. */
export interface Limits {
  /** The path of the file, which identifies the limits. */
  readonly path: string;
  /** Its constraints. */
  readonly byName: ReadonlyMap<ProjectName, Limit>;
  /**
   * Projects that come from an index other than upstream. What upstream has under these names belongs to somebody else.
   */
  readonly elsewhere: ReadonlySet<ProjectName>;
}

/** The limit by one constraint. */
export interface Limit {
  readonly specifier: Specifier;
  readonly sha256s: readonly string[];
}

/** The specifier that allows every release. */
export const anyVersion: Specifier = { text: '', clauses: [], namesPrereleases: false };

/** The members of a want other than its reason. */
export type WantOptions = Partial<Pick<Want, 'specifier' | 'extras' | 'sha256s' | 'limits'>>;

/** Returns a want of the settings. */
export function ownWant(because: Reason, { specifier, extras, sha256s, limits }: WantOptions = {}): Want {
  const own = { specifier: specifier ?? anyVersion, extras: extras ?? [], sha256s: sha256s ?? [], limits };
  return { ...own, because, pinnedBy: isPin(own.specifier) ? 'settings' : undefined };
}

/** Returns a want for a project that another one depends on, narrowed by `limits`. */
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

/** Returns a specifier that allows what both allow. */
export function intersectSpecifiers(one: Specifier, other: Specifier): Specifier {
  if (one.clauses.length === 0 || one.text === other.text) return other;
  if (other.clauses.length === 0) return one;
  return parseSpecifier(`${one.text},${other.text}`) ?? one;
}

/** Returns true if the range is empty, as in `>=2,<1`. Exclusions (`!=`) and exact texts (`===`) are not considered. */
export function isImpossible({ clauses }: Specifier): boolean {
  const stretches = clauses.flatMap(({ stretch }) => (stretch === undefined || stretch.isOutside ? [] : [stretch]));
  return stretches.some(({ from }) => stretches.some(({ to }) => to !== undefined && to <= from));
}

/** Returns true if the specifier has an exact version. A wildcard such as `==2.*` has none. */
function isPin({ clauses }: Specifier): boolean {
  return clauses.some(({ operator, version, exact }) =>
    operator === '==' ? version !== undefined : exact !== undefined,
  );
}
