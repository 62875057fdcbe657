/**
 * Reads requirements from metadata that was never checked, as installers do: with commas and parentheses missing,
 * `>=1.0.*`, `!=1.0*`, `~=1`, `>dev`. Where installers differ, everything that one of them allows is allowed.
 */
import { projectName } from '../core/names.ts';
import { extraName, type Marker, parseMarker } from './marker.ts';
import { parseRequirement, type Requirement } from './requirement.ts';
import { parseSpecifier, type Specifier } from './specifier.ts';

/** A requirement that need not follow PEP 508. */
export interface LooseRequirement extends Requirement {
  /** The text after the `;` as it is written, even if it is no marker. */
  readonly guard: string | undefined;
  /** The part that could not be read. With unread versions any version is allowed; an unread marker may hold. */
  readonly unread: 'versions' | 'marker' | undefined;
}

/** Maximum length of a requirement in characters. Metadata is untrusted. */
const maxRequirementLength = 65_536;

const parts = /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?(.*)$/s;
/**
 * Matches the rest of a text that begins like a project's name but is an address: `git+https://…`, `https://…`, `C:\\…`
 * or `folder/…`.
 */
const isAddress = /^(?:[+:][^\s]*?)?[/\\]/;
const clauses = /(===|~=|==|!=|<=|>=|<|>)\s*([^\s,<>=!~]+)/g;

/** Returns the requirement that `text` means, or undefined if it names no project. */
export function parseLooseRequirement(text: string): LooseRequirement | undefined {
  const semicolon = text.lastIndexOf(';');
  const markerText = text.slice(semicolon + 1).trim();
  const strict = parseRequirement(text);
  if (strict !== undefined) {
    return { ...strict, guard: strict.marker === undefined ? undefined : markerText, unread: undefined };
  }
  if (text.length > maxRequirementLength) return undefined;
  const guard = semicolon < 0 || markerText === '' ? undefined : markerText;
  const marker = guard === undefined ? undefined : parseMarker(guard);
  const [, written = '', extras = '', rest = ''] = parts.exec(semicolon < 0 ? text : text.slice(0, semicolon)) ?? [];
  const name = projectName(written);
  if (name === undefined || isAddress.test(rest)) return undefined;
  const specifier = looseSpecifier(rest);
  const unread = specifier === undefined ? 'versions' : unreadMarker(guard, marker);
  return { name, extras: extrasIn(extras), specifier: specifier ?? any, url: undefined, marker, guard, unread };
}

const any: Specifier = { text: '', clauses: [], namesPrereleases: false };

function unreadMarker(guard: string | undefined, marker: Marker | undefined): 'marker' | undefined {
  return guard !== undefined && marker === undefined ? 'marker' : undefined;
}

function extrasIn(text: string): string[] {
  const found = text.split(/[\s,]+/).filter((extra) => /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(extra));
  return found.map(extraName);
}

/** Returns undefined if `text` contains anything but clauses. */
function looseSpecifier(text: string): Specifier | undefined {
  const plain = text.replaceAll(/['"()]/g, ' ').replaceAll(/!=\s*~\s*(\d+(?:\.\d+)*)/g, '!=$1.*');
  if (plain.replaceAll(clauses, '').replaceAll(/[\s,]/g, '') !== '') return undefined;
  const mended = [...plain.matchAll(clauses)].map(([, operator = '', version = '']) => mend(operator, version));
  return parseSpecifier(mended.filter((clause) => clause !== '').join(','));
}

/** Returns the clause as it should have been written, or an empty text if it allows everything. */
function mend(operator: string, written: string): string {
  if (operator === '===') return operator + written;
  const version = written.replace(/(?<=\d)\*$/, '.*').replace(/\.$/, '');
  if (operator === '==' || operator === '!=') return operator + version;
  if (operator.startsWith('>') && version === 'dev') return '';
  const series = version.endsWith('.*') ? version.slice(0, -'.*'.length) : undefined;
  const bound = (series ?? version).replace(/\+.*$/, '');
  if (operator === '<=' && series !== undefined) return `<${next(bound)}`;
  return operator === '~=' && /^\d+$/.test(bound) ? `>=${bound}` : operator + bound;
}

/** Returns the series after `series`: 1.6 for 1.5. */
function next(series: string): string {
  return series.replace(/\d+$/, (last) => `${BigInt(last) + 1n}`);
}
