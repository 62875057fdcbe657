/**
 * Environment markers (PEP 508), which tell when a requirement holds. If a variable is unknown the answer may be
 * unknown too: undefined. It follows Kleene's logic: unknown and false is false, unknown or true is true.
 */
import type { MarkerEnvironment, PlaceVariable } from './environment.ts';
import { Scanner } from './scanner.ts';
import { type Clause, clauseAllows, parseClause } from './specifier.ts';
import { parseVersion } from './version.ts';

/** A parsed marker. */
export type Marker = Comparison | Combination;

/** Markers of which all (`and`) or at least one (`or`) must hold. */
export interface Combination {
  readonly join: 'and' | 'or';
  readonly parts: readonly Marker[];
}

/** A comparison of a variable with a text. */
export interface Comparison {
  readonly join: undefined;
  /** Undefined if there is not exactly one variable, or if the text has escapes: such comparisons are never decided. */
  readonly variable: MarkerVariable | undefined;
  readonly operator: string;
  /** The text without its quotes. The name of an extra or a dependency group is normalized. */
  readonly value: string;
  /** True if the text stands before the operator. */
  readonly isReversed: boolean;
  /** The operator and the text as a version clause, if they are one. */
  readonly clause: Clause | undefined;
  /** The comparison as it was written, except for white space. */
  readonly text: string;
}

/** `extra` is compared with one extra at a time; `extras` is the set of all of them (PEP 751). */
export type MarkerVariable = PlaceVariable | SetVariable | 'extra';
type SetVariable = 'extras' | 'dependency_groups';

/** Maximum length of a marker in characters. Metadata is untrusted. */
const maxMarkerLength = 32_768;
const maxMarkerDepth = 50;

const space = /[ \t]*/y;
const open = /\(/y;
const close = /\)/y;
const and = /and\b/y;
const or = /or\b/y;
const operatorPattern = /===|==|~=|!=|<=|>=|<|>|in\b|not[ \t]+in\b/y;
const quoted = /'[^'\r\n]*'|"[^"\r\n]*"/y;
const variablePattern =
  /(?:python_(?:full_)?version|os[._]name|sys[._]platform|platform_(?:release|system)|platform[._](?:version|machine|python_implementation)|python_implementation|implementation_(?:name|version)|extras?|dependency_groups)\b/y;

const versionVariables: ReadonlySet<string | undefined> = new Set<MarkerVariable>([
  'python_version',
  'python_full_version',
  'implementation_version',
  'platform_release',
]);

/**
 * Returns the marker that `text` spells, or undefined if PEP 508 does not allow it or if it is too long or too deeply
 * nested.
 */
export function parseMarker(text: string): Marker | undefined {
  if (text.length > maxMarkerLength) return undefined;
  const scanner = new Scanner(text);
  const marker = readCombination(scanner, 'or', 0);
  return scanner.rest === '' ? marker : undefined;
}

/**
 * Returns true if `marker` holds in `environment` without an extra or with one of `extras`: then pip installs the
 * requirement. Returns undefined if that depends on an unknown variable. Undefined `extras` are unknown too.
 */
export function evaluateMarker(
  marker: Marker,
  environment: MarkerEnvironment,
  extras: readonly string[] | ReadonlySet<string> | undefined,
): boolean | undefined {
  if (extras === undefined) return evaluate(marker, { environment, extra: undefined, extras: undefined });
  const names = [...extras].map(extraName);
  return anyOf(['', ...names], (extra) => evaluate(marker, { environment, extra, extras: names }));
}

/** Returns `marker` as text. */
export function markerText(marker: Marker): string {
  if (marker.join === undefined) return marker.text;
  const parts = marker.parts.map((part) => {
    const text = markerText(part);
    return part.join === undefined || part.join === marker.join ? text : `(${text})`;
  });
  return parts.join(` ${marker.join} `);
}

/** Returns the normalized name of an extra or a dependency group (PEP 685, PEP 735). */
export function extraName(text: string): string {
  return text.replace(/[-_.]+/g, '-').toLowerCase();
}

/** The values that an evaluation compares with. */
interface Known {
  readonly environment: MarkerEnvironment;
  readonly extra: string | undefined;
  readonly extras: readonly string[] | undefined;
}

function readCombination(scanner: Scanner, join: 'and' | 'or', depth: number): Marker | undefined {
  const parts: Marker[] = [];
  do {
    const part = join === 'or' ? readCombination(scanner, 'and', depth) : readAtom(scanner, depth);
    if (part === undefined) return undefined;
    parts.push(part);
  } while (scanner.take(join === 'or' ? or : and) !== undefined);
  return parts.length === 1 ? parts[0] : { join, parts };
}

function readAtom(scanner: Scanner, depth: number): Marker | undefined {
  scanner.take(space);
  const isOpen = scanner.take(open) !== undefined;
  if (isOpen && depth === maxMarkerDepth) return undefined;
  const marker = isOpen ? readCombination(scanner, 'or', depth + 1) : readComparison(scanner);
  if (isOpen && scanner.take(close) === undefined) return undefined;
  scanner.take(space);
  return marker;
}

