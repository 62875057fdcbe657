/** What lock files have in common: packages, each with a name, a version, the hashes of its files, and a marker. */
import { UsageError } from '../../core/errors.ts';
import { projectName } from '../../core/names.ts';
import { type Marker, parseMarker } from '../../packaging/marker.ts';
import { parseSpecifier, type Specifier } from '../../packaging/specifier.ts';
import { parseVersion } from '../../packaging/version.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import {
  type ListedIndex,
  type ListedRequirement,
  type ListedRequirements,
  type OutsideProject,
  outsideByUrl,
  pinnedSha256s,
  shown,
} from './listed-requirement.ts';

/** A lock file in TOML: as text, and as the value that the text spells. */
export interface TomlLock {
  readonly path: string;
  readonly text: string;
  readonly content: unknown;
}

/** One package of a lock file, of which nothing has been looked at, and where it stands. */
export interface LockedPackage {
  readonly table: JsonObject;
  readonly where: string;
}

/** What a lock file says about a package, in the order of reading. */
export interface LockedFields {
  readonly name: unknown;
  /** Undefined when any version will do. */
  readonly version: unknown;
  readonly markers: readonly unknown[];
  /** A hash for each file, undefined where there is none. */
  readonly hashes: readonly unknown[];
  /** For a package that does not come from an index. */
  readonly url?: string | undefined;
  /** The index that it comes from, where that is said. */
  readonly index?: Omit<ListedIndex, 'where'> | undefined;
}

/** The tables that stand below `[[key]]` in `lock`. Throws {@link UsageError}. */
export function lockedPackages({ path, text, content }: TomlLock, key: string): LockedPackage[] {
  const packages = isJsonObject(content) ? (content[key] ?? []) : [];
  if (!Array.isArray(packages)) throw new UsageError(`${path}:1: expected [[${key}]], found ${shown(packages)}`);
  const lines = headerLines(text, key);
  return packages.map((table: unknown, index) => {
    // Without a header for each package nobody knows where they stand.
    const where = `${path}:${lines.length === packages.length ? lines[index] : 1}`;
    if (!isJsonObject(table)) throw new UsageError(`${where}: expected a table, found ${shown(table)}`);
    return { table, where };
  });
}

/** The lines on which `[[key]]` stands: the TOML parser does not tell. */
function headerLines(text: string, key: string): number[] {
  const header = new RegExp(`^[ \\t]*\\[\\[[ \\t]*${key}[ \\t]*\\]\\]`);
  return text.split('\n').flatMap((line, index) => (header.test(line) ? [index + 1] : []));
}

/** What `read` makes of each of the packages in the file at `path`: a requirement, or the reason why there is none. */
export function listPackages(
  path: string,
  packages: readonly LockedPackage[],
  read: (one: LockedPackage) => ListedRequirement | string,
): ListedRequirements {
  const requirements: ListedRequirement[] = [];
  const outside: OutsideProject[] = [];
  const notes: string[] = [];
  for (const one of packages) {
    const outcome = read(one);
    if (typeof outcome !== 'string') requirements.push(outcome);
    else {
      const { table, where } = one;
      const name = typeof table.name === 'string' ? projectName(table.name) : undefined;
      if (name !== undefined) outside.push({ name, where, why: outcome });
      notes.push(`${where}: ${shown(table.name)} is passed over: ${outcome}`);
    }
  }
  // The project that is locked stands there itself, also where it requires nothing any more.
  const empty = requirements.length === 0 ? [path] : [];
  const all = [...outside, ...outsideByUrl(requirements)];
  return { requirements, constraints: [], outside: all, notes, empty, isLock: true };
}

/** The requirement for the very version that a lock file names. Throws {@link UsageError}. */
export function lockedRequirement(fields: LockedFields, where: string): ListedRequirement {
  const name = typeof fields.name === 'string' ? projectName(fields.name) : undefined;
  if (name === undefined) throw new UsageError(`${where}: expected the name of a project, found ${shown(fields.name)}`);
  const specifier = exactly(fields.version, where);
  const marker = anyOfMarkers(fields.markers, where);
  const sha256s = pinnedSha256s(fields.hashes, where);
  const requirement = { name, extras: [], specifier, url: fields.url, marker };
  return { requirement, sha256s, where, indexes: fields.index && [{ ...fields.index, where }] };
}

function exactly(version: unknown, where: string): Specifier {
  const isVersion = version === undefined || (typeof version === 'string' && parseVersion(version) !== undefined);
  const specifier = isVersion ? parseSpecifier(version === undefined ? '' : `==${version}`) : undefined;
  if (specifier === undefined) throw new UsageError(`${where}: expected a version, found ${shown(version)}`);
  return specifier;
}

/** Holds where one of them does; undefined, which holds everywhere, when there are none. */
function anyOfMarkers(texts: readonly unknown[], where: string): Marker | undefined {
  const parts = texts.map((text) => lockedMarker(text, where));
  return parts.length > 1 ? { join: 'or', parts } : parts[0];
}

function lockedMarker(text: unknown, where: string): Marker {
  const marker = typeof text === 'string' ? parseMarker(text) : undefined;
  if (marker === undefined) throw new UsageError(`${where}: expected an environment marker, found ${shown(text)}`);
  return marker;
}

/** `value` as a list, which it is already, or nothing. Throws {@link UsageError}. */
export function listOrNone(value: unknown, what: string, where: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new UsageError(`${where}: expected a list of ${what}, found ${shown(value)}`);
  return value;
}

/** `value` as a table. Throws {@link UsageError}. */
export function tableOf(value: unknown, what: string, where: string): JsonObject {
  if (!isJsonObject(value)) throw new UsageError(`${where}: expected ${what}, found ${shown(value)}`);
  return value;
}
