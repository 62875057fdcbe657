/** The rules in `mirror.toml` about which projects, releases and files the mirror holds. */
import type { ProjectName } from '../core/names.ts';
import type { DistributionKind } from '../packaging/distribution-name-kinds.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import type { Version } from '../packaging/version.ts';
import type { WheelFilter } from '../packaging/wheel-tags.ts';
import type { OpenPattern } from './project-patterns.ts';
import type { Reason, Ruled } from './reason.ts';
import type { Want } from './want.ts';

/** The value of `hold` for projects whose files people have put below `packages/`. */
export const local = 'local';

/** The values of `hold` for projects that no rule names. */
export const otherwiseHolds = ['files', 'pages-only', 'none'] as const;

export const holds = [...otherwiseHolds, local] as const;

/** The part of a project that the mirror holds. */
export type Hold = (typeof holds)[number];

/** All rules. An undefined member restricts nothing. */
export interface Policy {
  /** Ordered: the first rule that matches a project decides. */
  readonly rules: readonly Rule[];
  /** Returns the position of the first rule that matches, or -1. */
  readonly index: (name: ProjectName) => number;
  /** For projects that no rule matches. */
  readonly otherwise: Ruled<Hold>;
  /** True if the requirements of held releases are held too. */
  readonly dependencies: boolean;
  /** The treatment of files that are not held: pages link to upstream for them (`upstream`), or omit them (`hide`). */
  readonly unmirrored: 'hide' | 'upstream';
  /** The environments for markers. If empty, markers are evaluated for any environment. */
  readonly environments: readonly MarkerEnvironment[];
  readonly releases: ReleaseRules;
  readonly files: FileRules;
  readonly budget: Budget;
  /** Reasons why projects in a requirements or lock file are left out. They apply only if no rule names the project. */
  readonly leftOut: ReadonlyMap<ProjectName, Reason>;
  /** Warnings about settings that are allowed but are probably mistakes, one line each. */
  readonly warnings: readonly string[];
}

/** One `[[rule]]`. */
export interface Rule {
  readonly hold: Hold;
  /** The reason to show if the project is not held for a want. */
  readonly because: Reason;
  /** The source of its projects; undefined for the upstream of the mirror. */
  readonly index: OtherIndex | undefined;
  readonly named: ReadonlyMap<ProjectName, readonly Want[]>;
  readonly open: readonly RulePattern[];
}

/** An index other than the upstream of the mirror. */
export interface OtherIndex {
  /** The address without a trailing slash. The pages of projects lie below it. */
  readonly url: string;
  /** Hosts from which its files may come, besides its own host. */
  readonly fileHosts: readonly string[];
}

/** A glob or a regex of a rule. */
export interface RulePattern extends OpenPattern {
  readonly because: Reason;
}

/** `[releases]`. */
export interface ReleaseRules {
  readonly noPrereleases: Reason | undefined;
  readonly noYanked: Reason | undefined;
  readonly keep: Ruled<Keep> | undefined;
  readonly minAgeMs: Ruled<number> | undefined;
  readonly isMinAgeExempt: (name: ProjectName) => boolean;
  /** The exemption's patterns, sorted. */
  readonly minAgeExempt: readonly string[];
  readonly maxAgeMs: Ruled<number> | undefined;
}

/** The number of newest releases to keep, and the group that they are counted in. */
export interface Keep {
  readonly count: number;
  readonly per: 'project' | 'major' | 'minor';
}

/** `[files]`. */
export interface FileRules {
  readonly kinds: Ruled<ReadonlySet<DistributionKind>> | undefined;
  readonly sdists: Ruled<'no' | 'where-no-wheel-fits'> | undefined;
  readonly wheelFilter: WheelFilter | undefined;
  /** Each key of the wheel filter separately, to name the one that a file does not fit. */
  readonly wheelFilters: readonly Ruled<WheelFilter>[];
  /** The install targets that must each have a wheel before a source distribution is left out. */
  readonly installTargets: readonly InstallTarget[];
  readonly maxSize: Ruled<number> | undefined;
  readonly maxProjectSize: Ruled<number> | undefined;
}

/** One combination of system, machine and Python that files are wanted for. */
export interface InstallTarget {
  readonly wheelFilter: WheelFilter;
  /** The first and last patch version of its Python, for `requires-python`. Empty if the minor version is unknown. */
  readonly patches: readonly Version[];
  /** For messages: `linux, x86_64, Python 3.12`. */
  readonly text: string;
}

/** `[budget]`, in bytes. */
export interface Budget {
  readonly size: Ruled<number> | undefined;
  /** Free space to keep. */
  readonly reserve: Ruled<number> | undefined;
}
