/**
 * What the policy lets the mirror hold, with what the held releases depend on. Without a policy everything is held, and
 * nothing here costs anything.
 */
import { sha256Hex } from '../core/hash.ts';
import type { ProjectName } from '../core/names.ts';
import { closeOver } from '../policy/closure.ts';
import { explainReason } from '../policy/explain.ts';
import { type Fingerprint, fingerprintOf } from '../policy/fingerprint.ts';
import type { Policy } from '../policy/policy.ts';
import { decideProject, mayHold, type ProjectDecision, policyNames } from '../policy/rules.ts';
import type { Want } from '../policy/want.ts';
import type { StateStore } from '../state/state-store.ts';
import { edgesFrom } from './edges.ts';

const plansAtATime = 2000;

export class Selection {
  readonly policy: Policy | undefined;
  /** Stands for the whole policy; the part for projects is empty where none is left out. */
  readonly fingerprint: Fingerprint;
  readonly #state: StateStore;
  #fileBase: string | undefined;
  #lastKey = { text: '', key: '' };
  /** What the held projects need of others. */
  #wants: ReadonlyMap<ProjectName, readonly Want[]> = new Map();

  constructor(policy: Policy | undefined, state: StateStore) {
    this.policy = policy;
    this.fingerprint = fingerprintFor(policy);
    this.#state = state;
    this.#fileBase = state.mirror().fileBase;
  }

  /** What the addresses of upstream's files begin with; empty when they differ, undefined as long as none was seen. */
  get fileBase(): string | undefined {
    return this.#fileBase;
  }

  /** Takes notice of the address of a file. */
  seeFileBase(base: string | undefined): void {
    if (this.#fileBase === (base ?? '') || this.#fileBase === '') return;
    this.#fileBase = this.#fileBase === undefined ? (base ?? '') : '';
    this.#state.remember({ fileBase: this.#fileBase });
  }

  /** Upstream does not have the project: where the policy names it, it is not asked for in every run. */
  giveUp(name: ProjectName): void {
    const isNamed = this.#wants.has(name) || (this.policy && policyNames(this.policy)?.includes(name)) === true;
    if (isNamed) this.#state.remember({ missing: [...new Set([...(this.#state.mirror().missing ?? []), name])] });
  }

  /** Upstream has the project after all. */
  find(name: ProjectName): void {
    const { missing } = this.policy === undefined ? {} : this.#state.mirror();
    if (missing?.includes(name)) this.#state.remember({ missing: missing.filter((other) => other !== name) });
  }

  /** Undefined when everything of every project is held. */
  decide(name: ProjectName): ProjectDecision | undefined {
    return this.policy && decideProject(this.policy, name, this.#wants.get(name) ?? []);
  }

  /** Stands for the rules that `decision` follows, and for nothing else. */
  keyOf({ hold, wants }: ProjectDecision): string {
    const keys = new Set(
      wants.map(({ specifier, sha256s, pinnedBy }) => [specifier.text, pinnedBy, ...sha256s].join(' ')),
    );
    const text = [this.fingerprint.files, hold, ...[...keys].sort()].join('\n');
    // Most projects follow the same rules as the one before.
    if (text !== this.#lastKey.text) {
      this.#lastKey = { text, key: sha256Hex(Buffer.from(text)).slice(0, 32) };
    }
    return this.#lastKey.key;
  }

  /** Whether anything of `name` may be held. */
  includes(name: ProjectName): boolean {
    return this.policy === undefined || mayHold(this.policy, name) || this.decide(name)?.hold !== 'none';
  }

  /** All projects that may be held, where the policy names them; undefined when only the list of all can tell. */
  names(): readonly ProjectName[] | undefined {
    const named = this.policy && policyNames(this.policy);
    return named && [...new Set([...named, ...this.#wants.keys()])].filter((name) => this.includes(name)).sort();
  }

  /** Learns what the held projects depend on now. Returns the projects that something depends on. */
  follow(): readonly ProjectName[] {
    const { policy } = this;
    if (policy?.dependencies !== true) return [];
    const edges = edgesFrom(this.#state.requires());
    this.#wants = new Map();
    const roots = new Map<ProjectName, readonly Want[]>();
    for (const name of [...(policyNames(policy) ?? this.#published())]) {
      const { hold, wants } = decideProject(policy, name);
      if (hold === 'files') roots.set(name, wants);
    }
    this.#wants = closeOver(roots, (name) => edges.get(name) ?? [], policy.environments);
    return [...this.#wants.keys()].filter((name) => this.includes(name));
  }

  /** The published projects whose plan was made by other rules than those that hold now. */
  changed(): ProjectName[] {
    return [...this.#plans()].filter(({ plan, key }) => plan.decision !== key).map(({ plan }) => plan.name);
  }

  /** The plans that stand as they are, but by a rule that is called otherwise now, with its new name. */
  renamed(): { name: ProjectName; rule: string }[] {
    return [...this.#plans()].flatMap(({ plan, key, now }) => {
      const rule = now && explainReason(now.because);
      const isRenamed =
        plan.decision !== undefined && plan.decision === key && rule !== undefined && rule !== plan.rule;
      return isRenamed ? [{ name: plan.name, rule }] : [];
    });
  }

  /** The plan of each published project, and what would be decided now. */
  *#plans() {
    for (let after: ProjectName | undefined; ; ) {
      const piece = this.#state.plans(after, plansAtATime);
      for (const plan of piece) {
        const now = this.decide(plan.name);
        yield { plan, now, key: now && this.keyOf(now) };
      }
      after = piece.at(-1)?.name;
      if (after === undefined) return;
    }
  }

  *#published(): Iterable<ProjectName> {
    for (let after: ProjectName | undefined; ; ) {
      const piece = this.#state.published(after, plansAtATime);
      for (const { name } of piece) yield name;
      after = piece.at(-1)?.name;
      if (after === undefined) return;
    }
  }
}

function fingerprintFor(policy: Policy | undefined): Fingerprint {
  if (policy === undefined) return { projects: '', files: '' };
  const { projects, files } = fingerprintOf(policy);
  const isAll = policy.rules.length === 0 && policy.otherwise.value === 'files';
  return { projects: isAll ? '' : projects, files };
}
