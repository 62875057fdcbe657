/** What held releases require, read from their core metadata (PEP 658) and remembered as text. */
import type { ProjectName } from '../core/names.ts';
import { metadataPath, type WebPath } from '../core/paths.ts';
import type { Report } from '../core/report.ts';
import type { FileStore } from '../files/file-store.ts';
import { type CoreMetadata, parseCoreMetadata } from '../packaging/core-metadata.ts';
import { parseRequirement } from '../packaging/requirement.ts';
import type { Edge } from '../policy/closure.ts';
import type { HeldFile, Requires, StateStore } from '../state/state-store.ts';

/** Of one file; the largest real ones have some hundred. */
const mostRequired = 5000;
/** What is read and remembered of one project: ten times what the largest real ones have. What is newest comes first. */
const mostMetadata = 256 << 20;
const mostEdges = 200_000;
const mostText = 16 << 20;
/** Other projects that one may require, over all its releases: each is asked for. */
const mostTargets = 5000;
/** No real specifier is a tenth as long, and a long one may name a thousand versions. */
const longestSpecifier = 1000;

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
  const { text, cut, isLong } = await edgesText(memory, held);
  state.require(name, text);
  const [first] = cut;
  if (first === undefined) return;
  const others = cut.length === 1 ? '' : ` and ${cut.length - 1} others`;
  const what = isLong
    ? `more than ${mostRequired} requirements`
    : `more than ${mostEdges} requirements in all, or too long ones`;
  const message = `${name}: ${metadataPath(first)}${others}: ${what}; what follows is not looked at`;
  report({ type: 'warning', message });
}

/** The edges as text, undefined for none, and the files that require too much. */
async function edgesText(
  { files }: Memory,
  held: readonly HeldFile[],
): Promise<{ readonly text: string | undefined; readonly cut: readonly WebPath[]; readonly isLong: boolean }> {
  const cut: WebPath[] = [];
  let isLong = false;
  const budget = new EdgeBudget();
  const perFile: string[][] = [];
  // Pages list the newest last. Wheels that share their metadata count once.
  for (const { path, metadataSha256 } of held.toReversed()) {
    if (metadataSha256 === undefined || budget.hasSeen(metadataSha256)) continue;
    const size = (await files.size(metadataPath(path))) ?? 0;
    const bytes = budget.mayRead(size) ? await files.read(metadataPath(path)) : undefined;
    const metadata = bytes && parseCoreMetadata(bytes);
    const { rows, isWhole } = metadata === undefined ? { rows: [], isWhole: false } : budget.take(metadata);
    if (!isWhole && size > 0) cut.push(path);
    isLong ||= (metadata?.requiresDist.length ?? 0) > mostRequired;
    perFile.push(rows);
  }
  const rows = new Set(perFile.toReversed().flat());
  return { text: rows.size === 0 ? undefined : `[${[...rows].join(',')}]`, cut, isLong };
}

/** What may still be read and remembered of a project: anybody may publish what fills a memory. */
class EdgeBudget {
  readonly #seen = new Set<string>();
  readonly #targets = new Set<ProjectName>();
  #metadata = mostMetadata;
  #edges = mostEdges;
  #text = mostText;
  #isFull = false;

  hasSeen(metadataSha256: string): boolean {
    const before = this.#seen.size;
    return this.#seen.add(metadataSha256).size === before;
  }

  mayRead(bytes: number): boolean {
    this.#metadata -= bytes;
    return this.#metadata >= 0 && !this.#isFull;
  }

  /** The rows of a file as text, as far as they fit. */
  take({ version = '', requiresDist }: CoreMetadata): { readonly rows: string[]; readonly isWhole: boolean } {
    const rows: string[] = [];
    let isWhole = requiresDist.length <= mostRequired;
    for (const text of requiresDist.slice(0, mostRequired)) {
      const row = rowOf(version, text);
      if (row === undefined) continue;
      const written = JSON.stringify(row);
      if (this.#fits(row, written)) rows.push(written);
      else isWhole = false;
    }
    return { rows, isWhole };
  }

  #fits([, target, , specifier]: EdgeRow, written: string): boolean {
    const isKnown = this.#targets.has(target);
    if (specifier.length > longestSpecifier) return false;
    this.#isFull ||= this.#edges === 0 || this.#text <= written.length;
    if (this.#isFull) return false;
    if (!isKnown && this.#targets.size === mostTargets) return false;
    this.#targets.add(target);
    this.#edges -= 1;
    this.#text -= written.length + 1;
    return true;
  }
}

/** Release, target, extras, specifier, marker: there may be millions. */
type EdgeRow = readonly [string, ProjectName, readonly string[], string, string?];

function edgeOf([release, target, extras, specifier, marker]: EdgeRow): Edge {
  return { release, target, extras, specifier, marker };
}

function rowOf(version: string, text: string): EdgeRow | undefined {
  const requirement = parseRequirement(text);
  if (requirement === undefined) return undefined;
  const { name, extras, specifier, marker } = requirement;
  const row = [version, name, extras, specifier.text] as const;
  return marker === undefined ? row : [...row, text.slice(text.lastIndexOf(';') + 1).trim()];
}
