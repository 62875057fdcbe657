/** Reads requirements files as pip does, with the requirements and constraints files that they include. */
import { UsageError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { parseRequirement, type Requirement } from '../../packaging/requirement.ts';
import { projectCandidates } from '../file-name.ts';
import {
  type ListedIndex,
  type ListedRequirement,
  type ListedRequirements,
  type OutsideProject,
  outsideByUrl,
  pinnedSha256s,
  shown,
} from './listed-requirement.ts';
import { logicalLines, parseRequirementsLine, type RequirementsLine } from './requirements-line.ts';
import type { LineOption } from './requirements-options.ts';

/** The results so far, and the files being read. */
interface Reading {
  readonly read: (path: string) => string;
  readonly requirements: ListedRequirement[];
  readonly constraints: ListedRequirement[];
  /** Of lines that are a path, or a URL without a name before it, those that tell their project. */
  readonly outside: OutsideProject[];
  readonly notes: string[];
  readonly empty: string[];
  /** The indexes in options. They apply to all files, and a later option overrides an earlier one. */
  indexes: readonly ListedIndex[] | undefined;
  /** Locations that installers search beside any index, such as a folder of wheels. */
  readonly links: ListedIndex[];
  /** Files already read, by kind and path. */
  readonly seen: Set<string>;
  /** The chain of files that include each other, from the first one on. */
  readonly open: string[];
}

/** If more files than this include each other, they do so without end through symbolic links. */
const maxFiles = 1000;

/**
 * Returns the requirements in the file at `path` and in the files that it includes. An included path is relative to the
 * including file. Throws {@link UsageError}. If `read` throws one for an included file, the location of the inclusion
 * is added.
 */
export function parseRequirementsFile(path: string, read: (path: string) => string): ListedRequirements {
  const found = { requirements: [], constraints: [], outside: [], notes: [], empty: [] };
  const reading: Reading = { read, ...found, indexes: undefined, links: [], seen: new Set(), open: [] };
  readText(read(path), path, false, reading);
  const { constraints, notes, empty } = reading;
  const indexes = indexesOf(reading);
  const asked = reading.requirements.map((listed) => (indexes === undefined ? listed : { ...listed, indexes }));
  // A constraint that is a URL says where its project comes from, whoever requires it.
  const placed = outsideByUrl(constraints.filter(({ requirement }) => requirement.marker === undefined));
  const names = new Set(placed.map(({ name }) => name));
  const requirements = asked.filter(({ requirement }) => !names.has(requirement.name));
  for (const { name, where } of placed) notes.push(`${where}: ${name} is passed over: it does not come from the index`);
  const outside = [...reading.outside, ...placed, ...outsideByUrl(requirements)];
  return { requirements, constraints, outside, notes, empty, isLock: false };
}

function indexesOf({ indexes, links }: Reading): readonly ListedIndex[] | undefined {
  if (links.length === 0 || indexes?.length === 0) return indexes;
  return [...(indexes ?? [{ address: undefined, where: '' }]), ...links];
}

function readText(content: string, path: string, isConstraint: boolean, reading: Reading): void {
  const into = isConstraint ? reading.constraints : reading.requirements;
  reading.open.push(normalPath(path));
  const lines = logicalLines(content, path).map(({ text, line }) => {
    const where = `${path}:${line}`;
    return { where, ...parseRequirementsLine(text, where) };
  });
  if (isEmptied(content, lines)) reading.empty.push(path);
  for (const { where, requirement, options, others } of lines) {
    if (requirement === '') readOptions(options, path, where, reading);
    else {
      for (const listed of readRequirement(requirement, options, where, reading)) into.push(listed);
      if (options.some(({ name }) => loneOptions.has(name))) reading.notes.push(`${where}: ${notBehind}`);
    }
    if (others.length > 0) {
      reading.notes.push(`${where}: ${shown(others[0])} behind an option is passed over; give it a line of its own`);
    }
  }
  reading.open.pop();
}

/**
 * Returns true if a file lists nothing and no comment says that this is intended. Above options a comment may be about
 * the options.
 */
function isEmptied(content: string, lines: readonly RequirementsLine[]): boolean {
  if (lines.length === 0) return !content.includes('#');
  return lines.every(({ requirement, options }) => requirement === '' && !options.some(({ name }) => asks.has(name)));
}

const asks: ReadonlySet<string> = new Set(['requirement', 'editable']);
const loneOptions: ReadonlySet<string> = new Set(['requirement', 'constraint', 'editable']);
const notBehind = 'an option behind a requirement is passed over; give it a line of its own';

function readOptions(options: readonly LineOption[], path: string, where: string, reading: Reading): void {
  const sorted = [...options].sort((a, b) => rankOf(a) - rankOf(b));
  for (const { name, value } of sorted) {
    if (name === 'requirement' || name === 'constraint') include(value, name === 'constraint', path, where, reading);
    if (name === 'editable') {
      reading.notes.push(`${where}: an editable project is passed over: it is not of an index`);
      addOutside(value, where, reading);
    }
    readIndex(name, value, where, reading);
    if (name === 'hash') reading.notes.push(`${where}: a hash without a requirement is passed over`);
  }
}

/**
 * Returns the position of an option in pip's order: `--no-index` and then `--extra-index-url` come after all others.
 */
function rankOf({ name }: LineOption): number {
  return ['no-index', 'extra-index-url'].indexOf(name);
}

/**
 * Applies index options as pip does: an index replaces all before it, extra indexes are added, and `--no-index` removes
 * all.
 */
function readIndex(name: string, address: string, where: string, reading: Reading): void {
  if (name === 'no-index') reading.indexes = [];
  if (name === 'find-links') reading.links.push({ address, where });
  if (reading.indexes?.length === 0) return;
  if (name === 'index-url' || name === 'pypi-url') reading.indexes = [{ address, where }];
  if (name !== 'extra-index-url') return;
  reading.indexes = [...(reading.indexes ?? [{ address: undefined, where }]), { address, where }];
}

function include(value: string, isConstraint: boolean, from: string, where: string, reading: Reading): void {
  if (/^(?:https?|file):/i.test(value)) {
    throw new UsageError(`${where}: expected the path of a file, found a URL; fetch it and give the path`);
  }
  refuseVariables(value, where);
  const path = value.startsWith('/') ? value : from.slice(0, from.lastIndexOf('/') + 1) + value;
  if (reading.open.includes(normalPath(path))) {
    throw new UsageError(`${where}: expected an end, found that ${shown(path)} includes itself; remove the line`);
  }
  const key = `${isConstraint} ${normalPath(path)}`;
  if (reading.seen.has(key)) return;
  reading.seen.add(key);
  if (reading.seen.size > maxFiles) {
    throw new UsageError(`${where}: expected at most ${maxFiles} files that include each other, found more`);
  }
  readText(readIncluded(path, where, reading), path, isConstraint, reading);
}

function readIncluded(path: string, where: string, { read }: Reading): string {
  try {
    return read(path);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new UsageError(`${where}: ${cause.message}`, { cause });
  }
}

/** Returns the path without redundant `.` and `..`, so that a file has only one path, symbolic links aside. */
export function normalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return (path.startsWith('/') ? '/' : '') + parts.join('/');
}

