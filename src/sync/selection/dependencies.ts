/**
 * Resolves what the held releases require of other projects, and stores the result, so that a question about one
 * project need not resolve all of them again.
 */
import { sha256Hex } from '../../core/hash.ts';
import { inPages } from '../../core/in-pages.ts';
import type { ProjectName } from '../../core/names.ts';
import type { Report } from '../../core/report.ts';
import { parseSpecifier } from '../../packaging/specifier.ts';
import { dependencyClosure, type Edge } from '../../policy/dependency-closure.ts';
import { fingerprintOf } from '../../policy/fingerprint.ts';
import { local, type Policy } from '../../policy/policy.ts';
import { decideProject, type ProjectDecision, policyNames } from '../../policy/project-decision.ts';
import { anyVersion, type Want } from '../../policy/want.ts';
import { policyState } from '../../state/mirror-state.ts';
import type { Requires, Wants } from '../../state/requirements.ts';
import { change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';
import { noWants, type ResolvedWants, type Selection } from './selection.ts';

const projectsAtATime = 2000;

/** What resolving reads of the state. */
type RequirementState = Pick<StateStore, 'requirements' | 'held'>;

/**
 * Returns `selection` with what the held projects require now. Reports each project that requires too much, unless
 * `selection` tells of it already.
 */
export function resolveDependencies(selection: Selection, state: RequirementState, report?: Report): Selection {
  const { policy } = selection;
  if (policy?.dependencies !== true) return selection.withWants(noWants);
  const wants = resolveWants(policy, state);
  for (const [requirer, target] of wants.truncated) {
    if (selection.wants.truncated.has(requirer)) continue;
    const message = `${requirer}: requires more, of ${target} among others, than any real project does; what comes last is not looked at`;
    report?.({ type: 'warning', message });
  }
  return selection.withWants({ ...wants, truncated: new Map([...selection.wants.truncated, ...wants.truncated]) });
}

function resolveWants(policy: Policy, state: RequirementState): ResolvedWants {
  const edges = parseRequirements(state.requirements.all());
  const roots = new Map<ProjectName, readonly Want[]>();
  for (const name of rootsOf(policy, state)) {
    const { hold, wants } = decideProject(policy, name);
    if (hold === 'files' || hold === local) roots.set(name, wants);
  }
  const truncated = new Map<ProjectName, ProjectName>();
  const byProject = dependencyClosure(
    roots,
    (name) => edges.get(name) ?? [],
    policy.environments,
    (requirer, target) => {
      if (!truncated.has(requirer)) truncated.set(requirer, target);
    },
  );
  return { byProject, truncated };
}

/** Yields all projects that the policy holds by itself, as far as they are known. */
function* rootsOf(policy: Policy, { held }: RequirementState): Iterable<ProjectName> {
  const names = policyNames(policy);
  yield* names ?? [];
  const isElsewhere = policy.rules.some(({ hold, index }) => hold === local || index !== undefined);
  if (names !== undefined && !isElsewhere) return;
  for (const piece of inPages((after) => held.published(after, projectsAtATime))) {
    for (const { name } of piece) yield name;
  }
}

/** Stores the wants of `selection`, for {@link restoreDecision}. */
export function storeWants({ policy, wants }: Selection, state: StateStore): void {
  const wantsOf = wantsKeyOf(policy);
  if (wantsOf === undefined || state.get(policyState).wantsOf === wantsOf) return;
  state.requirements.rememberWants(storedWants(wants), change(policyState, { wantsOf }));
}

/**
 * Returns the decision about one project with the wants that the last run stored. Returns undefined if the wants may
 * have changed since, so that {@link resolveDependencies} has to resolve them.
 */
export function restoreDecision(
  policy: Policy | undefined,
  state: StateStore,
  name: ProjectName,
): ProjectDecision | undefined {
  if (policy === undefined || state.get(policyState).wantsOf !== wantsKeyOf(policy)) return undefined;
  const wants = state.requirements.wantsOf(name);
  return decideProject(policy, name, wants === undefined ? [] : parseWants(wants));
}

/**
 * Returns the key that stands for everything that wants follow from, except the requirements of projects. It includes
 * the reasons, which name files and lines, because wants store them. Returns undefined without dependencies.
 */
function wantsKeyOf(policy: Policy | undefined): string | undefined {
  if (policy?.dependencies !== true) return undefined;
  const { rules, otherwise } = policy;
  const reasons = rules.map(({ because, named, open }) => [
    because,
    [...named].map(([name, wants]) => [name, wants.map((want) => want.because)]),
    open.map((pattern) => pattern.because),
  ]);
  const text = JSON.stringify([fingerprintOf(policy).projects, otherwise.because, reasons]);
  return sha256Hex(Buffer.from(text)).slice(0, 32);
}

/**
 * The stored form of an edge: release, target, extras, specifier, marker. It is short because there may be millions.
 */
export type RequirementRow = readonly [string, ProjectName, readonly string[], string, string?];

/** Returns the edges of each project, parsed from the text that recordRequirements wrote. */
export function parseRequirements(requires: Iterable<Requires>): Map<ProjectName, readonly Edge[]> {
  const edges = new Map<ProjectName, readonly Edge[]>();
  for (const { name, edges: text } of requires) edges.set(name, (JSON.parse(text) as RequirementRow[]).map(edgeOf));
  return edges;
}

function edgeOf([release, target, extras, specifier, marker]: RequirementRow): Edge {
  return { release, target, extras, specifier, marker };
}

/**
 * The stored form of a want: specifier, extras, hashes, place and text of the reason, and the origin of the pin, if
 * any. The limits are not stored, because they count only for what the project itself requires.
 */
type WantRow = readonly [string, readonly string[], readonly string[], string | null, string, Want['pinnedBy']?];

function* storedWants({ byProject }: ResolvedWants): Iterable<Wants> {
  for (const [name, wants] of byProject) yield { name, wants: JSON.stringify(wants.map(rowOf)) };
}

function rowOf({ specifier, extras, sha256s, because, pinnedBy }: Want): WantRow {
  const row = [specifier.text, extras, sha256s, because.where ?? null, because.text] as const;
  return pinnedBy === undefined ? row : [...row, pinnedBy];
}

function parseWants(text: string): Want[] {
  return (JSON.parse(text) as WantRow[]).map(([specifier, extras, sha256s, where, reason, pinnedBy]) => ({
    specifier: parseSpecifier(specifier) ?? anyVersion,
    extras,
    sha256s,
    because: { where: where ?? undefined, text: reason },
    pinnedBy,
    limits: undefined,
  }));
}
