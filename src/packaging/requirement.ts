/** Requirements by PEP 508, also with the parentheses that old metadata puts around the versions. */
import { type ProjectName, projectName } from '../core/names.ts';
import { extraName, type Marker, parseMarker } from './marker.ts';
import { Scanner } from './scanner.ts';
import { parseSpecifier, type Specifier } from './specifier.ts';

/** One project that another one needs. */
export interface Requirement {
  readonly name: ProjectName;
  /** Normalized. */
  readonly extras: readonly string[];
  /** Allows everything when nothing was said, or a URL was. */
  readonly specifier: Specifier;
  /** What follows the `@`: such a file does not come from an index. */
  readonly url: string | undefined;
  readonly marker: Marker | undefined;
}

/** Metadata is foreign text. */
const longestRequirement = 65_536;

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
/** Whether the version is one is for the specifier to say. */
const clause = /(?:===|~=|==|!=|<=|>=|<|>)\s*[^\s,;)]*/y;

/** The requirement that `text` spells, or undefined when PEP 508 does not allow it or it is absurdly long. */
export function parseRequirement(text: string): Requirement | undefined {
  if (text.length > longestRequirement) return undefined;
  const scanner = new Scanner(text);
  const name = projectName(scanner.skipSpace().take(identifier) ?? '');
  const extras = readExtras(scanner.skipSpace());
  const isUrl = scanner.skipSpace().take(at) !== undefined;
  const address = isUrl ? scanner.skipSpace().take(url) : undefined;
  const specifier = parseSpecifier(isUrl ? '' : readSpecifier(scanner));
  // A URL reaches up to the next space: without one the semicolon belongs to it.
  if (isUrl && (address === undefined || scanner.take(spaceOrEnd) === undefined)) return undefined;
  const guard = readGuard(scanner.skipSpace());
  if (name === undefined || extras === undefined || specifier === undefined || guard === undefined) return undefined;
  return { name, extras, specifier, url: address, marker: guard.marker };
}

/** What is wanted, without marker and URL: `flask[async]>=2`. */
export function requirementText({ name, extras, specifier }: Requirement): string {
  return name + (extras.length === 0 ? '' : `[${extras.join(',')}]`) + specifier.text;
}

/** None when there are no brackets. Undefined when what they hold is not a list of names. */
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

/** The clauses as they stand. What follows them when they are malformed is then found to be no marker. */
function readSpecifier(scanner: Scanner): string {
  const isOpen = scanner.take(openParenthesis) !== undefined;
  let clauses = '';
  for (let next = scanner.skipSpace().take(clause); next !== undefined; next = scanner.skipSpace().take(clause)) {
    clauses += next;
    if (scanner.skipSpace().take(comma) === undefined) break;
    clauses += ',';
  }
  const isClosed = scanner.skipSpace().take(closeParenthesis) !== undefined;
  // No specifier: a parenthesis that stands alone makes the requirement malformed.
  return isOpen === isClosed ? clauses : '()';
}

/** The marker behind a semicolon, if there is one. Undefined when something else follows. */
function readGuard(scanner: Scanner): { readonly marker: Marker | undefined } | undefined {
  if (scanner.rest === '') return { marker: undefined };
  if (scanner.take(semicolon) === undefined) return undefined;
  const marker = parseMarker(scanner.take(anything) ?? '');
  return marker && { marker };
}
