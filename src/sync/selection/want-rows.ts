/** Converts wants of a project to and from the text stored in the state. */
import { parseSpecifier } from '../../packaging/specifier.ts';
import { anyVersion, type Want } from '../../policy/want.ts';

/**
 * Returns the wants that {@link renderWants} wrote. They have no limits, which count only for what the project itself
 * requires.
 */
export function parseWants(text: string): Want[] {
  return (JSON.parse(text) as WantRow[]).map(([specifier, extras, sha256s, where, reason, pinnedBy]) => ({
    specifier: parseSpecifier(specifier) ?? anyVersion,
    extras,
    sha256s,
    because: { where: where ?? undefined, text: reason },
    pinnedBy,
    limits: undefined,
  }));
}

/** Returns the wants as text. */
export function renderWants(wants: readonly Want[]): string {
  return JSON.stringify(wants.map(rowOf));
}

/**
 * The stored form of a want: specifier, extras, hashes, place and text of the reason, and the origin of the pin, if
 * any.
 */
type WantRow = readonly [string, readonly string[], readonly string[], string | null, string, Want['pinnedBy']?];

function rowOf({ specifier, extras, sha256s, because, pinnedBy }: Want): WantRow {
  const row = [specifier.text, extras, sha256s, because.where ?? null, because.text] as const;
  return pinnedBy === undefined ? row : [...row, pinnedBy];
}
