import type { ProjectName } from '../core/names.ts';
import type { Rule } from './policy.ts';
import { covers } from './project-patterns.ts';

/** A line about each rule that can never decide: it names nothing, or earlier rules take all that it names. */
export function uselessRules(rules: readonly Rule[]): string[] {
  const lines: string[] = [];
  for (const [position, rule] of rules.entries()) {
    const { because, named, open } = rule;
    const earlier = rules.slice(0, position);
    const isTaken = [...named.keys(), ...open].every((pattern) => earlier.some((other) => takes(other, pattern)));
    if (named.size + open.length === 0) lines.push(`${because.where}: this rule names no project`);
    else if (isTaken) lines.push(`${because.where}: this rule never decides: earlier rules take all its projects`);
  }
  return lines;
}

function takes({ named, open }: Rule, pattern: ProjectName | Rule['open'][number]): boolean {
  return (typeof pattern === 'string' && named.has(pattern)) || open.some((wide) => covers(wide, pattern));
}
