/** Queues what the rules of a partial mirror want otherwise than it is: because they changed, or what is held requires. */
import type { ProjectName } from '../../core/names.ts';
import type { PolicyState } from '../../state/mirror-state.ts';
import { missingState, policyState, rootIndexIsDue, serialState } from '../../state/mirror-state.ts';
import { requestByName } from '../../state/queue.ts';
import { change, join, noChange } from '../../state/state-section.ts';
import type { Mirror } from '../mirror.ts';
import { enqueueListDifferences } from './project-list.ts';

/** So often a run plans a project by the same decision: once is usual, and twice may come of what is fetched last. */
const maxReplans = 3;

/** Where the rules changed, what is held is planned anew, and what they newly name is asked for. */
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
    // Where everything was held, or what is held is named, the list has nothing to add.
    const mayAdd = before !== '' && before !== projects && selection.names() === undefined;
    if (mayAdd && !isNew) await enqueueListDifferences(mirror, undefined, () => noChange);
    state.queue.makeDue();
    const { changed, renamed } = selection.comparePlans();
    state.plans.renameRules(renamed);
    // With dependencies, what is missing comes first: see queueDependencies, which a dry run does not reach.
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
 * With dependencies, queues what the held releases require and what is not held yet; once there is no such project, those
 * that are required otherwise than before; and last what is not required any more, for it might have been.
 * Returns whether anything was queued. `plans` counts how often each decision was queued in the run.
 */
export function enqueueDependencies(mirror: Mirror, plans: Map<string, number>): boolean {
  const { state, selection, settings } = mirror;
  if (settings.projects !== undefined || selection.policy?.dependencies !== true) return false;
  if (enqueueNamed(mirror, selection.resolveDependencies(mirror.report)) > 0) return true;
  const changed = selection.projectsToReplan();
  const stays = (name: ProjectName): boolean => selection.decide(name)?.hold !== 'none';
  if (state.plans.enqueueReplans(withoutEndless(mirror, changed.filter(stays), plans)) > 0) return true;
  const gone = changed.filter((name) => !stays(name));
  if (state.plans.enqueueReplans(withoutEndless(mirror, gone, plans)) > 0) return true;
  selection.rememberWants();
  if (state.get(policyState).policyUnsettled !== undefined)
    state.set(change(policyState, { policyUnsettled: undefined }));
  return false;
}

/**
 * Without those that would be planned for ever: where not all that is required fits or may be held, what one project
 * holds may change what others require of it, which changes what it holds, and so on.
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

/** Stands for the whole policy. */
export function policyKey({ selection }: Mirror): string {
  const { projects, files } = selection.fingerprint;
  const { size, reserve } = selection.policy?.budget ?? {};
  return `${projects} ${files} ${size?.value ?? ''} ${reserve?.value ?? ''}`.trimEnd();
}

/** Queues those of `names` that are neither held nor known to be missing. Returns how many. */
function enqueueNamed({ state, selection }: Mirror, names: readonly ProjectName[]): number {
  const missing = new Set(state.get(missingState).missing);
  const wanted = names.filter(
    (name) =>
      (!missing.has(name) || selection.hasChangedRequest(name)) &&
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
