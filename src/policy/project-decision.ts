/** Decides which projects the mirror holds, and what of them. */
import type { ProjectName } from '../core/names.ts';
import { type Hold, local, type Policy, type Rule } from './policy.ts';
import { type Reason, withDetail } from './reason.ts';
import { isRestricting } from './rule-traits.ts';
import { ownWant, type Want } from './want.ts';

/** The decision about one project. */
export interface ProjectDecision {
  readonly name: ProjectName;
  readonly hold: Hold;
  readonly because: Reason;
  /** The source of the project; see {@link sourceOf}. */
  readonly source?: string | undefined;
  /** A release is held if one of these allows it. Empty unless files are held. */
  readonly wants: readonly Want[];
}

/**
 * Decides about the project `name`. `wants` are those of other held projects (see dependencyClosure). They are met
 * unless a rule that names the project says otherwise.
 */
export function decideProject(policy: Policy, name: ProjectName, wants: readonly Want[] = []): ProjectDecision {
  const rule = policy.rules[policy.index(name)];
  if (rule === undefined) return decideUnruled(policy, name, wants);
  const source = sourceIn(rule);
  const pattern = rule.open.find(({ matches }) => matches(name));
  const named = rule.named.get(name) ?? [];
  if (rule.hold !== 'files' && rule.hold !== local) {
    const what = named[0]?.because.text ?? pattern?.because.text ?? name;
    return { name, hold: rule.hold, because: withDetail(rule.because, what), source, wants: [] };
  }
  const own = pattern === undefined ? named : [...named, ownWant(pattern.because)];
  return { name, hold: rule.hold, because: own[0]?.because ?? rule.because, source, wants: [...own, ...wants] };
}

/**
 * Returns the source of a project: undefined for the upstream of the mirror, the address of another index, or {@link
 * local}. The first rule that names the project decides alone: no index is ever asked for a project of another one.
 */
export function sourceOf({ rules, index }: Policy, name: ProjectName): string | undefined {
  const rule = rules[index(name)];
  return rule && sourceIn(rule);
}

function sourceIn({ hold, index }: Rule): string | undefined {
  return hold === local ? local : index?.url;
}

function decideUnruled({ otherwise, leftOut }: Policy, name: ProjectName, wants: readonly Want[]): ProjectDecision {
  const { value, because } = otherwise;
  const [first] = wants;
  if (value === 'files') return { name, hold: 'files', because, wants: [ownWant(because), ...wants] };
  if (first !== undefined) return { name, hold: 'files', because: first.because, wants };
  return { name, hold: value, because: (value === 'none' && leftOut.get(name)) || because, wants: [] };
}

/** Returns true if the policy may leave out something that the upstream has. Rules for other sources do not count. */
export function choosesOfUpstream(policy: Policy): boolean {
  const { rules, otherwise } = policy;
  return isRestricting(policy) || otherwise.value !== 'files' || rules.some((rule) => sourceIn(rule) === undefined);
}

/** Returns true if the rules allow files or pages of `name`. Dependencies of other projects are not considered. */
export function mayHold({ rules, index, otherwise }: Policy, name: ProjectName): boolean {
  return (rules[index(name)]?.hold ?? otherwise.value) !== 'none';
}

/**
 * Returns all projects that the rules name and allow, sorted, or undefined if upstream's list of all projects is needed
 * to know them. Dependencies and local projects are left out. If there is a result, a run does not need upstream's
 * list.
 */
export function policyNames(policy: Policy): readonly ProjectName[] | undefined {
  const { rules, otherwise } = policy;
  const isOpen = rules.some((rule) => rule.hold !== 'none' && sourceIn(rule) === undefined && rule.open.length > 0);
  if (isOpen || otherwise.value !== 'none') return undefined;
  const names = new Set(rules.flatMap(({ named }) => [...named.keys()]));
  return [...names].filter((name) => mayHold(policy, name) && sourceOf(policy, name) !== local).sort();
}
