/**
 * Version specifiers by PEP 440. Every operator except `===` allows the versions inside, or outside, one range of the
 * order of versions, so a check costs two comparisons of text.
 */
import { afterLocals, afterPosts, parseVersion, type Version } from './version.ts';

/** The versions that a requirement allows: those that all clauses allow. */
export interface Specifier {
  /** The specifier as it was written, without surrounding white space. */
  readonly text: string;
  readonly clauses: readonly Clause[];
  /** True if a clause names a pre-release, which makes pre-releases count (PEP 440). */
  readonly namesPrereleases: boolean;
}

/** An operator and its version. */
export interface Clause {
  readonly operator: string;
  /** Undefined for a wildcard, and for a text after `===` that is no version. */
  readonly version: Version | undefined;
  /** The range of the operator. Undefined for `===`. */
  readonly stretch: Stretch | undefined;
  /** The text after `===`, in lower case. */
  readonly exact: string | undefined;
}

/** The orders from `from` up to, but without, `to`. If `isOutside` is true, all other orders. */
export interface Stretch {
  readonly from: string;
  readonly to: string | undefined;
  readonly isOutside: boolean;
}

/** Maximum length of a specifier in characters. No project needs a longer one, and metadata is untrusted. */
const maxSpecifierLength = 8192;

const clausePattern = /^(===|~=|==|!=|<=|>=|<|>)\s*(\S*)$/;

/** Returns the specifier that `text` spells, such as `>=1.0,!=1.3.*`, or undefined if PEP 440 does not allow it. */
export function parseSpecifier(text: string): Specifier | undefined {
  if (text.length > maxSpecifierLength) return undefined;
  const parts = text.split(',').filter((part) => part.trim() !== '');
  const clauses = parts.map(parseClause).filter((clause) => clause !== undefined);
  if (clauses.length < parts.length) return undefined;
  return { text: text.trim(), clauses, namesPrereleases: clauses.some(namesPrerelease) };
}

/**
 * Returns true if `specifier` allows `version`. A text that is no version is allowed only by `===` and by a specifier
 * without clauses. With `prereleases` false, pre-releases are not allowed. When they count is up to the caller, by PEP
 * 440's rule: see `namesPrereleases`.
 */
export function contains(specifier: Specifier, version: Version | string, prereleases = true): boolean {
  const parsed = typeof version === 'string' ? parseVersion(version) : version;
  if (!prereleases && parsed?.isPrerelease === true) return false;
  const text = typeof version === 'string' ? version : version.text;
  return specifier.clauses.every((clause) => clauseAllows(clause, parsed, text));
}

/** Returns the version of a single `==` or `===` without a wildcard, and undefined for any other specifier. */
export function pinnedVersion(specifier: Specifier): Version | undefined {
  const [clause, ...others] = specifier.clauses;
  const isPin = others.length === 0 && (clause?.operator === '==' || clause?.operator === '===');
  return isPin ? clause.version : undefined;
}

/** Returns one operator with its version, or undefined if PEP 440 does not allow it. */
export function parseClause(text: string): Clause | undefined {
  const [, operator = '', operand = ''] = clausePattern.exec(text.trim()) ?? [];
  if (operator === '===') return /[;)]/.test(operand) ? undefined : exactClause(operand);
  const version = parseVersion(operand);
  const stretch = operand.endsWith('.*')
    ? wildcardStretch(operator, operand.slice(0, -'.*'.length))
    : version && stretchOf(operator, version);
  return stretch && { operator, version, stretch, exact: undefined };
}

/** Returns true if `clause` allows the version `parsed`, which was read from `text`. */
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
  // Each builder numbers local versions in its own way, so PEP 440 forbids them in ranges.
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

/**
 * Returns the range of versions equal to `version`. If it has no local part, all its local versions are equal to it.
 */
function equal(version: Version, isOutside: boolean): Stretch {
  const to = version.local === undefined ? afterLocals(version) : `${version.order}\0`;
  return { from: version.order, to, isOutside };
}

/** Returns the range of `<`. `<1.0` excludes the pre-releases of 1.0; `<1.0b2` includes those before 1.0b2. */
function below(version: Version): Stretch | undefined {
  const to = version.isPrerelease ? version.order : developmentOrder(version.text);
  return to === undefined ? undefined : inside('', to);
}

/**
 * Returns the range of `>`. `>1.0` excludes the post-releases of 1.0, `>1.0.post1` includes later ones. Local versions
 * of the named version are always excluded.
 */
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

/** Returns the order that ends `series`: that of the first development release of the next series. */
function seriesEnd(series: string): string | undefined {
  const at = Math.max(series.lastIndexOf('.'), series.lastIndexOf('!')) + 1;
  return developmentOrder(series.slice(0, at) + (BigInt(series.slice(at)) + 1n));
}

/** Returns the order of the first development release of the version that `text` spells. */
function developmentOrder(text: string): string | undefined {
  return parseVersion(`${text}.dev0`)?.order;
}

/** Returns the epoch and the release as `text` spells them. They are exact, unlike the numbers. */
function releaseText({ text }: Version): string {
  return /^(?:\d+!)?\d+(?:\.\d+)*/.exec(text)?.[0] ?? text;
}
