/**
 * Decides what the mirror may hold, by the policy and by what the held releases depend on. Without a policy everything
 * is held, and nothing here costs anything.
 */
import { sha256Hex } from '../../core/hash.ts';
import { inPages } from '../../core/in-pages.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Report } from '../../core/report.ts';
import { dependencyClosure } from '../../policy/dependency-closure.ts';
import { type Fingerprint, fingerprintOf } from '../../policy/fingerprint.ts';
import { local, type Policy } from '../../policy/policy.ts';
import { decideProject, mayHold, type ProjectDecision, policyNames, sourceOf } from '../../policy/project-decision.ts';
import { explainReason } from '../../policy/render-reason.ts';
import type { Unsatisfied } from '../../policy/unsatisfied.ts';
import type { Want } from '../../policy/want.ts';
import { missingState, pageState, policyState } from '../../state/mirror-state.ts';
import type { Wants } from '../../state/requirements.ts';
import { change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';
import { parseRequirements } from './requirement-rows.ts';
import { parseWants, renderWants } from './want-rows.ts';

const plansAtATime = 2000;

export class Selection {
  readonly policy: Policy | undefined;
  /** The hashes of the whole policy. `projects` is empty if no project is left out. */
  readonly fingerprint: Fingerprint;
  readonly #state: StateStore;
  #rulesKey: string | undefined;
  #fileBase: string | undefined;
  readonly #toldCut = new Set<ProjectName>();
  readonly #absent = new Set<ProjectName>();
  #unmetNames: Set<string> | undefined;
  #lastKey = { text: '', key: '' };
  /** The wants of the held projects, by the project that they want. */
  #wants: ReadonlyMap<ProjectName, readonly Want[]> = new Map();
  /**
   * The projects that were required before upstream's changes were discovered, and whether the rules have changed since
   * all projects followed them.
   */
  #before = { required: new Set<ProjectName>(), hasNewRules: false };

  constructor(policy: Policy | undefined, state: StateStore) {
    this.policy = policy;
    this.fingerprint = effectiveFingerprint(policy);
    this.#state = state;
    this.#fileBase = state.get(pageState).fileBase;
  }

  /**
   * The part that the URLs of all of upstream's files have in common. Empty if they differ, undefined if none was seen
   * yet.
   */
  get fileBase(): string | undefined {
    return this.#fileBase;
  }

  /** Records the URL prefix of a file of upstream. */
  noteFileBase(base: string | undefined): void {
    if (this.#fileBase === (base ?? '') || this.#fileBase === '') return;
    this.#fileBase = this.#fileBase === undefined ? (base ?? '') : '';
    this.#state.set(change(pageState, { fileBase: this.#fileBase }));
  }

  /** Records that upstream answers not to have the project. Whether that is believed is decided elsewhere. */
  noteAbsent(name: ProjectName): void {
    this.#absent.add(name);
  }

  /** The projects that upstream answered not to have in this run. */
  get absent(): ReadonlySet<ProjectName> {
    return this.#absent;
  }

  /** Records that upstream does not have the project. If the policy names it, it is then not asked for in every run. */
  markMissing(name: ProjectName): void {
    const isNamed = this.#wants.has(name) || (this.policy && policyNames(this.policy)?.includes(name)) === true;
    if (isNamed)
      this.#state.set(
        change(missingState, { missing: [...new Set([...(this.#state.get(missingState).missing ?? []), name])] }),
      );
  }

  /** Records that upstream has the project after all. */
  markFound(name: ProjectName): void {
    this.#absent.delete(name);
    const { missing } = this.policy === undefined ? {} : this.#state.get(missingState);
    if (missing?.includes(name))
      this.#state.set(change(missingState, { missing: missing.filter((other) => other !== name) }));
  }

  /** Records the unsatisfied wants of `decision`. */
  recordUnsatisfied(decision: ProjectDecision, { wants }: Pick<Unsatisfied, 'wants'>): void {
    const { name } = decision;
    // Most projects have no unsatisfied wants, and had none.
    this.#unmetNames ??= new Set(Object.keys(this.#state.get(missingState).unmet ?? {}));
    if (wants.length === 0 && !this.#unmetNames.has(name)) return;
    this.#unmetNames.add(name);
    const { unmet = {} } = this.#state.get(missingState);
    const now = wants.length === 0 ? undefined : { decision: this.decisionKeyOf(decision), wants };
    if (JSON.stringify(unmet[name]) === JSON.stringify(now)) return;
    const { [name]: _, ...others } = unmet;
    const all = now === undefined ? others : { ...others, [name]: now };
    this.#state.set(change(missingState, { unmet: Object.keys(all).length === 0 ? undefined : all }));
  }

  /** Returns true if wants of `name` were unsatisfied and it is wanted in another way now. */
  hasChangedRequest(name: ProjectName): boolean {
    const known = this.#state.get(missingState).unmet?.[name];
    const decision = known && this.decide(name);
    return decision !== undefined && known?.decision !== this.decisionKeyOf(decision);
  }

  /** Returns the decision about `name`, or undefined if everything of every project is held. */
  decide(name: ProjectName): ProjectDecision | undefined {
    return this.policy && decideProject(this.policy, name, this.#wants.get(name) ?? []);
  }

  /** Returns the index that `name` comes from: see {@link sourceOf}. */
  sourceOf(name: ProjectName): string | undefined {
    return this.policy && sourceOf(this.policy, name);
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
    return named && [...new Set([...named, ...this.#wants.keys()])].filter((name) => this.includes(name)).sort();
  }

  /** Resolves what the held projects depend on now. Returns the projects that something depends on. */
  resolveDependencies(report?: Report): readonly ProjectName[] {
    const { policy } = this;
    if (policy?.dependencies !== true) return [];
    const edges = parseRequirements(this.#state.requirements.all());
    this.#wants = new Map();
    const roots = new Map<ProjectName, readonly Want[]>();
    for (const name of this.#roots(policy)) {
      const { hold, wants } = decideProject(policy, name);
      if (hold === 'files' || hold === local) roots.set(name, wants);
    }
    this.#wants = dependencyClosure(
      roots,
      (name) => edges.get(name) ?? [],
      policy.environments,
      (requirer, target) => {
        if (this.#toldCut.has(requirer)) return;
        this.#toldCut.add(requirer);
        const message = `${requirer}: requires more, of ${target} among others, than any real project does; what comes last is not looked at`;
        report?.({ type: 'warning', message });
      },
    );
    return [...this.#wants.keys()].filter((name) => this.includes(name));
  }

  /**
   * Remembers what is required now. Must be called after {@link resolveDependencies} has resolved what held releases
   * require under the current rules, before anything changes.
   */
  rememberBefore(hasNewRules: boolean): void {
    this.#before = { required: new Set(this.#wants.keys()), hasNewRules };
  }

  /**
   * Returns true if `name`, which is left out, is left out because of what upstream's releases require now, and not
   * because of what a person wrote. A project that was held back remains an orphan until a rule names it.
   */
  isOrphan(name: ProjectName, wasHeldBack: boolean): boolean {
    const { policy } = this;
    if (policy?.dependencies !== true || policy.rules[policy.index(name)] !== undefined) return false;
    const { required, hasNewRules } = this.#before;
    return wasHeldBack || !hasNewRules || required.has(name);
  }

  /** Stores the result of the last {@link resolveDependencies}, for {@link restoreDecision}. */
  rememberWants(): void {
    const wantsOf = this.#keyOfRules();
    if (wantsOf === undefined || this.#state.get(policyState).wantsOf === wantsOf) return;
    this.#state.requirements.rememberWants(textsOf(this.#wants), change(policyState, { wantsOf }));
  }

  /**
   * Returns the decision about one project with the wants that the last run stored. Returns undefined if the wants may
   * have changed since, so that {@link resolveDependencies} has to resolve them.
   */
  restoreDecision(name: ProjectName): ProjectDecision | undefined {
    if (this.policy === undefined || this.#state.get(policyState).wantsOf !== this.#keyOfRules()) return undefined;
    const wants = this.#state.requirements.wantsOf(name);
    return decideProject(this.policy, name, wants === undefined ? [] : parseWants(wants));
  }

  /** Returns the published projects whose plan was made by other rules than the current ones. */
  projectsToReplan(): ProjectName[] {
    return this.comparePlans().changed;
  }

  /**
   * Returns the projects to replan, and the plans that stay as they are, but by a rule whose name changed, with the new
   * name.
   */
  comparePlans(): { changed: ProjectName[]; renamed: { name: ProjectName; rule: string }[] } {
    const changed: ProjectName[] = [];
    const renamed: { name: ProjectName; rule: string }[] = [];
    for (const { plan, key, now } of this.#plans()) {
      if (plan.decisionKey !== key) changed.push(plan.name);
      else if (plan.decisionKey !== undefined && now !== undefined) {
        const rule = explainReason(now.because);
        if (rule !== plan.rule) renamed.push({ name: plan.name, rule });
      }
    }
    return { changed, renamed };
  }

  /** Yields all projects that the policy holds by itself, as far as they are known. */
  *#roots(policy: Policy): Iterable<ProjectName> {
    const names = policyNames(policy);
    for (const name of names ?? []) yield name;
    const isElsewhere = policy.rules.some(({ hold, index }) => hold === local || index !== undefined);
    if (names === undefined || isElsewhere) yield* this.#published();
  }

  /**
   * Returns the key that stands for everything that wants follow from, except the requirements of projects. Returns
   * undefined without dependencies.
   */
  #keyOfRules(): string | undefined {
    if (this.policy?.dependencies !== true) return undefined;
    this.#rulesKey ??= wantsKeyOf(this.policy);
    return this.#rulesKey;
  }

  /** Yields the plan of each published project, and the decision that would be made now. */
  *#plans() {
    for (const piece of inPages((after) => this.#state.plans.list(after, plansAtATime))) {
      for (const plan of piece) {
        const now = this.decide(plan.name);
        yield { plan, now, key: now && this.decisionKeyOf(now) };
      }
    }
  }

  *#published(): Iterable<ProjectName> {
    for (const piece of inPages((after) => this.#state.held.published(after, plansAtATime))) {
      for (const { name } of piece) yield name;
    }
  }
}

/**
 * Returns the key of the rules that wants follow from. It includes the reasons, which name files and lines, because
 * wants store them.
 */
function wantsKeyOf(policy: Policy): string {
  const { rules, otherwise } = policy;
  const reasons = rules.map(({ because, named, open }) => [
    because,
    [...named].map(([name, wants]) => [name, wants.map((want) => want.because)]),
    open.map((pattern) => pattern.because),
  ]);
  const text = JSON.stringify([fingerprintOf(policy).projects, otherwise.because, reasons]);
  return sha256Hex(Buffer.from(text)).slice(0, 32);
}

function* textsOf(all: ReadonlyMap<ProjectName, readonly Want[]>): Iterable<Wants> {
  for (const [name, wants] of all) yield { name, wants: renderWants(wants) };
}

function effectiveFingerprint(policy: Policy | undefined): Fingerprint {
  if (policy === undefined) return { projects: '', files: '' };
  const { projects, files } = fingerprintOf(policy);
  const isAll = policy.rules.length === 0 && policy.otherwise.value === 'files';
  return { projects: isAll ? '' : projects, files };
}
