/**
 * The names of the files of a project: wheels (PEP 427, 491, 825), sdists (PEP 625 and all that came before it), and
 * what PyPI once took besides: eggs, installers, system packages and built archives.
 */
import { type ProjectName, projectName } from '../core/names.ts';
import { isBuiltArchive, parseBuilt } from './distribution-name-built.ts';
import { type DistributionKind, splitEnding } from './distribution-name-kinds.ts';
import { parseWheelTags, type WheelTags } from './wheel-tags.ts';

/** What the name of a file tells. */
export interface DistributionName {
  readonly kind: DistributionKind;
  /** As the name spells it: not normalized. */
  readonly project: string;
  /** As the name spells it, with `-` where wheels and eggs write `_`. Need not be a version by PEP 440. */
  readonly version: string | undefined;
  /** The build tag of a wheel. */
  readonly build: string | undefined;
  /** The variant label of a wheel (PEP 825). */
  readonly variant: string | undefined;
  /** Where the file can be used. Undefined for sources, and when the name does not tell. */
  readonly tags: WheelTags | undefined;
}

/** No file system takes a longer name. */
const longest = 255;
const separators = /^[-_. ]+/;

/**
 * Reads the name of a file; never throws. With `project`, whose page lists the file, names are exact that are
 * ambiguous by themselves: `a-1-2.0.tar.gz`. Undefined for what can be no name of a file.
 */
export function parseDistributionName(filename: string, project?: ProjectName): DistributionName | undefined {
  if (filename === '' || filename.length > longest || filename.includes('/')) return undefined;
  const { stem, kind } = splitEnding(filename);
  const isEscaped = kind === 'wheel' || kind === 'egg' || kind === 'variants';
  const [name, rest] = isEscaped ? splitEscaped(stem, project) : splitPlain(stem, kind, project);
  const read = kind === 'wheel' ? readWheel(rest) : { ...readOther(kind, rest), build: undefined, variant: undefined };
  const version = isEscaped ? read.version.replaceAll('_', '-') : read.version;
  return { ...read, project: name, version: version === '' ? undefined : version };
}

/** What is read after the project; the version is empty when there is none. */
type Rest = Omit<DistributionName, 'project' | 'version'> & { readonly version: string };

function readWheel(rest: string): Rest {
  const [version = '', ...parts] = rest.split('-');
  // No Python tag begins with a digit; the 3.0-none-any that PyPI also has can be told by its number of parts.
  const build = parts.length > 3 && /^\d/.test(parts[0] ?? '') ? parts.shift() : undefined;
  const [python, abi, platform, variant, ...more] = parts;
  const isWhole = python !== undefined && abi !== undefined && platform !== undefined && more.length === 0;
  const tags = isWhole ? parseWheelTags(python, abi, platform) : undefined;
  return { kind: 'wheel', version, build, variant: isWhole ? variant : undefined, tags };
}

function readOther(kind: DistributionKind, rest: string): Pick<Rest, 'kind' | 'version' | 'tags'> {
  if (kind === 'other') return { kind, version: '', tags: undefined };
  if (kind === 'variants' || (kind === 'sdist' && !isBuiltArchive(rest))) {
    return { kind, version: rest, tags: undefined };
  }
  return { kind: kind === 'sdist' ? 'dumb' : kind, ...parseBuilt(kind, rest) };
}

/** In the names of wheels and eggs no project or version contains `-`, but for some from before that was checked. */
function splitEscaped(stem: string, project: ProjectName | undefined): readonly [name: string, rest: string] {
  const dash = stem.indexOf('-');
  if (dash < 0) return [stem, ''];
  const isStandard = project === undefined || projectName(stem.slice(0, dash)) === project;
  const end = isStandard ? dash : Math.max(dash, endOfProject(stem, project) ?? dash);
  return [stem.slice(0, end), stem.slice(end).replace(separators, '')];
}

/** Without help from the project, the version begins at the first number after `-`, else after the last `-`. */
function splitPlain(
  stem: string,
  kind: DistributionKind,
  project?: ProjectName,
): readonly [name: string, rest: string] {
  const told = project === undefined ? undefined : endOfProject(stem, project);
  if (told !== undefined) return [stem.slice(0, told), stem.slice(told).replace(separators, '')];
  const number = kind === 'deb' ? stem.indexOf('_') : stem.search(/-v?\d/i);
  const end = number >= 0 ? number : stem.lastIndexOf('-');
  return end < 0 ? [stem, ''] : [stem.slice(0, end), stem.slice(end + 1)];
}

/** Where in `stem` some spelling of `project` ends; undefined when it does not begin with one. */
function endOfProject(stem: string, project: ProjectName): number | undefined {
  const text = stem.toLowerCase();
  let at = 0;
  for (const letter of project) {
    const start = at;
    if (letter === '-') while (isSeparator(text, at)) at += 1;
    else if (text[at] === letter) at += 1;
    if (at === start) return undefined;
  }
  return at === text.length || isSeparator(text, at) ? at : undefined;
}

function isSeparator(text: string, at: number): boolean {
  const letter = text[at];
  return letter === '-' || letter === '_' || letter === '.' || letter === ' ';
}
