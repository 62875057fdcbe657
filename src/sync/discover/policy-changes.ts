/**
 * Queues the projects of a partial mirror that have to change because the rules changed or the held releases require
 * something else.
 */
import { inPages } from '../../core/in-pages.ts';
import type { ProjectName } from '../../core/names.ts';
import { explainReason } from '../../policy/render-reason.ts';
import type { PolicyState } from '../../state/mirror-state.ts';
import { missingState, policyState, rootIndexIsDue, serialState } from '../../state/mirror-state.ts';
import type { ListedPlan } from '../../state/plans.ts';
import { requestByName } from '../../state/queue.ts';
import { change, join, noChange } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';
import type { Mirror } from '../mirror.ts';
import { resolveDependencies, storeWants } from '../selection/dependencies.ts';
import type { Selection } from '../selection/selection.ts';
import { enqueueListDifferences } from './project-list.ts';

/**
 * Maximum number of times that a run plans a project by the same decision. Once is usual, and twice may result from
 * files that are fetched last.
 */
const maxReplans = 3;
const plansAtATime = 2000;

/** Queues a replan of the held projects whose rules changed, and queues the projects that the rules newly name. */
export async function enqueuePolicyChanges(
  mirror: Mirror,
  known: PolicyState,
  scope: string,
  isNew: boolean,
): Promise<void> {
  const { state, selection, clock } = mirror;
  const { projects } = selection.fingerprint;
  const policy = policyKey(mirror);
  if (policy !== (known.policy ?? '')) {
    const before = known.policy?.split(' ')[0] ?? '';
    // If everything was held before, or the rules name everything that is held, the list has nothing to add.
    const mayAdd = before !== '' && before !== projects && selection.names() === undefined;
    if (mayAdd && !isNew) await enqueueListDifferences(mirror, undefined, () => noChange);
    state.queue.makeDue();
    const { changed, renamed } = comparePlans(selection, plansIn(state));
    // With dependencies, missing projects come first: see enqueueDependencies, which a dry run does not reach.
    state.plans.renameRules(renamed);
    const comesLast = selection.policy?.dependencies === true && !mirror.settings.dryRun;
    const policyUnsettled = selection.policy?.dependencies;
    state.plans.enqueueReplans(
      comesLast ? [] : changed,
      join(
        change(policyState, { policy, endless: undefined, policyUnsettled }),
        change(serialState, { scope }),
        change(missingState, { missing: undefined }),
      ),
    );
  }
  enqueueNamed(mirror, selection.names() ?? []);
  state.plans.enqueueDue(clock.now());
}

/**
 * With dependencies, queues first the projects that held releases require and that are not held yet. If there are none,
 * queues those that are required in another way than before. Queues last those that are no longer required, since a
 * step before might have required them. Returns the selection by which they are to be synced, and whether anything was
 * queued. `plans` counts how often each decision was queued in the run.
 */
export function enqueueDependencies(
  before: Mirror,
  plans: Map<string, number>,
): { readonly selection: Selection; readonly hasQueued: boolean } {
  const { state, settings, report } = before;
  if (settings.projects !== undefined || before.selection.policy?.dependencies !== true)
    return { selection: before.selection, hasQueued: false };
  const selection = resolveDependencies(before.selection, state, report);
  const mirror = { ...before, selection };
  if (enqueueNamed(mirror, selection.requiredNames()) > 0) return { selection, hasQueued: true };
  const { changed } = comparePlans(selection, plansIn(state));
  const stays = (name: ProjectName): boolean => selection.decide(name)?.hold !== 'none';
  const gone = changed.filter((name) => !stays(name));
  const hasQueued = [changed.filter(stays), gone].some(
    (names) => state.plans.enqueueReplans(withoutEndless(mirror, names, plans)) > 0,
  );
  if (hasQueued) return { selection, hasQueued };
  storeWants(selection, state);
  if (state.get(policyState).policyUnsettled !== undefined)
    state.set(change(policyState, { policyUnsettled: undefined }));
  return { selection, hasQueued };
}

/**
 * Returns the projects to replan, because their plans were made by other rules, and the plans that stay as they are,
 * but by a rule whose name changed, with the new name.
 */
export function comparePlans(
  selection: Selection,
  plans: Iterable<ListedPlan>,
): { readonly changed: ProjectName[]; readonly renamed: { readonly name: ProjectName; readonly rule: string }[] } {
  const changed: ProjectName[] = [];
  const renamed: { name: ProjectName; rule: string }[] = [];
  for (const plan of plans) {
    const now = selection.decide(plan.name);
    if (plan.decisionKey !== (now && selection.decisionKeyOf(now))) changed.push(plan.name);
    else if (plan.decisionKey !== undefined && now !== undefined) {
      const rule = explainReason(now.because);
      if (rule !== plan.rule) renamed.push({ name: plan.name, rule });
    }
  }
  return { changed, renamed };
}

/** Yields all published projects with their plans. */
export function* plansIn({ plans }: Pick<StateStore, 'plans'>): Iterable<ListedPlan> {
  for (const piece of inPages((after) => plans.list(after, plansAtATime))) yield* piece;
}

/**
 * Returns `names` without the projects that would be planned for ever. If not all that is required fits or may be held,
 * the files held of one project may change what others require of it, which changes the files held, and so on.
 */
function withoutEndless(mirror: Mirror, names: readonly ProjectName[], plans: Map<string, number>): ProjectName[] {
  const { state, selection, report } = mirror;
  const { endless = {} } = state.get(policyState);
  const found: Record<string, string> = {};
  const others = names.filter((name) => {
    const decision = selection.decide(name);
    const key = decision && selection.decisionKeyOf(decision);
    if (key === undefined || state.queue.entryOf(name) !== undefined) return false;
    if (endless[name] === key) return false;
    const plan = `${name} ${key}`;
    const times = plans.get(plan) ?? 0;
    plans.set(plan, times + 1);
    if (times < maxReplans) return true;
    found[name] = key;
    const message = `${name}: what is held of it changes what is required of it, to and fro; it stays as it is now`;
    report({ type: 'warning', message });
    return false;
  });
  if (Object.keys(found).length > 0) state.set(change(policyState, { endless: { ...endless, ...found } }));
  return others;
}

/** Returns the key that stands for the whole policy. */
export function policyKey({ selection }: Mirror): string {
  const { projects, files } = selection.fingerprint;
  const { size, reserve } = selection.policy?.budget ?? {};
  return `${projects} ${files} ${size?.value ?? ''} ${reserve?.value ?? ''}`.trimEnd();
}

/** Queues those of `names` that are neither held nor known to be missing. Returns their number. */
function enqueueNamed({ state, selection, missingProjects }: Mirror, names: readonly ProjectName[]): number {
  const missing = new Set(state.get(missingState).missing);
  const wanted = names.filter(
    (name) =>
      (!missing.has(name) || missingProjects.hasChangedRequest(selection, name)) &&
      !state.held.project(name).published &&
      state.queue.entryOf(name) === undefined,
  );
  if (wanted.length > 0)
    state.queue.enqueue(
      wanted.map((name) => requestByName(name, undefined)),
      rootIndexIsDue,
    );
  return wanted.length;
}
