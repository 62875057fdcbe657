/**
 * Which projects pages may name. Names that stand in rules only may be those of projects that are not public, such as
 * internal ones that upstream lacks or that another index has. A project that is here, or of which upstream has told,
 * is no secret.
 */
import { type ProjectName, projectName } from '../core/names.ts';
import type { Policy } from '../policy/policy.ts';
import { sourceOf } from '../policy/project-decision.ts';
import type { AlarmRecord } from '../state/program-results.ts';
import type { KeptParked } from '../state/queue.ts';
import type { StateStore } from '../state/state-store.ts';

interface Source {
  readonly state: Pick<StateStore, 'queue' | 'held'>;
  readonly policy: Policy | undefined;
  /** False if `mirror.toml` was refused. Without its rules nobody knows which names are public. */
  readonly isConfigKnown?: boolean | undefined;
}

/**
 * Returns the parked projects that may be named, the longest waiting first: those whose deletions are, or are not, held
 * back, or all.
 */
export function publicParked(source: Source, limit: number, heldBack?: boolean): KeptParked[] {
  const { state, policy, isConfigKnown = true } = source;
  if (!isConfigKnown) return [];
  const parked = state.queue.parked(limit, heldBack);
  return parked.filter(({ due: { name, serial } }) => {
    const isOfUpstream = policy === undefined || (sourceOf(policy, name) === undefined && serial > 0);
    return isOfUpstream || state.held.isPublished(name);
  });
}

/** Words that may be names of projects or of their files. */
const words = /[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?/g;

/** Returns the alarms without the names of projects that only rules know, and of their files. */
export function publicAlarms(source: Source, alarms: readonly AlarmRecord[]): AlarmRecord[] {
  const { state, policy, isConfigKnown = true } = source;
  if (!isConfigKnown) return [];
  if (policy === undefined) return [...alarms];
  const shown = (word: string): string => {
    const name = projectName(word.replace(/-\d.*$/, ''));
    if (name === undefined || !isOfRules(policy, name) || state.held.isPublished(name)) return word;
    return 'a project';
  };
  return alarms.map((alarm) => ({ ...alarm, message: alarm.message.replace(words, shown) }));
}

/**
 * Returns true if a rule names the project, or leads it to another index. A word without hyphens is only a word there.
 */
function isOfRules(policy: Policy, name: ProjectName): boolean {
  const rule = policy.rules[policy.index(name)];
  return rule !== undefined && (rule.named.has(name) || (name.includes('-') && sourceOf(policy, name) !== undefined));
}
