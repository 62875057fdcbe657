/**
 * Reads the names of the files of a project: wheels (PEP 427, 491, 825), sdists (PEP 625 and older forms), and the
 * other kinds that PyPI once accepted: eggs, installers, system packages and built archives.
 */
import { type ProjectName, projectName } from '../core/names.ts';
import { isBuiltArchive, parseBuilt } from './distribution-name-built.ts';
import { type DistributionKind, splitEnding } from './distribution-name-kinds.ts';
import { parseWheelTags, type WheelTags } from './wheel-tags.ts';

/** The parts of a file's name. */
export interface DistributionName {
  readonly kind: DistributionKind;
  /** The project as the name spells it, not normalized. */
  readonly project: string;
  /** The version as the name spells it, with `-` where wheels and eggs write `_`. It may be invalid by PEP 440. */
  readonly version: string | undefined;
  /** The build tag of a wheel. */
  readonly build: string | undefined;
  /** The variant label of a wheel (PEP 825). */
  readonly variant: string | undefined;
  /** The interpreters and platforms that the file is for. Undefined for sources, and if the name does not tell. */
  readonly tags: WheelTags | undefined;
}

/** Maximum length of a name in characters. No file system takes a longer one. */
const maxFilenameLength = 255;
const separators = /^[-_. ]+/;

/**
 * Reads the name of a file. Returns undefined if it cannot be the name of a file; never throws.
 * `project` is the project whose page lists the file. It makes ambiguous names such as `a-1-2.0.tar.gz` exact.
 */
export function parseDistributionName(filename: string, project?: ProjectName): DistributionName | undefined {
  if (filename === '' || filename.length > maxFilenameLength || filename.includes('/')) return undefined;
  const { stem, kind } = splitEnding(filename);
  const isEscaped = kind === 'wheel' || kind === 'egg' || kind === 'variants';
  const [name, rest] = isEscaped ? splitEscaped(stem, project) : splitPlain(stem, kind, project);
  const read = kind === 'wheel' ? readWheel(rest) : { ...readOther(kind, rest), build: undefined, variant: undefined };
  const version = isEscaped ? read.version.replaceAll('_', '-') : read.version;
  return { ...read, project: name, version: version === '' ? undefined : version };
}

/** The part of a name after the project. The version is empty if there is none. */
type Rest = Omit<DistributionName, 'project' | 'version'> & { readonly version: string };

function readWheel(rest: string): Rest {
  const [version = '', ...parts] = rest.split('-');
  // No Python tag begins with a digit, except in `3.0-none-any`, which PyPI also has: there the number of parts
  // decides.
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

/**
 * Splits the name of a wheel or an egg. Only names that are older than the check contain `-` in the project or the
 * version.
 */
function splitEscaped(stem: string, project: ProjectName | undefined): readonly [name: string, rest: string] {
  const dash = stem.indexOf('-');
  if (dash < 0) return [stem, ''];
  const isStandard = project === undefined || projectName(stem.slice(0, dash)) === project;
  const end = isStandard ? dash : Math.max(dash, endOfProject(stem, project) ?? dash);
  return [stem.slice(0, end), stem.slice(end).replace(separators, '')];
}

/**
 * Splits a name after the known project. Otherwise the version begins at the first number after `-`, or else after the
 * last `-`.
 */
function splitPlain(
  stem: string,
  kind: DistributionKind,
  project?: ProjectName,
): readonly [name: string, rest: string] {
  const projectEnd = project === undefined ? undefined : endOfProject(stem, project);
  if (projectEnd !== undefined) return [stem.slice(0, projectEnd), stem.slice(projectEnd).replace(separators, '')];
  const number = kind === 'deb' ? stem.indexOf('_') : stem.search(/-v?\d/i);
  const end = number >= 0 ? number : stem.lastIndexOf('-');
  return end < 0 ? [stem, ''] : [stem.slice(0, end), stem.slice(end + 1)];
}

/** Returns the index in `stem` where a spelling of `project` ends, or undefined if `stem` does not begin with one. */
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
