/**
 * Finds the first rule that matches a name, fast enough for 880,000 names. Names are looked up, globs are tried only if
 * the first or last letter matches, and regexes only if all of them joined match.
 */
import type { ProjectName } from '../core/names.ts';
import type { Policy, Rule } from './policy.ts';
import { type CompileRegex, ignoringCase, type OpenPattern } from './project-patterns.ts';

interface Entry {
  readonly rule: number;
  readonly matches: (name: string) => boolean;
}

/** Returns the index of `rules`. `joined` returns false for names that none of their regexes matches. */
export function indexRules(
  rules: readonly Pick<Rule, 'named' | 'open'>[],
  joined: (name: string) => boolean,
): Policy['index'] {
  const byName = new Map<ProjectName, number>();
  for (const [rule, { named }] of rules.entries()) {
    for (const name of named.keys()) if (!byName.has(name)) byName.set(name, rule);
  }
  const open = rules.flatMap((rule, position) => rule.open.map((pattern) => ({ ...pattern, rule: position })));
  const globs = open.filter(({ kind }) => kind === 'glob');
  const byFirst = groupBy(globs, ({ text }) => text.charCodeAt(0), isLiteral);
  const rest = globs.filter(({ text }) => !isLiteral(text.charCodeAt(0)));
  const byLast = groupBy(rest, ({ text }) => text.charCodeAt(text.length - 1), isLiteral);
  const others = rest.filter(({ text }) => !isLiteral(text.charCodeAt(text.length - 1)));
  const regexes = open.filter(({ kind }) => kind === 'regex');
  return (name) => {
    let best = byName.get(name) ?? rules.length;
    best = firstOf(byFirst.get(name.charCodeAt(0)), name, best);
    best = firstOf(byLast.get(name.charCodeAt(name.length - 1)), name, best);
    best = firstOf(others, name, best);
    if (regexes.length > 0 && joined(name)) best = firstOf(regexes, name, best);
    return best === rules.length ? -1 : best;
  };
}

/** Returns one predicate for all regexes in `patterns`. It rejects most names at the price of one regex. */
export function joinRegexes(patterns: readonly OpenPattern[], compileRegex: CompileRegex): (name: string) => boolean {
  const sources = patterns.filter(({ kind }) => kind === 'regex').map(({ text }) => ignoringCase(text));
  if (sources.length < 2) return () => true;
  try {
    return compileRegex(sources.join('|'));
  } catch {
    // Each regex is valid by itself. Joined they may repeat the name of a group, or be too large.
    return () => true;
  }
}

/** Returns the first matching rule before `best`, else `best`. `entries` are in the order of the rules. */
function firstOf(entries: readonly Entry[] | undefined, name: ProjectName, best: number): number {
  if (entries === undefined) return best;
  for (const { rule, matches } of entries) {
    if (rule >= best) return best;
    if (matches(name)) return rule;
  }
  return best;
}

function isLiteral(code: number): boolean {
  return code !== 42 && code !== 63;
}

function groupBy<T>(
  items: readonly T[],
  keyOf: (item: T) => number,
  isKey: (key: number) => boolean,
): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (!isKey(key)) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
