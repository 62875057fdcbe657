/**
 * Version specifiers by PEP 440. Every operator but `===` allows what lies inside, or outside, of one stretch of the order
 * of versions, so that asking costs two comparisons of text.
 */
import { afterLocals, afterPosts, parseVersion, type Version } from './version.ts';

/** What a project demands of a version; all clauses must allow it. */
export interface Specifier {
  /** As it was written, without the white space around it. */
  readonly text: string;
  readonly clauses: readonly Clause[];
  /** It names a pre-release and thereby asks for some (PEP 440). */
  readonly namesPrereleases: boolean;
}

/** One operator and its version. */
export interface Clause {
  readonly operator: string;
  /** Undefined for a wildcard, and for what `===` names when that is no version. */
  readonly version: Version | undefined;
  /** Undefined for `===`. */
  readonly stretch: Stretch | undefined;
  /** The text, in lower case, that `===` wants. */
  readonly exact: string | undefined;
}

/** The orders from `from` up to, but without, `to`; `isOutside` turns it into all others. */
export interface Stretch {
  readonly from: string;
  readonly to: string | undefined;
  readonly isOutside: boolean;
}

/** No project needs a longer one; metadata is foreign text. */
const longestSpecifier = 8192;

const clausePattern = /^(===|~=|==|!=|<=|>=|<|>)\s*(\S*)$/;

/** The specifier that `text` spells, such as `>=1.0,!=1.3.*`, or undefined when PEP 440 does not allow it. */
export function parseSpecifier(text: string): Specifier | undefined {
  if (text.length > longestSpecifier) return undefined;
  const parts = text.split(',').filter((part) => part.trim() !== '');
  const clauses = parts.map(parseClause).filter((clause) => clause !== undefined);
  if (clauses.length < parts.length) return undefined;
  return { text: text.trim(), clauses, namesPrereleases: clauses.some(namesPrerelease) };
}

/**
 * Whether `specifier` allows `version`. A text that is no version is allowed by `===` and by a specifier without clauses.
 * With `prereleases` false, pre-releases are not; when they count is PEP 440's rule for callers, see `namesPrereleases`.
 */
export function contains(specifier: Specifier, version: Version | string, prereleases = true): boolean {
  const parsed = typeof version === 'string' ? parseVersion(version) : version;
  if (!prereleases && parsed?.isPrerelease === true) return false;
  const text = typeof version === 'string' ? version : version.text;
  return specifier.clauses.every((clause) => clauseAllows(clause, parsed, text));
}

/** The version when `specifier` allows one alone: a single `==` or `===` without a wildcard. */
export function pinnedVersion(specifier: Specifier): Version | undefined {
  const [clause, ...others] = specifier.clauses;
  const isPin = others.length === 0 && (clause?.operator === '==' || clause?.operator === '===');
  return isPin ? clause.version : undefined;
}

/** One operator and its version, or undefined when PEP 440 does not allow it. */
export function parseClause(text: string): Clause | undefined {
  const [, operator = '', operand = ''] = clausePattern.exec(text.trim()) ?? [];
  if (operator === '===') return /[;)]/.test(operand) ? undefined : exactClause(operand);
  const version = parseVersion(operand);
  const stretch = operand.endsWith('.*')
    ? wildcardStretch(operator, operand.slice(0, -'.*'.length))
    : version && stretchOf(operator, version);
  return stretch && { operator, version, stretch, exact: undefined };
}

/** Whether `clause` allows what was parsed from `text`. */
export function clauseAllows(clause: Clause, parsed: Version | undefined, text: string): boolean {
  const { stretch } = clause;
  if (stretch === undefined) return text.toLowerCase() === clause.exact;
  if (parsed === undefined) return false;
  const isInside = parsed.order >= stretch.from && (stretch.to === undefined || parsed.order < stretch.to);
  return isInside !== stretch.isOutside;
}

function exactClause(text: string): Clause {
  return { operator: '===', version: parseVersion(text), stretch: undefined, exact: text.toLowerCase() };
}

function namesPrerelease({ operator, version }: Clause): boolean {
  return operator !== '!=' && version?.isPrerelease === true;
}

function wildcardStretch(operator: string, series: string): Stretch | undefined {
  const version = parseVersion(series);
  if (version === undefined || version.text !== releaseText(version)) return undefined;
  const from = developmentOrder(version.text);
  const to = seriesEnd(version.text);
  if (from === undefined || to === undefined || (operator !== '==' && operator !== '!=')) return undefined;
  return { from, to, isOutside: operator === '!=' };
}

function stretchOf(operator: string, version: Version): Stretch | undefined {
  if (operator === '==') return equal(version, false);
  if (operator === '!=') return equal(version, true);
  // Local versions are a matter of whoever built them: no range may name one.
  if (version.local !== undefined) return undefined;
  if (operator === '~=') return compatible(version);
  if (operator === '<') return below(version);
  if (operator === '>=') return inside(version.order, undefined);
  if (operator === '<=') return inside('', afterLocals(version));
  if (operator === '>') return above(version);
  return undefined;
}

function inside(from: string, to: string | undefined): Stretch {
  return { from, to, isOutside: false };
}

/** Without a local part it means every local version too. */
function equal(version: Version, isOutside: boolean): Stretch {
  const to = version.local === undefined ? afterLocals(version) : `${version.order}\0`;
  return { from: version.order, to, isOutside };
}

/** `<1.0` does not mean the pre-releases of 1.0, unless it names one. */
function below(version: Version): Stretch | undefined {
  const to = version.isPrerelease ? version.order : developmentOrder(version.text);
  return to === undefined ? undefined : inside('', to);
}

/** `>1.0` does not mean the post-releases of 1.0, unless it names one, and never its local versions. */
function above(version: Version): Stretch {
  const isLast = version.isPostrelease || version.isDevrelease;
  return inside(isLast ? afterLocals(version) : afterPosts(version), undefined);
}

function compatible(version: Version): Stretch | undefined {
  if (version.release.length < 2) return undefined;
  const release = releaseText(version);
  const to = seriesEnd(release.slice(0, release.lastIndexOf('.')));
  return to === undefined ? undefined : inside(version.order, to);
}

/** Where the versions end that begin with `series`: before the first development release of the next one. */
function seriesEnd(series: string): string | undefined {
  const at = Math.max(series.lastIndexOf('.'), series.lastIndexOf('!')) + 1;
  return developmentOrder(series.slice(0, at) + (BigInt(series.slice(at)) + 1n));
}

/** The order of the first development release of what `text` spells. */
function developmentOrder(text: string): string | undefined {
  return parseVersion(`${text}.dev0`)?.order;
}

/** The epoch and the release, in the spelling of `text`: exact, unlike the numbers. */
function releaseText({ text }: Version): string {
  return /^(?:\d+!)?\d+(?:\.\d+)*/.exec(text)?.[0] ?? text;
}
