/** What held releases require, read from their core metadata (PEP 658) and remembered as text. */
import type { ProjectName } from '../core/names.ts';
import { metadataPath, type WebPath } from '../core/paths.ts';
import type { Report } from '../core/report.ts';
import type { FileStore } from '../files/file-store.ts';
import { parseCoreMetadata } from '../packaging/core-metadata.ts';
import { parseRequirement } from '../packaging/requirement.ts';
import type { Edge } from '../policy/closure.ts';
import type { HeldFile, Requires, StateStore } from '../state/state-store.ts';

/** Of one file; the largest real ones have some hundred. */
const mostRequired = 5000;

/** The edges of each project, as {@link rememberRequires} wrote them. */
export function edgesFrom(requires: Iterable<Requires>): Map<ProjectName, readonly Edge[]> {
  const edges = new Map<ProjectName, readonly Edge[]>();
  for (const { name, edges: text } of requires) edges.set(name, (JSON.parse(text) as EdgeRow[]).map(edgeOf));
  return edges;
}

/** Where metadata is read, and what it says is remembered. */
interface Memory {
  readonly state: StateStore;
  readonly files: FileStore;
  readonly report: Report;
}

/** Remembers what the releases of `held` require, all that is held of `name`. */
export async function rememberRequires(memory: Memory, name: ProjectName, held: readonly HeldFile[]): Promise<void> {
  const { state, report } = memory;
  const { text, cut } = await edgesText(memory, held);
  state.require(name, text);
  const [first] = cut;
  if (first === undefined) return;
  const others = cut.length === 1 ? '' : ` and ${cut.length - 1} others`;
  const message = `${name}: ${metadataPath(first)}${others}: more than ${mostRequired} requirements; what follows is not looked at`;
  report({ type: 'warning', message });
}

/** The edges as text, undefined for none, and what requires too much. Wheels that share their metadata count once. */
async function edgesText(
  { files }: Memory,
  held: readonly HeldFile[],
): Promise<{ readonly text: string | undefined; readonly cut: readonly WebPath[] }> {
  const rows = new Map<string, EdgeRow>();
  const cut: WebPath[] = [];
  const seen = new Set<string>();
  for (const { path, metadataSha256 } of held) {
    if (metadataSha256 === undefined || seen.has(metadataSha256)) continue;
    seen.add(metadataSha256);
    const bytes = await files.read(metadataPath(path));
    const metadata = bytes && parseCoreMetadata(bytes);
    if (metadata === undefined) continue;
    if (metadata.requiresDist.length > mostRequired) cut.push(path);
    for (const row of rowsOf(metadata)) rows.set(JSON.stringify(row), row);
  }
  return { text: rows.size === 0 ? undefined : JSON.stringify([...rows.values()]), cut };
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
  return requiresDist.slice(0, mostRequired).flatMap((text) => {
    const requirement = parseRequirement(text);
    if (requirement === undefined) return [];
    const { name, extras, specifier, marker } = requirement;
    const row = [version ?? '', name, extras, specifier.text] as const;
    return [marker === undefined ? row : ([...row, text.slice(text.lastIndexOf(';') + 1).trim()] as const)];
  });
}
