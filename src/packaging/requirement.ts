/** Requirements by PEP 508, also with the parentheses around the versions that old metadata has. */
import { type ProjectName, projectName } from '../core/names.ts';
import { extraName, type Marker, parseMarker } from './marker.ts';
import { Scanner } from './scanner.ts';
import { parseSpecifier, type Specifier } from './specifier.ts';

/** A project that another project needs. */
export interface Requirement {
  readonly name: ProjectName;
  /** Normalized names of extras. */
  readonly extras: readonly string[];
  /** Allows every version if the text has no versions, or has a URL. */
  readonly specifier: Specifier;
  /** The URL after the `@`. A file with a URL does not come from an index. */
  readonly url: string | undefined;
  readonly marker: Marker | undefined;
}

/** Maximum length of a requirement in characters. Metadata is untrusted. */
const maxRequirementLength = 65_536;

const identifier = /[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/y;
const openBracket = /\[/y;
const closeBracket = /\]/y;
const openParenthesis = /\(/y;
const closeParenthesis = /\)/y;
const comma = /,/y;
const semicolon = /;/y;
const at = /@/y;
const url = /[^ \t]+/y;
const spaceOrEnd = /[ \t]+|$/y;
const anything = /.*/sy;
/** Matches one clause. `parseSpecifier` decides if its version is valid. */
const clause = /(?:===|~=|==|!=|<=|>=|<|>)\s*[^\s,;)]*/y;

/** Returns the requirement that `text` spells, or undefined if PEP 508 does not allow it or if it is too long. */
export function parseRequirement(text: string): Requirement | undefined {
  if (text.length > maxRequirementLength) return undefined;
  const scanner = new Scanner(text);
  const name = projectName(scanner.skipSpace().take(identifier) ?? '');
  const extras = readExtras(scanner.skipSpace());
  const isUrl = scanner.skipSpace().take(at) !== undefined;
  const address = isUrl ? scanner.skipSpace().take(url) : undefined;
  const specifier = parseSpecifier(isUrl ? '' : readSpecifier(scanner));
  // A URL ends at the next space. Without a space a semicolon is part of the URL.
  if (isUrl && (address === undefined || scanner.take(spaceOrEnd) === undefined)) return undefined;
  const guard = readGuard(scanner.skipSpace());
  if (name === undefined || extras === undefined || specifier === undefined || guard === undefined) return undefined;
  return { name, extras, specifier, url: address, marker: guard.marker };
}

/** Returns the requirement as text without marker and URL: `flask[async]>=2`. */
export function requirementText({ name, extras, specifier }: Requirement): string {
  return name + (extras.length === 0 ? '' : `[${extras.join(',')}]`) + specifier.text;
}

/** Returns no extras if there are no brackets, and undefined if the brackets do not hold a list of names. */
function readExtras(scanner: Scanner): readonly string[] | undefined {
  const extras: string[] = [];
  if (scanner.take(openBracket) === undefined) return extras;
  if (scanner.skipSpace().take(closeBracket) !== undefined) return extras;
  do {
    const extra = scanner.skipSpace().take(identifier);
    if (extra === undefined) return undefined;
    extras.push(extraName(extra));
  } while (scanner.skipSpace().take(comma) !== undefined);
  return scanner.take(closeBracket) === undefined ? undefined : extras;
}

/**
 * Returns the clauses as they are written. Reading stops at a malformed clause, and the rest then fails as a marker.
 */
function readSpecifier(scanner: Scanner): string {
  const isOpen = scanner.take(openParenthesis) !== undefined;
  let clauses = '';
  for (let next = scanner.skipSpace().take(clause); next !== undefined; next = scanner.skipSpace().take(clause)) {
    clauses += next;
    if (scanner.skipSpace().take(comma) === undefined) break;
    clauses += ',';
  }
  const isClosed = scanner.skipSpace().take(closeParenthesis) !== undefined;
  // A single parenthesis makes the requirement malformed: `()` is no specifier.
  return isOpen === isClosed ? clauses : '()';
}

/** Reads the marker after a semicolon, if there is one. Returns undefined if other text follows. */
function readGuard(scanner: Scanner): { readonly marker: Marker | undefined } | undefined {
  if (scanner.rest === '') return { marker: undefined };
  if (scanner.take(semicolon) === undefined) return undefined;
  const marker = parseMarker(scanner.take(anything) ?? '');
  return marker && { marker };
}
