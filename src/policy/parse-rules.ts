import type { ProjectName } from '../core/names.ts';
import type { ListedRequirement } from '../formats/listed-requirement.ts';
import { parseListedRequirements, type RequirementsReader } from '../formats/listed-requirements.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import { evaluateMarker } from '../packaging/marker.ts';
import type { Requirement } from '../packaging/requirement.ts';
import { type Given, itemsOf, textOf, whereIs } from './given.ts';
import type { Hold, OtherIndex, Rule, RulePattern } from './policy.ts';
import { type CompileRegex, parsePattern } from './project-patterns.ts';
import { bothOf, isImpossible, type Limit, type Limits, ownWant, type Want } from './want.ts';

/** What the parsing of rules needs from outside. */
export interface RuleSources {
  /** How requirements files are read; it knows where relative paths begin. */
  readonly reader: RequirementsReader;
  readonly compileRegex: CompileRegex;
  readonly environments: readonly MarkerEnvironment[];
  /** Gets a line for what can hardly be meant. */
  readonly warnings: string[];
}

/** The parts of a rule as they were given. */
export interface GivenRule {
  readonly hold: Hold;
  readonly index: OtherIndex | undefined;
  /** Where the rule says what it holds. */
  readonly given: Given;
  readonly projects: Given | undefined;
  readonly requirements: Given | undefined;
}

/** Reads one rule and the requirements files that it names. Throws UsageError. */
export function parseRule({ hold, index, given, projects, requirements }: GivenRule, sources: RuleSources): Rule {
  const named = new Map<ProjectName, Want[]>();
  const open: RulePattern[] = [];
  for (const item of itemsOf(projects)) addPattern(item, sources, named, open);
  for (const item of itemsOf(requirements)) addListed(item, sources, named);
  const because = { where: whereIs(given), text: `hold = "${hold}"` };
  return { hold, because, index, named, open };
}

type Named = Map<ProjectName, Want[]>;

function addPattern(item: Given, sources: RuleSources, named: Named, open: RulePattern[]): void {
  const pattern = parsePattern(item, sources.compileRegex);
  const because = { where: whereIs(item), text: textOf(item).trim() };
  if (pattern.kind !== 'name') {
    open.push({ ...pattern, because });
  } else if (mayApply(pattern.requirement, sources.environments)) {
    add(named, pattern.requirement.name, ownWant(because, pattern.requirement));
  } else {
    sources.warnings.push(`${because.where}: ${because.text}: its marker is true in no [[environment]]`);
  }
}

/** Adds what a requirements file lists, narrowed by the constraints that came with it. */
function addListed(item: Given, sources: RuleSources, named: Named): void {
  const path = textOf(item);
  const { requirements, constraints, notes } = parseListedRequirements(path, sources.reader);
  for (const note of notes) sources.warnings.push(note);
  const limits = limitsFrom(path, constraints, sources.environments);
  const wanted = requirements.filter(({ requirement }) => mayApply(requirement, sources.environments));
  for (const listed of wanted) {
    const want = listedWant(listed, limits);
    if (want === undefined) {
      sources.warnings.push(`${listed.where}: ${requirementText(listed.requirement)} does not come from the index`);
      continue;
    }
    if (isImpossible(want.specifier)) {
      sources.warnings.push(`${listed.where}: no version of ${listed.requirement.name} can be ${want.specifier.text}`);
    }
    add(named, listed.requirement.name, want);
  }
  if (wanted.length === 0) sources.warnings.push(`${whereIs(item)}: ${path} asks for no project`);
}

function listedWant({ requirement, sha256s, where }: ListedRequirement, limits: Limits | undefined): Want | undefined {
  if (requirement.url !== undefined) return undefined;
  const because = { where, text: requirementText(requirement) };
  const limit = limits?.byName.get(requirement.name);
  return ownWant(because, {
    specifier: limit === undefined ? requirement.specifier : bothOf(requirement.specifier, limit.specifier),
    extras: requirement.extras,
    sha256s: sha256s.length > 0 ? sha256s : (limit?.sha256s ?? []),
    limits,
  });
}

function limitsFrom(
  path: string,
  constraints: readonly ListedRequirement[],
  environments: readonly MarkerEnvironment[],
): Limits | undefined {
  const byName = new Map<ProjectName, Limit>();
  for (const { requirement, sha256s } of constraints) {
    const { name, specifier, url } = requirement;
    if (url !== undefined || !surelyApplies(requirement, environments)) continue;
    const before = byName.get(name);
    byName.set(name, {
      specifier: before === undefined ? specifier : bothOf(before.specifier, specifier),
      sha256s: [...(before?.sha256s ?? []), ...sha256s],
    });
  }
  return byName.size === 0 ? undefined : { path, byName };
}

/** Anywhere, if no environment was told. */
function mayApply({ marker }: Requirement, environments: readonly MarkerEnvironment[]): boolean {
  return marker === undefined || orAny(environments).some((place) => evaluateMarker(marker, place, []) !== false);
}

/** A constraint that holds in one place only must not leave out what another one needs. */
function surelyApplies({ marker }: Requirement, environments: readonly MarkerEnvironment[]): boolean {
  return marker === undefined || orAny(environments).every((place) => evaluateMarker(marker, place, []) === true);
}

/** The environments, or one of which nothing is known. */
export function orAny(environments: readonly MarkerEnvironment[]): readonly MarkerEnvironment[] {
  return environments.length === 0 ? [{}] : environments;
}

function requirementText({ name, extras, specifier }: Requirement): string {
  return name + (extras.length === 0 ? '' : `[${extras.join(',')}]`) + specifier.text;
}

function add(named: Named, name: ProjectName, want: Want): void {
  const wants = named.get(name);
  if (wants === undefined) named.set(name, [want]);
  else wants.push(want);
}
