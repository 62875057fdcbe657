/** Reads the part of `mirror.toml` that determines what a partial mirror holds. */
import type { ProjectName } from '../core/names.ts';
import { normalPath } from '../formats/requirements/requirements-file.ts';
import { environmentFrom, implementations, type MarkerEnvironment, platforms } from '../packaging/environment.ts';
import {
  type ConfigValue,
  fieldsOf,
  flagOf,
  invalid,
  itemsOf,
  oneOf,
  tablesOf,
  textOf,
  unexpected,
} from './config-value.ts';
import { type PassedOver, passedOverLines } from './filter-listed.ts';
import { parseFiles } from './parse-files.ts';
import { parseBudget, parseReleases, ruled } from './parse-releases.ts';
import { type GivenRule, isTaken, parseRule, type RuleSources } from './parse-rules.ts';
import { type Hold, holds, local, type OtherIndex, otherwiseHolds, type Policy, type Rule } from './policy.ts';
import { indexRules, joinRegexes } from './project-index.ts';
import { covers, namesRegex } from './project-patterns.ts';
import type { Reason, Ruled } from './reason.ts';

/** The top-level keys of `mirror.toml` that are read here. */
export const policyKeys = [
  'projects',
  'requirements',
  'may-be-empty',
  'dependencies',
  'unmirrored',
  'otherwise',
  'rule',
  'releases',
  'files',
  'environment',
  'budget',
] as const;

type PolicyKey = (typeof policyKeys)[number];

/** Functions and settings that the parser needs. */
export interface PolicySources extends Pick<RuleSources, 'reader' | 'compileRegex' | 'upstream'> {
  /** Returns the location of a value by its path (`releases.keep`, `rule.0.projects.2`): `mirror.toml:12`. */
  readonly at: (keyPath: string) => string;
  /** The upstream of the mirror as {@link parseIndexUrl} returns it. A rule with this upstream is like one without. */
  readonly main?: string | undefined;
}

/**
 * Returns the policy in `toml`, a whole `mirror.toml`. Keys other than {@link policyKeys} are ignored. Throws
 * UsageError: `mirror.toml:LINE: key: expected …, found …`.
 */
export function parsePolicy(toml: Readonly<Record<string, unknown>>, sources: PolicySources): Policy {
  const given = (key: PolicyKey): ConfigValue | undefined =>
    toml[key] === undefined ? undefined : { value: toml[key], path: key, at: sources.at };
  const warnings: string[] = [];
  const environments = tablesOf(given('environment')).map(parseEnvironment);
  const leftOut = new Map<ProjectName, Reason>();
  const mayBeEmpty = new Set(itemsOf(given('may-be-empty')).map((item) => normalPath(textOf(item))));
  const passedOver: (readonly PassedOver[])[] = [];
  const ruleSources = { ...sources, environments, warnings, passedOver, leftOut, mayBeEmpty };
  const rules = givenRules(given, sources.main).map((rule) => parseRule(rule, ruleSources));
  for (const warning of unreachableRules(rules)) warnings.push(warning);
  const files = parseFiles(given('files'), warnings);
  const open = rules.flatMap((rule) => rule.open);
  const index = indexRules(rules, joinRegexes(open, sources.compileRegex));
  const passedLines = passedOver.flatMap((list) =>
    passedOverLines(list.filter((one) => !isTaken(one, rules[index(one.name)], sources.upstream))),
  );
  return {
    rules,
    index,
    otherwise: otherwiseOf(given('otherwise'), rules),
    dependencies: ruled(given('dependencies'), flagOf)?.value ?? false,
    unmirrored: ruled(given('unmirrored'), (field) => oneOf(field, ['hide', 'upstream'] as const))?.value ?? 'hide',
    environments,
    releases: parseReleases(given('releases'), sources.compileRegex),
    files,
    budget: parseBudget(given('budget')),
    leftOut,
    warnings: [...passedLines, ...warnings],
  };
}

/** Returns true if `toml` may contain a regex. Otherwise `compileRegex` is never called. */
export function usesRegexes(toml: Readonly<Record<string, unknown>>): boolean {
  const { projects, rule, releases } = toml;
  const rules: readonly unknown[] = Array.isArray(rule) ? rule : [];
  return namesRegex(projects) || [...rules, releases].some((table) => hasRegex(table));
}

function hasRegex(table: unknown): boolean {
  if (typeof table !== 'object' || table === null) return false;
  return ['projects', 'min-age-exempt'].some((key) => namesRegex(new Map(Object.entries(table)).get(key)));
}

