/**
 * Queues the projects of a partial mirror that have to change because the rules changed or the held releases require
 * something else.
 */
import type { ProjectName } from '../../core/names.ts';
import type { MirrorState } from '../../state/mirror-state.ts';
import { requestByName } from '../../state/queue-request.ts';
import type { Mirror } from '../mirror.ts';
import { enqueueListDifferences } from './project-list.ts';

/**
 * Maximum number of times that a run plans a project by the same decision. Once is usual, and twice may result from
 * files that are fetched last.
 */
const maxReplans = 3;

/** Queues a replan of the held projects whose rules changed, and queues the projects that the rules newly name. */
export async function enqueuePolicyChanges(
  mirror: Mirror,
  known: MirrorState,
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
    if (mayAdd && !isNew) await enqueueListDifferences(mirror, undefined, () => ({}));
    state.makeDue();
    const { changed, renamed } = selection.comparePlans();
    state.renamePlans(renamed);
    // With dependencies, missing projects come first: see enqueueDependencies, which a dry run does not reach.
    const comesLast = selection.policy?.dependencies === true && !mirror.settings.dryRun;
    const policyUnsettled = selection.policy?.dependencies;
    state.enqueueReplans(comesLast ? [] : changed, {
      policy,
      scope,
      missing: undefined,
      endless: undefined,
      policyUnsettled,
    });
  }
  enqueueNamed(mirror, selection.names() ?? []);
  state.enqueueDuePlans(clock.now());
}

/**
 * With dependencies, queues first the projects that held releases require and that are not held yet. If there are none,
 * queues those that are required in another way than before. Queues last those that are no longer required, since a
 * step before might have required them. Returns true if anything was queued. `plans` counts how often each decision was
 * queued in the run.
 */
export function enqueueDependencies(mirror: Mirror, plans: Map<string, number>): boolean {
  const { state, selection, settings } = mirror;
  if (settings.projects !== undefined || selection.policy?.dependencies !== true) return false;
  if (enqueueNamed(mirror, selection.resolveDependencies(mirror.report)) > 0) return true;
  const changed = selection.projectsToReplan();
  const stays = (name: ProjectName): boolean => selection.decide(name)?.hold !== 'none';
  if (state.enqueueReplans(withoutEndless(mirror, changed.filter(stays), plans), {}) > 0) return true;
  const gone = changed.filter((name) => !stays(name));
  if (state.enqueueReplans(withoutEndless(mirror, gone, plans), {}) > 0) return true;
  selection.rememberWants();
  if (state.mirror().policyUnsettled !== undefined) state.remember({ policyUnsettled: undefined });
  return false;
}

/**
 * Returns `names` without the projects that would be planned for ever. If not all that is required fits or may be held,
 * the files held of one project may change what others require of it, which changes the files held, and so on.
 */
function withoutEndless(mirror: Mirror, names: readonly ProjectName[], plans: Map<string, number>): ProjectName[] {
  const { state, selection, report } = mirror;
  const { endless = {} } = state.mirror();
  const found: Record<string, string> = {};
  const others = names.filter((name) => {
    const decision = selection.decide(name);
    const key = decision && selection.decisionKeyOf(decision);
    if (key === undefined || state.queued(name) !== undefined) return false;
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
  if (Object.keys(found).length > 0) state.remember({ endless: { ...endless, ...found } });
  return others;
}

/** Returns the key that stands for the whole policy. */
export function policyKey({ selection }: Mirror): string {
  const { projects, files } = selection.fingerprint;
  const { size, reserve } = selection.policy?.budget ?? {};
  return `${projects} ${files} ${size?.value ?? ''} ${reserve?.value ?? ''}`.trimEnd();
}

/** Queues those of `names` that are neither held nor known to be missing. Returns their number. */
function enqueueNamed({ state, selection }: Mirror, names: readonly ProjectName[]): number {
  const missing = new Set(state.mirror().missing);
  const wanted = names.filter(
    (name) =>
      (!missing.has(name) || selection.hasChangedRequest(name)) &&
      !state.heldProject(name).published &&
      state.queued(name) === undefined,
  );
  if (wanted.length > 0)
    state.enqueue(
      wanted.map((name) => requestByName(name, undefined)),
      { rootIndexDue: true },
    );
  return wanted.length;
}
