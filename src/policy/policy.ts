/** What `mirror.toml` says about which projects, releases and files the mirror holds. */
import type { ProjectName } from '../core/names.ts';
import type { DistributionKind } from '../packaging/distribution-name-kinds.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import type { Version } from '../packaging/version.ts';
import type { WheelFilter } from '../packaging/wheel-tags.ts';
import type { OpenPattern } from './project-patterns.ts';
import type { Reason, Ruled } from './reason.ts';
import type { Want } from './want.ts';

/** What of a project lies below `packages/` because somebody has put it there. */
export const local = 'local';

/** What is held of projects that no rule names. */
export const otherwiseHolds = ['files', 'pages-only', 'none'] as const;

export const holds = [...otherwiseHolds, local] as const;

/** What the mirror holds of a project. */
export type Hold = (typeof holds)[number];

/** The whole of it. Whatever is undefined restricts nothing. */
export interface Policy {
  /** In order: the first that matches a project decides. */
  readonly rules: readonly Rule[];
  /** The position of the first rule that matches, or -1. */
  readonly index: (name: ProjectName) => number;
  /** For projects that no rule matches. */
  readonly otherwise: Ruled<Hold>;
  /** Hold what the held releases require, too. */
  readonly dependencies: boolean;
  /** Whether pages link to upstream for files that are not held, or leave them out. */
  readonly unmirrored: 'hide' | 'upstream';
  /** Where markers are asked; empty means anywhere. */
  readonly environments: readonly MarkerEnvironment[];
  readonly releases: ReleaseRules;
  readonly files: FileRules;
  readonly budget: Budget;
  /** Why projects are left out that a requirements or lock file lists, where no rule names them otherwise. */
  readonly leftOut: ReadonlyMap<ProjectName, Reason>;
  /** One line each: what is allowed but can hardly be meant. */
  readonly warnings: readonly string[];
}

/** One `[[rule]]`. */
export interface Rule {
  readonly hold: Hold;
  /** The reason to give unless the project is held for a want. */
  readonly because: Reason;
  /** Where its projects come from; undefined for the upstream of the mirror. */
  readonly index: OtherIndex | undefined;
  readonly named: ReadonlyMap<ProjectName, readonly Want[]>;
  readonly open: readonly RulePattern[];
}

/** An index beside the upstream of the mirror. */
export interface OtherIndex {
  /** Without a slash at its end; the pages of projects lie below it. */
  readonly url: string;
  /** From where files of it may come, besides its own host. */
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
  /** The patterns of the exemption, sorted. */
  readonly minAgeExempt: readonly string[];
  readonly maxAgeMs: Ruled<number> | undefined;
}

/** How many of the newest releases are kept, and of what. */
export interface Keep {
  readonly count: number;
  readonly per: 'project' | 'major' | 'minor';
}

/** `[files]`. */
export interface FileRules {
  readonly kinds: Ruled<ReadonlySet<DistributionKind>> | undefined;
  readonly sdists: Ruled<'no' | 'where-no-wheel-fits'> | undefined;
  readonly wheelFilter: WheelFilter | undefined;
  /** Each key of the wish by itself, to tell which one a file does not fit. */
  readonly wheelFilters: readonly Ruled<WheelFilter>[];
  /** The places that a wheel must fit before a source distribution is left out. */
  readonly installTargets: readonly InstallTarget[];
  readonly maxSize: Ruled<number> | undefined;
  readonly maxProjectSize: Ruled<number> | undefined;
}

/** One combination of system, machine and Python that files are wanted for. */
export interface InstallTarget {
  readonly wish: WheelFilter;
  /** The first and the last version of its Python, for `requires-python`; none when the minor version is not known. */
  readonly patches: readonly Version[];
  /** `linux x86_64 3.12`. */
  readonly text: string;
}

/** `[budget]`, in bytes. */
export interface Budget {
  readonly size: Ruled<number> | undefined;
  /** Of free space. */
  readonly reserve: Ruled<number> | undefined;
}