/**
 * Returns the rules, with the top-level shorthand last, so that projects named in a `[[rule]]` are exceptions to it.
 */
function givenRules(given: (key: PolicyKey) => ConfigValue | undefined, main: string | undefined): GivenRule[] {
  const rules = tablesOf(given('rule')).map((table) => givenRule(table, main));
  const [projects, requirements] = [given('projects'), given('requirements')];
  const shorthand = projects ?? requirements;
  return shorthand === undefined
    ? rules
    : [...rules, { hold: 'files', index: undefined, given: shorthand, projects, requirements }];
}

function givenRule(table: ConfigValue, main: string | undefined): GivenRule {
  const fields = fieldsOf(table, ['projects', 'requirements', 'hold', 'upstream', 'file-hosts'] as const);
  const [projects, requirements, hold] = [fields.get('projects'), fields.get('requirements'), fields.get('hold')];
  if (projects === undefined && requirements === undefined) {
    return invalid(table, 'expected projects or requirements, found neither');
  }
  const [upstream, fileHosts] = [fields.get('upstream'), fields.get('file-hosts')];
  const source = parseSource({ hold, upstream, fileHosts }, main);
  return { ...source, given: hold ?? table, projects, requirements };
}

function otherwiseOf(given: ConfigValue | undefined, rules: readonly Rule[]): Ruled<Hold> {
  const explicit = ruled(given, (field) => oneOf(field, otherwiseHolds));
  if (explicit !== undefined) return explicit;
  // Rules for other indexes do not affect what is held of the upstream.
  const first = rules.find(({ hold, index }) => hold === 'files' && index === undefined);
  if (first === undefined) return { value: 'files', because: { where: undefined, text: 'everything is held' } };
  return { value: 'none', because: { where: first.because.where, text: 'no rule names the project' } };
}

function parseEnvironment(given: ConfigValue): MarkerEnvironment {
  const fields = fieldsOf(given, ['python', 'platform', 'machine', 'implementation'] as const);
  const python = fields.get('python');
  const environment = environmentFrom({
    python: ruled(python, textOf)?.value,
    platform: ruled(fields.get('platform'), (field) => oneOf(field, platforms))?.value,
    machine: ruled(fields.get('machine'), textOf)?.value,
    implementation: ruled(fields.get('implementation'), (field) => oneOf(field, implementations))?.value,
  });
  if (environment !== undefined) return environment;
  return unexpected(python ?? given, 'a version such as "3.12"');
}

/** A line about each rule that can never decide: it names nothing, or earlier rules take all that it names. */
function unreachableRules(rules: readonly Rule[]): string[] {
  const lines: string[] = [];
  /** The names that the earlier rules take. */
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

/** The parts of a rule that say where its projects come from, and what is held of them. */
interface GivenSource {
  readonly hold: ConfigValue | undefined;
  readonly upstream: ConfigValue | undefined;
  readonly fileHosts: ConfigValue | undefined;
}

/** Parses what a rule holds, and its index: undefined for the upstream of the mirror, which is the index `main`. */
function parseSource(
  given: GivenSource,
  main: string | undefined,
): { readonly hold: Hold; readonly index: OtherIndex | undefined } {
  const { upstream, fileHosts } = given;
  const hold = given.hold === undefined ? 'files' : oneOf(given.hold, holds);
  if (upstream === undefined) {
    if (fileHosts !== undefined) return invalid(fileHosts, 'is for a rule with an upstream of its own');
    return { hold, index: undefined };
  }
  if (hold === local || hold === 'none') return invalid(upstream, `means nothing with hold = "${hold}"`);
  const url = parseIndexUrl(upstream);
  return { hold, index: url === main ? undefined : { url, fileHosts: itemsOf(fileHosts).map(host) } };
}

/**
 * The address of an index without a slash at its end, below which the pages of projects lie: as pip's `--index-url`
 * takes it. Where it has no path that is `/simple`, as for the upstream of the mirror.
 */
function parseIndexUrl(given: ConfigValue): string {
  const text = textOf(given);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search + url.hash !== '') {
    return unexpected(given, 'an address such as https://py.internal.example/simple/');
  }
  if (url.username + url.password !== '') {
    return invalid(given, 'an address with a password would end up in logs; put the password into netrc-file');
  }
  return `${url.origin}${url.pathname === '/' ? '/simple' : url.pathname.replace(/\/+$/, '')}`;
}

function host(given: ConfigValue): string {
  const text = textOf(given);
  if (URL.canParse(`https://${text}/`) && new URL(`https://${text}/`).host === text) return text;
  return unexpected(given, 'a host such as files.internal.example');
}