const address = /^(?:[a-z][a-z0-9+.-]*:\/\/|file:)/i;
/**
 * A path begins with a dot, or has a slash or backslash in its first word. Text behind white space was probably meant
 * as another line, and a backslash at the end to continue the line.
 */
const localPath = /^(?:\.|[^@;\s]*(?:\/|\\\S))/;
const archive = /^[^@;\s]*\.(?:whl|zip|tar|tar\.(?:gz|bz2|xz|lz|lzma)|tgz|tbz|txz|tlz)(?:\[[^[\]@;]*\])?[ \t]*(?:;|$)/i;

function readRequirement(
  text: string,
  options: readonly LineOption[],
  where: string,
  reading: Reading,
): ListedRequirement[] {
  if (address.test(text) || localPath.test(text) || archive.test(text)) {
    const kind = address.test(text) ? 'URL' : 'path';
    reading.notes.push(`${where}: a ${kind} is passed over: it is not a project of an index`);
    addOutside(text, where, reading);
    return [];
  }
  const hashes = options.filter(({ name }) => name === 'hash').map(({ value }) => value);
  return [{ requirement: requirementFrom(text, where), sha256s: pinnedSha256s(hashes, where), where }];
}

/** Installers take these projects from there and not from an index, whoever else requires them. */
function addOutside(place: string, where: string, { outside }: Reading): void {
  const name = projectAt(place);
  if (name !== undefined) outside.push({ name, where, why: 'it comes from a URL or a path, not from an index' });
}

/** The project that a URL or a path tells: by `#egg=`, or by the name of an archive. */
function projectAt(place: string): ProjectName | undefined {
  const [, egg] = /[#&]egg=([A-Za-z0-9._-]+)/.exec(place) ?? [];
  if (egg !== undefined) return projectName(egg);
  const [, file = ''] = /([^/\\]+?)(?:\[[^[\]]*\])?[ \t]*$/.exec(place.replace(/[#?;].*$/s, '')) ?? [];
  return archive.test(file) ? projectCandidates(file)[0] : undefined;
}

/** pip ends a requirement at the first semicolon, even a URL, and lets the marker behind it be empty. */
function requirementFrom(text: string, where: string): Requirement {
  const semicolon = text.indexOf(';');
  const [left, marker] = semicolon < 0 ? [text, ''] : [text.slice(0, semicolon), text.slice(semicolon + 1).trim()];
  const requirement = parseRequirement(marker === '' ? left : `${left} ;${marker}`);
  // A variable in a URL does no harm, because requirements with a URL are not used.
  if (requirement?.url === undefined) refuseVariables(text, where);
  if (requirement !== undefined) return requirement;
  throw new UsageError(
    `${where}: expected a requirement such as name>=1.0, found ${shown(text)}; correct or remove the line`,
  );
}

function refuseVariables(text: string, where: string): void {
  const [variable] = /\$\{[A-Z0-9_]+\}/.exec(text) ?? [];
  if (variable === undefined) return;
  throw new UsageError(`${where}: expected no variables, found ${variable}; write down what it stands for`);
}
