/** What held releases require, read from their core metadata (PEP 658) and remembered as text. */
import type { ProjectName } from '../core/names.ts';
import { metadataPath } from '../core/paths.ts';
import type { FileStore } from '../files/file-store.ts';
import { parseCoreMetadata } from '../packaging/core-metadata.ts';
import { parseRequirement } from '../packaging/requirement.ts';
import type { Edge } from '../policy/closure.ts';
import type { HeldFile, Requires, StateStore } from '../state/state-store.ts';

/** The edges of each project, as {@link rememberRequires} wrote them. */
export function edgesFrom(requires: Iterable<Requires>): Map<ProjectName, readonly Edge[]> {
  const edges = new Map<ProjectName, readonly Edge[]>();
  for (const { name, edges: text } of requires) edges.set(name, (JSON.parse(text) as EdgeRow[]).map(edgeOf));
  return edges;
}

/** Remembers what the releases of `held` require, all that is held of `name`. */
export async function rememberRequires(
  { state, files }: { readonly state: StateStore; readonly files: FileStore },
  name: ProjectName,
  held: readonly HeldFile[],
): Promise<void> {
  state.require(name, await edgesText(files, held));
}

/** The edges as text; undefined for none. Wheels that share their metadata count once. */
async function edgesText(files: FileStore, held: readonly HeldFile[]): Promise<string | undefined> {
  const rows = new Map<string, EdgeRow>();
  const seen = new Set<string>();
  for (const { path, metadataSha256 } of held) {
    if (metadataSha256 === undefined || seen.has(metadataSha256)) continue;
    seen.add(metadataSha256);
    const bytes = await files.read(metadataPath(path));
    const metadata = bytes && parseCoreMetadata(bytes);
    for (const row of metadata === undefined ? [] : rowsOf(metadata)) rows.set(JSON.stringify(row), row);
  }
  return rows.size === 0 ? undefined : JSON.stringify([...rows.values()]);
}

/** Release, target, extras, specifier, marker: there may be millions. */
type EdgeRow = readonly [string, ProjectName, readonly string[], string, string?];

function edgeOf([release, target, extras, specifier, marker]: EdgeRow): Edge {
  return { release, target, extras, specifier, marker };
}

function rowsOf({
  version,
  requiresDist,
}: {
  version?: string | undefined;
  requiresDist: readonly string[];
}): EdgeRow[] {
  return requiresDist.flatMap((text) => {
    const requirement = parseRequirement(text);
    if (requirement === undefined) return [];
    const { name, extras, specifier, marker } = requirement;
    const row = [version ?? '', name, extras, specifier.text] as const;
    return [marker === undefined ? row : ([...row, text.slice(text.lastIndexOf(';') + 1).trim()] as const)];
  });
}
