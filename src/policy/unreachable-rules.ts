import type { ProjectName } from '../core/names.ts';
import type { Rule } from './policy.ts';
import { covers } from './project-patterns.ts';

/**
 * Returns a line about each rule that can never decide, because it names nothing or earlier rules match all that it
 * names.
 */
export function unreachableRules(rules: readonly Rule[]): string[] {
  const lines: string[] = [];
  /** The names and patterns of earlier rules. */
  const taken = { names: new Set<ProjectName>(), open: [] as Rule['open'][number][] };
  for (const { because, named, open } of rules) {
    const isTaken = [...named.keys(), ...open].every((pattern) => takes(taken, pattern));
    if (named.size + open.length === 0) lines.push(`${because.where}: this rule names no project`);
    else if (isTaken) lines.push(`${because.where}: this rule never decides: earlier rules take all its projects`);
    for (const name of named.keys()) taken.names.add(name);
    for (const pattern of open) taken.open.push(pattern);
  }
  return lines;
}

interface Taken {
  readonly names: ReadonlySet<ProjectName>;
  readonly open: Rule['open'];
}

function takes({ names, open }: Taken, pattern: ProjectName | Rule['open'][number]): boolean {
  return (typeof pattern === 'string' && names.has(pattern)) || open.some((wide) => covers(wide, pattern));
}
