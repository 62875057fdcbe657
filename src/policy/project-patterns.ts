/** The ways to name projects: by name, glob, regex, or requirement (PEP 508). */
import { messageOf } from '../core/caught-error.ts';
import { UsageError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import { parseRequirement, type Requirement } from '../packaging/requirement.ts';
import { type ConfigValue, invalid, textOf, unexpected } from './config-value.ts';
import { compileGlob, globMatches } from './glob.ts';
import { isImpossible } from './want.ts';

/** Compiles a regex in RE2's syntax, for a search in linear time. Throws if the regex is invalid. */
export type CompileRegex = (source: string) => (text: string) => boolean;

/** One project, or some of its releases. */
export interface NamedProject {
  readonly kind: 'name';
  /** The text as written. */
  readonly text: string;
  readonly requirement: Requirement;
}

/** A pattern for any number of projects, matched against normalized names. */
export interface OpenPattern {
  readonly kind: 'glob' | 'regex';
  /** The normalized glob, or the text between the slashes of a regex. */
  readonly text: string;
  readonly matches: (name: string) => boolean;
}

export type ProjectPattern = NamedProject | OpenPattern;

const globShape = /^[A-Za-z0-9*?._-]*[*?][A-Za-z0-9*?._-]*$/;
const expected = 'a project such as flask, acme-*, /^acme-/ or flask>=2';

/** Returns the pattern in `given`. Throws UsageError. */
export function parsePattern(given: ConfigValue, compileRegex: CompileRegex): ProjectPattern {
  const text = textOf(given).trim();
  if (text.startsWith('/')) return regexPattern(given, text, compileRegex);
  return globShape.test(text) ? globPattern(text) : namedProject(given, text);
}

/** Returns true if {@link parsePattern} accepts `text`. */
export function isPattern(text: string, compileRegex: CompileRegex): boolean {
  try {
    parsePattern({ value: text, path: 'projects', at: () => 'nowhere' }, compileRegex);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** Returns true if a list of patterns may contain a regex, so that the compiler is needed. */
export function namesRegex(patterns: unknown): boolean {
  const list: readonly unknown[] = Array.isArray(patterns) ? patterns : [patterns];
  return list.some((text) => typeof text === 'string' && text.trim().startsWith('/'));
}

function regexPattern(given: ConfigValue, text: string, compileRegex: CompileRegex): OpenPattern {
  if (text.length < 3 || !text.endsWith('/')) return unexpected(given, 'a regex between slashes such as /^acme-/');
  const source = text.slice(1, -1);
  try {
    // The regex must be valid by itself: `a)(b` would become valid by the parentheses around it.
    compileRegex(source);
    return { kind: 'regex', text: source, matches: compileRegex(ignoringCase(source)) };
  } catch (cause) {
    return invalid(given, `${text} is no regex: ${messageOf(cause, 'it cannot be compiled')}`);
  }
}

/** Returns the regex with case ignored. Names are normalized, so a capital letter would silently match nothing. */
export function ignoringCase(source: string): string {
  return `(?i:${source})`;
}

function globPattern(text: string): OpenPattern {
  const glob = text
    .replace(/[-_.]+/g, '-')
    .replace(/\*{2,}/g, '*')
    .toLowerCase();
  return { kind: 'glob', text: glob, matches: compileGlob(glob) };
}

function namedProject(given: ConfigValue, text: string): NamedProject {
  const requirement = parseRequirement(text);
  if (requirement === undefined) return unexpected(given, expected);
  if (requirement.url !== undefined) return invalid(given, `${text} does not come from the index; leave the URL out`);
  if (isImpossible(requirement.specifier)) {
    return unexpected(given, `a range that has versions in it for ${requirement.name}`);
  }
  return { kind: 'name', text, requirement };
}

/** Returns a predicate for lists that select whole projects. Not for patterns with versions. */
export function matcherOf(patterns: readonly ProjectPattern[]): (name: ProjectName) => boolean {
  const names = new Set(patterns.map((pattern) => (pattern.kind === 'name' ? pattern.requirement.name : undefined)));
  const open = patterns.filter((pattern) => pattern.kind !== 'name');
  return (name) => names.has(name) || open.some(({ matches }) => matches(name));
}

/** Returns true if `wide` certainly matches everything that `narrow` matches. */
export function covers(wide: OpenPattern, narrow: OpenPattern | ProjectName): boolean {
  if (typeof narrow === 'string') return wide.matches(narrow);
  if (wide.kind === 'glob' && wide.text === '*') return true;
  if (wide.kind !== narrow.kind) return false;
  return wide.kind === 'glob' ? globMatches(wide.text, narrow.text) : wide.text === narrow.text;
}
