/** What others want of a project, remembered as text. */
import { parseSpecifier } from '../../packaging/specifier.ts';
import { anyVersion, type Want } from '../../policy/want.ts';

/** The wants that {@link renderWants} wrote. Limits are left out: they count only for what the project requires in turn. */
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

/** The wants as text. */
export function renderWants(wants: readonly Want[]): string {
  return JSON.stringify(wants.map(rowOf));
}

/** Specifier, extras, hashes, where and what the reason is, and who pins. */
type WantRow = readonly [string, readonly string[], readonly string[], string | null, string, Want['pinnedBy']?];

function rowOf({ specifier, extras, sha256s, because, pinnedBy }: Want): WantRow {
  const row = [specifier.text, extras, sha256s, because.where ?? null, because.text] as const;
  return pinnedBy === undefined ? row : [...row, pinnedBy];
}