function readComparison(scanner: Scanner): Comparison | undefined {
  const left = readOperand(scanner);
  const operator = scanner.take(operatorPattern)?.replace(/[ \t]+/, ' ');
  const right = readOperand(scanner);
  return left && operator && right ? comparisonOf(left, operator, right) : undefined;
}

/** Reads the name of a variable, or a text with its quotes. */
function readOperand(scanner: Scanner): string | undefined {
  scanner.take(space);
  const operand = scanner.take(variablePattern) ?? scanner.take(quoted);
  scanner.take(space);
  return operand;
}

function comparisonOf(left: string, operator: string, right: string): Comparison {
  const isReversed = isQuoted(left);
  const [name, text] = isReversed ? [right, left] : [left, right];
  const isOneOfEach = !isQuoted(name) && isQuoted(text) && !text.includes('\\');
  const variable = isOneOfEach ? variableOf(name) : undefined;
  const raw = text.slice(1, -1);
  const value = variable === 'extra' || isSet(variable) ? extraName(raw) : raw;
  const clause = versionVariables.has(variable) && !isReversed ? parseClause(operator + value) : undefined;
  const written = `${left} ${operator} ${right}`;
  return { join: undefined, variable, operator, value, isReversed, clause, text: written };
}

function isQuoted(operand: string): boolean {
  return operand.startsWith("'") || operand.startsWith('"');
}

/** Returns the variable called `name`. PEP 345 and setuptools spelled some variables differently. */
function variableOf(name: string): MarkerVariable {
  const variable = name.replace('.', '_');
  return (variable === 'python_implementation' ? 'platform_python_implementation' : variable) as MarkerVariable;
}

function isSet(variable: MarkerVariable | undefined): variable is SetVariable {
  return variable === 'extras' || variable === 'dependency_groups';
}

function evaluate(marker: Marker, known: Known): boolean | undefined {
  if (marker.join === undefined) return compare(marker, known);
  if (marker.join === 'or') return anyOf(marker.parts, (part) => evaluate(part, known));
  const fails = anyOf(marker.parts, (part) => negate(evaluate(part, known)));
  return negate(fails);
}

function anyOf<T>(items: readonly T[], holds: (item: T) => boolean | undefined): boolean | undefined {
  let answer: boolean | undefined = false;
  for (const item of items) {
    const held = holds(item);
    if (held === true) return true;
    if (held === undefined) answer = undefined;
  }
  return answer;
}

function negate(answer: boolean | undefined): boolean | undefined {
  return answer === undefined ? undefined : !answer;
}

function compare(comparison: Comparison, { environment, extra, extras }: Known): boolean | undefined {
  const { variable } = comparison;
  if (variable === undefined) return undefined;
  if (variable === 'extras') return isMember(comparison, extras);
  if (variable === 'dependency_groups') return isMember(comparison, environment.dependency_groups?.map(extraName));
  const actual = variable === 'extra' ? extra : environment[variable];
  if (actual !== undefined) return compareTo(comparison, actual);
  return variable === 'python_full_version' ? compareToSeries(comparison, environment.python_version) : undefined;
}

/** Returns undefined for everything but `in` and `not in`: PEP 751 defines no other comparison with a set. */
function isMember(
  { operator, value, isReversed }: Comparison,
  set: readonly string[] | undefined,
): boolean | undefined {
  if (set === undefined || !isReversed) return undefined;
  if (operator === 'in') return set.includes(value);
  return operator === 'not in' ? !set.includes(value) : undefined;
}

function compareTo({ variable, operator, value, isReversed, clause }: Comparison, actual: string): boolean | undefined {
  const [left, right] = isReversed ? [value, actual] : [actual, value];
  const demand = isReversed && versionVariables.has(variable) ? parseClause(operator + right) : clause;
  return demand === undefined ? compareTexts(left, operator, right) : clauseAllows(demand, parseVersion(left), left);
}

function compareTexts(left: string, operator: string, right: string): boolean | undefined {
  if (operator === 'in') return right.includes(left);
  if (operator === 'not in') return !right.includes(left);
  if (operator === '==' || operator === '<=' || operator === '>=') return left === right;
  if (operator === '!=') return left !== right;
  // Texts are not ordered; `~=` and `===` are not defined for them.
  return operator === '<' || operator === '>' ? false : undefined;
}

/**
 * Compares with a Python of which only major and minor are known. Returns undefined if the final releases of that
 * series differ.
 */
function compareToSeries({ clause }: Comparison, series: string | undefined): boolean | undefined {
  const finals = series === undefined ? undefined : parseClause(`~=${series}.0`)?.stretch;
  const stretch = clause?.stretch;
  if (finals?.to === undefined || stretch === undefined) return undefined;
  const startsBefore = stretch.from <= finals.from;
  const endsAfter = stretch.to === undefined || stretch.to >= finals.to;
  if (startsBefore && endsAfter) return !stretch.isOutside;
  const isApart = stretch.from >= finals.to || (stretch.to !== undefined && stretch.to <= finals.from);
  return isApart ? stretch.isOutside : undefined;
}
