/**
 * Decides what the mirror may hold, by the policy and by what the held releases require of other projects. Without a
 * policy everything is held, and nothing here costs anything.
 */
import { sha256Hex } from '../../core/hash.ts';
import type { ProjectName } from '../../core/names.ts';
import { type Fingerprint, fingerprintOf } from '../../policy/fingerprint.ts';
import type { Policy } from '../../policy/policy.ts';
import { decideProject, mayHold, type ProjectDecision, policyNames, sourceOf } from '../../policy/project-decision.ts';
import type { Want } from '../../policy/want.ts';

/** What the held releases require of other projects, directly or not: see {@link resolveDependencies}. */
export interface ResolvedWants {
  /** The wants by the project that is wanted. */
  readonly byProject: ReadonlyMap<ProjectName, readonly Want[]>;
  /** The projects that require more than is followed, each with one of the projects that it requires in vain. */
  readonly truncated: ReadonlyMap<ProjectName, ProjectName>;
}

export const noWants: ResolvedWants = { byProject: new Map(), truncated: new Map() };

/** What a pass began with. */
interface PassStart {
  /** The projects that held releases required. */
  readonly required: ReadonlySet<ProjectName>;
  /** True if the rules had changed since all projects followed them. */
  readonly hasNewRules: boolean;
}

/** The decisions by one policy and by one state of the requirements. It never changes. */
export class Selection {
  readonly policy: Policy | undefined;
  /** The hashes of the whole policy. `projects` is empty if no project is left out. */
  readonly fingerprint: Fingerprint;
  readonly wants: ResolvedWants;
  readonly #passStart: PassStart;
  #lastKey = { text: '', key: '' };

  private constructor(
    policy: Policy | undefined,
    fingerprint: Fingerprint,
    wants: ResolvedWants,
    passStart: PassStart,
  ) {
    this.policy = policy;
    this.fingerprint = fingerprint;
    this.wants = wants;
    this.#passStart = passStart;
  }

  /** Returns the selection by the policy alone; undefined means that everything is held. */
  static of(policy: Policy | undefined): Selection {
    return new Selection(policy, effectiveFingerprint(policy), noWants, { required: new Set(), hasNewRules: false });
  }

  /** Returns the selection by the same policy and by other wants. */
  withWants(wants: ResolvedWants): Selection {
    return new Selection(this.policy, this.fingerprint, wants, this.#passStart);
  }

  /** Returns the selection for a pass that begins with these wants, before anything changes. */
  beginPass(hasNewRules: boolean): Selection {
    const required = new Set(this.wants.byProject.keys());
    return new Selection(this.policy, this.fingerprint, this.wants, { required, hasNewRules });
  }

  /** Returns the decision about `name`, or undefined if everything of every project is held. */
  decide(name: ProjectName): ProjectDecision | undefined {
    return this.policy && decideProject(this.policy, name, this.wants.byProject.get(name) ?? []);
  }

  /** Returns the index that `name` comes from: see {@link sourceOf}. */
  sourceOf(name: ProjectName): string | undefined {
    return this.policy && sourceOf(this.policy, name);
  }

  /** Returns true if any file of `name` may be held. */
  includes(name: ProjectName): boolean {
    return this.policy === undefined || mayHold(this.policy, name) || this.decide(name)?.hold !== 'none';
  }

  /**
   * Returns all projects that may be held if the policy names them, or undefined if only the list of all projects tells
   * them.
   */
  names(): readonly ProjectName[] | undefined {
    const named = this.policy && policyNames(this.policy);
    return (
      named && [...new Set([...named, ...this.wants.byProject.keys()])].filter((name) => this.includes(name)).sort()
    );
  }

  /** Returns the projects that held releases require and that may be held. */
  requiredNames(): readonly ProjectName[] {
    return [...this.wants.byProject.keys()].filter((name) => this.includes(name));
  }

  /** Returns true if the policy or a held release asks for `name` by its name, and not by a pattern. */
  isNamed(name: ProjectName): boolean {
    return this.wants.byProject.has(name) || (this.policy && policyNames(this.policy)?.includes(name)) === true;
  }

  /** Returns the projects that the policy names and that come from the index `source`. */
  namedFrom(source: string): readonly ProjectName[] {
    const rules = this.policy?.rules.filter(({ index }) => index?.url === source) ?? [];
    const names = new Set(rules.flatMap(({ named }) => [...named.keys()]));
    return [...names].filter((name) => this.sourceOf(name) === source && this.includes(name));
  }

  /**
   * Returns true if a rule with patterns takes projects from the index `source`, so that only the index's list tells
   * them all.
   */
  hasPatternsFrom(source: string): boolean {
    return this.policy?.rules.some(({ index, open }) => index?.url === source && open.length > 0) === true;
  }

  /** Returns the decision key: it stands for the rules that `decision` follows, and for nothing else. */
  decisionKeyOf({ hold, source, wants }: ProjectDecision): string {
    const keys = new Set(
      wants.map(({ specifier, sha256s, pinnedBy }) => [specifier.text, pinnedBy, ...sha256s].join(' ')),
    );
    // The key includes dependencies and environments, because requirements are recorded only with dependencies, and
    // environments decide which source distributions count.
    const follows = this.policy?.dependencies === true ? [JSON.stringify(this.policy.environments)] : [];
    const from = source === undefined ? [] : [source];
    const text = [this.fingerprint.files, hold, ...follows, ...from, ...[...keys].sort()].join('\n');
    // Most projects follow the same rules as the project before.
    if (text !== this.#lastKey.text) {
      this.#lastKey = { text, key: sha256Hex(Buffer.from(text)).slice(0, 32) };
    }
    return this.#lastKey.key;
  }

  /**
   * Returns true if `name`, which is left out, is left out because of what upstream's releases require now, and not
   * because of what a person wrote. A project that was held back remains an orphan until a rule names it.
   */
  isOrphan(name: ProjectName, wasHeldBack: boolean): boolean {
    const { policy } = this;
    if (policy?.dependencies !== true || policy.rules[policy.index(name)] !== undefined) return false;
    const { required, hasNewRules } = this.#passStart;
    return wasHeldBack || !hasNewRules || required.has(name);
  }
}

function effectiveFingerprint(policy: Policy | undefined): Fingerprint {
  if (policy === undefined) return { projects: '', files: '' };
  const { projects, files } = fingerprintOf(policy);
  const isAll = policy.rules.length === 0 && policy.otherwise.value === 'files';
  return { projects: isAll ? '' : projects, files };
}
