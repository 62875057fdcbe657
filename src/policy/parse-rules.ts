import { UsageError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import type { ListedRequirement } from '../formats/requirements/listed-requirement.ts';
import { parseListedRequirements, type RequirementsReader } from '../formats/requirements/listed-requirements.ts';
import { normalPath } from '../formats/requirements/requirements-file.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import { evaluateMarker } from '../packaging/marker.ts';
import { type Requirement, requirementText } from '../packaging/requirement.ts';
import { type ConfigValue, itemsOf, locationOf, textOf } from './config-value.ts';
import { mayApply, orAnyEnvironment, type PassedOver, splitListed } from './filter-listed.ts';
import { IndexAliases, pypiAliases } from './index-aliases.ts';
import type { Hold, OtherIndex, Rule, RulePattern } from './policy.ts';
import { type CompileRegex, parsePattern } from './project-patterns.ts';
import type { Reason } from './reason.ts';
import { intersectSpecifiers, isImpossible, type Limit, type Limits, ownWant, type Want } from './want.ts';

/** Functions and settings that parsing rules needs, and lists that it fills. */
export interface RuleSources {
  /** Reads requirements files, and resolves their relative paths. */
  readonly reader: RequirementsReader;
  readonly compileRegex: CompileRegex;
  readonly environments: readonly MarkerEnvironment[];
  /** Receives a line for each setting that is probably a mistake. */
  readonly warnings: string[];
  /** Gets what each requirements file wants from other indexes; another rule may take it from there. */
  readonly passedOver: (readonly PassedOver[])[];
  /** Gets what requirements files list and leave out. */
  readonly leftOut: Map<ProjectName, Reason>;
  /** Normalized paths of requirements files that may be empty. */
  readonly mayBeEmpty: ReadonlySet<string>;
  /** The index that rules without an upstream mean; PyPI by default. */
  readonly upstream?: IndexAliases | undefined;
}

/** The parts of a rule as written. */
export interface GivenRule {
  readonly hold: Hold;
  readonly index: OtherIndex | undefined;
  /** The value that says what the rule holds, which gives its location. */
  readonly given: ConfigValue;
  readonly projects: ConfigValue | undefined;
  readonly requirements: ConfigValue | undefined;
}

/** Reads a rule and the requirements files that it names. Throws UsageError. */
export function parseRule({ hold, index, given, projects, requirements }: GivenRule, sources: RuleSources): Rule {
  const named = new Map<ProjectName, Want[]>();
  const open: RulePattern[] = [];
  for (const item of itemsOf(projects)) addPattern(item, sources, named, open);
  const upstream = namesOf(index, sources.upstream);
  for (const item of itemsOf(requirements)) addListed(item, { ...sources, upstream }, named);
  const because = { where: locationOf(given), text: `hold = "${hold}"` };
  return { hold, because, index, named, open };
}

/** Returns true if `rule` takes the project that is passed over from the index that it is wanted from. */
export function isTaken({ index }: PassedOver, rule: Rule | undefined, main: IndexAliases | undefined): boolean {
  return rule !== undefined && rule.hold !== 'none' && index !== undefined && namesOf(rule.index, main).has(index);
}

function namesOf(index: OtherIndex | undefined, main = pypiAliases): IndexAliases {
  return index === undefined ? main : new IndexAliases(index.url, [], index.fileHosts);
}

type Named = Map<ProjectName, Want[]>;

function addPattern(item: ConfigValue, sources: RuleSources, named: Named, open: RulePattern[]): void {
  const pattern = parsePattern(item, sources.compileRegex);
  const because = { where: locationOf(item), text: textOf(item).trim() };
  if (pattern.kind !== 'name') {
    open.push({ ...pattern, because });
  } else if (mayApply(pattern.requirement, sources.environments, [])) {
    add(named, pattern.requirement.name, ownWant(because, pattern.requirement));
  } else {
    sources.warnings.push(`${because.where}: ${because.text}: its marker is true in no [[environment]]`);
  }
}

/** Adds what a requirements file lists, narrowed by the constraints in it. */
function addListed(item: ConfigValue, sources: RuleSources, named: Named): void {
  const path = textOf(item);
  const listed = parseListedRequirements(path, sources.reader);
  const { constraints, notes, empty } = listed;
  for (const file of empty) refuseEmptied(file, item, sources);
  const { upstream = pypiAliases, environments, warnings, leftOut } = sources;
  const { wanted, elsewhere, ...parted } = splitListed(listed, { upstream, environments });
  for (const note of [...notes, ...parted.notes]) warnings.push(note);
  sources.passedOver.push(parted.passedOver);
  for (const [name, reason] of parted.leftOut) if (!leftOut.has(name)) leftOut.set(name, reason);
  const limits = limitsFrom(path, constraints, elsewhere, environments);
  for (const one of wanted) {
    const { requirement, where } = one;
    const want = listedWant(one, limits);
    if (want === undefined) {
      warnings.push(`${where}: ${requirementText(requirement)} does not come from the index`);
      continue;
    }
    if (isImpossible(want.specifier)) {
      warnings.push(`${where}: no version of ${requirement.name} can be ${want.specifier.text}`);
    }
    add(named, requirement.name, want);
  }
  if (wanted.length === 0) warnings.push(`${locationOf(item)}: ${path} asks for no project`);
}

/**
 * Throws UsageError if an empty file is not expected. Another program may just be writing the file, and the projects
 * listed before must not be removed because of that.
 */
function refuseEmptied(path: string, item: ConfigValue, { mayBeEmpty }: RuleSources): void {
  if (mayBeEmpty.has(normalPath(path))) return;
  throw new UsageError(
    `${locationOf(item)}: ${path} asks for nothing, and what it asked for before would be removed; if that is meant, ` +
      `put ${JSON.stringify(path)} into may-be-empty`,
  );
}

function listedWant({ requirement, sha256s, where }: ListedRequirement, limits: Limits | undefined): Want | undefined {
  if (requirement.url !== undefined) return undefined;
  const because = { where, text: requirementText(requirement) };
  const limit = limits?.byName.get(requirement.name);
  return ownWant(because, {
    specifier:
      limit === undefined ? requirement.specifier : intersectSpecifiers(requirement.specifier, limit.specifier),
    extras: requirement.extras,
    sha256s: sha256s.length > 0 ? sha256s : (limit?.sha256s ?? []),
    limits,
  });
}

function limitsFrom(
  path: string,
  constraints: readonly ListedRequirement[],
  elsewhere: ReadonlySet<ProjectName>,
  environments: readonly MarkerEnvironment[],
): Limits | undefined {
  const byName = new Map<ProjectName, Limit>();
  for (const { requirement, sha256s } of constraints) {
    const { name, specifier, url } = requirement;
    if (url !== undefined || !surelyApplies(requirement, environments)) continue;
    const before = byName.get(name);
    byName.set(name, {
      specifier: before === undefined ? specifier : intersectSpecifiers(before.specifier, specifier),
      sha256s: [...(before?.sha256s ?? []), ...sha256s],
    });
  }
  return byName.size + elsewhere.size === 0 ? undefined : { path, byName, elsewhere };
}

/**
 * Returns true if the marker is true in all environments. A constraint for one environment must not leave out what
 * another one needs.
 */
function surelyApplies({ marker }: Requirement, environments: readonly MarkerEnvironment[]): boolean {
  return (
    marker === undefined || orAnyEnvironment(environments).every((place) => evaluateMarker(marker, place, []) === true)
  );
}

function add(named: Named, name: ProjectName, want: Want): void {
  const wants = named.get(name);
  if (wants === undefined) named.set(name, [want]);
  else wants.push(want);
}
