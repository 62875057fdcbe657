/** Reads the requirements of held releases from their files or their sidecars, and stores them as text. */
import { andMore } from '../../core/and-more.ts';
import type { ProjectName } from '../../core/names.ts';
import { filenameOf } from '../../core/paths.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { type LooseRequirement, parseLooseRequirement } from '../../packaging/loose-requirement.ts';
import { requiredSdists } from '../../policy/required-sdists.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { Mirror } from '../mirror.ts';
import type { RequirementRow } from '../selection/dependencies.ts';
import { type FileRequirements, readFileRequirements } from './file-requirements.ts';
import { noteUnreadable, type UnreadableRequirement, unreadableLines } from './unreadable-requirements.ts';

/** Maximum number of requirements of one file. The largest real files have some hundred. */
const maxRequirementsPerFile = 5000;
/**
 * Limits for what is read and stored of one project: ten times what the largest real ones have. The newest files come
 * first.
 */
const maxMetadataBytes = 256 << 20;
const maxEdges = 200_000;
const maxTextBytes = 16 << 20;
/** Maximum number of other projects that a project may require, over all its releases. Each of them is queued. */
const maxTargets = 5000;
/** Maximum length of a specifier. No real one is a tenth as long, and a long one may name a thousand versions. */
const maxSpecifierLength = 1000;

/** The ports that reading and storing requirements needs. */
type RequirementStore = Pick<Mirror, 'state' | 'files' | 'report' | 'selection' | 'parseToml'>;

/** Stores what the releases of `held` require. `held` has all files that are held of `name`. */
export async function recordRequirements(
  ports: RequirementStore,
  name: ProjectName,
  held: readonly HeldFile[],
): Promise<void> {
  const { state, report } = ports;
  const { text, cut, doubts, unread } = await requirementsOf(ports, name, held);
  state.requirements.set(name, text);
  const warn = (message: string): void => report({ type: 'warning', message: `${name}: ${message}` });
  for (const line of unreadableLines(unread)) warn(line);
  const [doubt] = doubts;
  if (doubt !== undefined) warn(`${doubt.where}${andMore(doubts.length - 1, 'others')}: ${doubt.why}`);
  const [first] = cut;
  if (first !== undefined)
    warn(`${first.where}${andMore(cut.length - 1, 'others')}: ${first.why}; what goes beyond that is left out`);
}

/** A file whose requirements are not known for sure, or not all taken. */
interface Doubt {
  readonly where: string;
  readonly why: string;
}

/** The requirements collected from the files of a project. */
interface CollectedRequirements {
  /** Undefined if there are none. */
  readonly text: string | undefined;
  /** The files that require too much. */
  readonly cut: readonly Doubt[];
  readonly doubts: readonly Doubt[];
  /** The requirements that cannot be read, and where each occurs first. */
  readonly unread: ReadonlyMap<string, UnreadableRequirement>;
}

async function requirementsOf(
  ports: RequirementStore,
  name: ProjectName,
  held: readonly HeldFile[],
): Promise<CollectedRequirements> {
  const cut: Doubt[] = [];
  const doubts: Doubt[] = [];
  const unread = new Map<string, UnreadableRequirement>();
  const budget = new EdgeBudget();
  const perFile: string[][] = [];
  const { policy } = ports.selection;
  const filenames = held.map(({ path }) => filenameOf(path));
  const sources = policy === undefined ? new Set<string>() : requiredSdists(policy, name, filenames);
  // Pages list the newest files last. Wheels that share their metadata count once.
  for (const file of held.toReversed()) {
    const fileRequirements = await readFileRequirements(ports, name, file, sources.has(filenameOf(file.path)), budget);
    if (fileRequirements === undefined) continue;
    if (fileRequirements === 'too much') {
      cut.push({ where: file.path, why: 'metadata of too many bytes, in this file or in all' });
      continue;
    }
    if (fileRequirements.doubt !== undefined)
      doubts.push({ where: fileRequirements.where, why: fileRequirements.doubt });
    const { rows, cutWhy } = budget.take(fileRequirements, unread);
    if (cutWhy !== undefined) cut.push({ where: fileRequirements.where, why: cutWhy });
    perFile.push(rows);
  }
  const rows = new Set(perFile.toReversed().flat());
  return { text: rows.size === 0 ? undefined : `[${[...rows].join(',')}]`, cut, doubts, unread };
}

/**
 * The budget for reading and storing the requirements of a project. Anybody may publish metadata that fills the memory.
 */
class EdgeBudget {
  readonly #seen = new Set<string>();
  readonly #targets = new Set<ProjectName>();
  #metadata = maxMetadataBytes;
  #edges = maxEdges;
  #text = maxTextBytes;
  #isFull = false;

  isRepeated(sha256: string): boolean {
    const before = this.#seen.size;
    return this.#seen.add(sha256).size === before;
  }

  mayRead(bytes: number): boolean {
    this.#metadata -= bytes;
    return this.#metadata >= 0 && !this.#isFull;
  }

  /**
   * Returns the rows of a file as text, as far as they fit, and why the first of the others does not. Adds requirements
   * that cannot be read to `unread`.
   */
  take(
    fileRequirements: FileRequirements,
    unread: Map<string, UnreadableRequirement>,
  ): { readonly rows: string[]; readonly cutWhy: string | undefined } {
    const { version, requires } = fileRequirements;
    const rows: string[] = [];
    let cutWhy =
      requires.length > maxRequirementsPerFile ? `more than ${maxRequirementsPerFile} requirements` : undefined;
    for (const text of requires.slice(0, maxRequirementsPerFile)) {
      const requirement = parseLooseRequirement(text);
      // A requirement with a URL comes from there, not from an index.
      const isOfIndex = requirement !== undefined && requirement.url === undefined;
      if (!isOfIndex || requirement.unread !== undefined) noteUnreadable(unread, fileRequirements, text, requirement);
      if (!isOfIndex) continue;
      const row = rowOf(version, requirement);
      const written = JSON.stringify(row);
      const refusal = this.#add(row, written);
      if (refusal === undefined) rows.push(written);
      cutWhy ??= refusal;
    }
    return { rows, cutWhy };
  }

  /** Takes the row into account, or returns why it does not fit. */
  #add([, target, , specifier]: RequirementRow, written: string): string | undefined {
    if (specifier.length > maxSpecifierLength) return `a specifier of more than ${maxSpecifierLength} characters`;
    this.#isFull ||= this.#edges === 0 || this.#text <= written.length;
    if (this.#isFull) return `more than ${maxEdges} requirements or ${showBytes(maxTextBytes)} of them in all`;
    if (!this.#targets.has(target) && this.#targets.size === maxTargets)
      return `more than ${maxTargets} projects are required`;
    this.#targets.add(target);
    this.#edges -= 1;
    this.#text -= written.length + 1;
    return undefined;
  }
}

function rowOf(version: string, { name, extras, specifier, guard }: LooseRequirement): RequirementRow {
  const row = [version, name, extras, specifier.text] as const;
  return guard === undefined ? row : [...row, guard];
}
