/** Records what is asked for and not held: projects that upstream lacks, and wants that no release satisfies. */
import type { ProjectName } from '../../core/names.ts';
import type { ProjectDecision } from '../../policy/project-decision.ts';
import type { Unsatisfied } from '../../policy/unsatisfied.ts';
import { missingState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';
import type { Selection } from './selection.ts';

export class MissingProjects {
  readonly #state: StateStore;
  readonly #absent = new Set<ProjectName>();
  /** The projects with unsatisfied wants, as the state has them: most projects have none, and had none. */
  #unsatisfied: Set<string> | undefined;

  constructor(state: StateStore) {
    this.#state = state;
  }

  /** The projects that upstream answered not to have in this run. Whether that is believed is decided elsewhere. */
  get absent(): ReadonlySet<ProjectName> {
    return this.#absent;
  }

  /** Records that upstream answers not to have the project. */
  noteAbsent(name: ProjectName): void {
    this.#absent.add(name);
  }

  /** Records that upstream does not have the project, so that it is not asked for in every run. */
  markMissing(selection: Selection, name: ProjectName): void {
    if (!selection.isNamed(name)) return;
    const { missing = [] } = this.#state.get(missingState);
    this.#state.set(change(missingState, { missing: [...new Set([...missing, name])] }));
  }

  /** Records that upstream has the project after all. */
  markFound(selection: Selection, name: ProjectName): void {
    this.#absent.delete(name);
    const { missing } = selection.policy === undefined ? {} : this.#state.get(missingState);
    if (missing?.includes(name))
      this.#state.set(change(missingState, { missing: missing.filter((other) => other !== name) }));
  }

  /** Records the unsatisfied wants of `decision`. */
  recordUnsatisfied(selection: Selection, decision: ProjectDecision, { wants }: Pick<Unsatisfied, 'wants'>): void {
    const { name } = decision;
    this.#unsatisfied ??= new Set(Object.keys(this.#state.get(missingState).unmet ?? {}));
    if (wants.length === 0 && !this.#unsatisfied.has(name)) return;
    this.#unsatisfied.add(name);
    const { unmet = {} } = this.#state.get(missingState);
    const now = wants.length === 0 ? undefined : { decision: selection.decisionKeyOf(decision), wants };
    if (JSON.stringify(unmet[name]) === JSON.stringify(now)) return;
    const { [name]: _, ...others } = unmet;
    const all = now === undefined ? others : { ...others, [name]: now };
    this.#state.set(change(missingState, { unmet: Object.keys(all).length === 0 ? undefined : all }));
  }

  /** Returns true if wants of `name` were unsatisfied and it is wanted in another way now. */
  hasChangedRequest(selection: Selection, name: ProjectName): boolean {
    const known = this.#state.get(missingState).unmet?.[name];
    const decision = known && selection.decide(name);
    return decision !== undefined && known?.decision !== selection.decisionKeyOf(decision);
  }
}
