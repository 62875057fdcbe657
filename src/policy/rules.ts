/** Which projects the mirror holds, and what of them. */
import type { ProjectName } from '../core/names.ts';
import type { Hold, Policy } from './policy.ts';
import { type Reason, withDetail } from './reason.ts';
import { ownWant, type Want } from './want.ts';

/** What the mirror holds of one project. */
export interface ProjectDecision {
  readonly name: ProjectName;
  readonly hold: Hold;
  readonly because: Reason;
  /** A release is held when one of these allows it. Empty unless files are held. */
  readonly wants: readonly Want[];
}

/**
 * Decides about the project `name`. `wants` are what other held projects need of it (see closeOver): they are held unless
 * a rule that names the project says otherwise.
 */
export function decideProject(policy: Policy, name: ProjectName, wants: readonly Want[] = []): ProjectDecision {
  const rule = policy.rules[policy.index(name)];
  if (rule === undefined) return decideUnruled(policy, name, wants);
  const pattern = rule.open.find(({ matches }) => matches(name));
  const named = rule.named.get(name) ?? [];
  if (rule.hold !== 'files') {
    const what = named[0]?.because.text ?? pattern?.because.text ?? name;
    return { name, hold: rule.hold, because: withDetail(rule.because, what), wants: [] };
  }
  const own = pattern === undefined ? named : [...named, ownWant(pattern.because)];
  return { name, hold: 'files', because: own[0]?.because ?? rule.because, wants: [...own, ...wants] };
}

function decideUnruled({ otherwise, leftOut }: Policy, name: ProjectName, wants: readonly Want[]): ProjectDecision {
  const { value, because } = otherwise;
  const [first] = wants;
  if (value === 'files') return { name, hold: 'files', because, wants: [ownWant(because), ...wants] };
  if (first !== undefined) return { name, hold: 'files', because: first.because, wants };
  return { name, hold: value, because: (value === 'none' && leftOut.get(name)) || because, wants: [] };
}

/** True when the rules let the mirror hold files or pages of `name`, without regard to what others depend on. */
export function mayHold({ rules, index, otherwise }: Policy, name: ProjectName): boolean {
  return (rules[index(name)]?.hold ?? otherwise.value) !== 'none';
}

/**
 * All projects that the rules let the mirror hold, sorted, without those that others depend on; undefined when only the
 * list of all projects can tell. With these a run needs no such list.
 */
export function policyNames(policy: Policy): readonly ProjectName[] | undefined {
  const { rules, otherwise } = policy;
  const isOpen = rules.some(({ hold, open }) => hold !== 'none' && open.length > 0);
  if (isOpen || otherwise.value !== 'none') return undefined;
  const names = new Set(rules.flatMap(({ named }) => [...named.keys()]));
  return [...names].filter((name) => mayHold(policy, name)).sort();
}
