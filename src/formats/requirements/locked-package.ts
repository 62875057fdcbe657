/**
 * Common parts of the lock file readers. A lock file lists packages, each with a name, a version, the hashes of its
 * files, and a marker.
 */
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

/** A lock file in TOML, as text and parsed. */
export interface TomlLock {
  readonly path: string;
  readonly text: string;
  readonly content: unknown;
}

/** A package of a lock file, not yet inspected, with its location. */
export interface LockedPackage {
  readonly table: JsonObject;
  readonly where: string;
}

/** The members of a package in a lock file, in reading order. */
export interface LockedFields {
  readonly name: unknown;
  /** Undefined if any version will do. */
  readonly version: unknown;
  readonly markers: readonly unknown[];
  /** A hash for each file, or undefined if a file has none. */
  readonly hashes: readonly unknown[];
  /** The URL of a package that does not come from an index. */
  readonly url?: string | undefined;
  /** The index that it comes from, if given. */
  readonly index?: Omit<ListedIndex, 'where'> | undefined;
}

/** Returns the tables `[[key]]` of `lock`. Throws {@link UsageError} if they are malformed. */
export function lockedPackages({ path, text, content }: TomlLock, key: string): LockedPackage[] {
  const packages = isJsonObject(content) ? (content[key] ?? []) : [];
  if (!Array.isArray(packages)) throw new UsageError(`${path}:1: expected [[${key}]], found ${shown(packages)}`);
  const lines = headerLines(text, key);
  return packages.map((table: unknown, index) => {
    // If not every package has a header of its own, their lines are unknown.
    const where = `${path}:${lines.length === packages.length ? lines[index] : 1}`;
    if (!isJsonObject(table)) throw new UsageError(`${where}: expected a table, found ${shown(table)}`);
    return { table, where };
  });
}

/** Returns the lines with the header `[[key]]`, which the TOML parser does not give. */
function headerLines(text: string, key: string): number[] {
  const header = new RegExp(`^[ \\t]*\\[\\[[ \\t]*${key}[ \\t]*\\]\\]`);
  return text.split('\n').flatMap((line, index) => (header.test(line) ? [index + 1] : []));
}

/** Lists the packages in the file at `path`. `read` returns a requirement, or the reason why there is none. */
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
  // Lock files list the locked project too, even if it requires nothing any more. So requirements are counted, not
  // packages.
  const empty = requirements.length === 0 ? [path] : [];
  const all = [...outside, ...outsideByUrl(requirements)];
  return { requirements, constraints: [], outside: all, notes, empty, isLock: true };
}

/** Returns the requirement for the exact version in a lock file. Throws {@link UsageError}. */
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

/** Returns a marker that is true if one of the markers is. Undefined, which is always true, if there are none. */
function anyOfMarkers(texts: readonly unknown[], where: string): Marker | undefined {
  const parts = texts.map((text) => lockedMarker(text, where));
  return parts.length > 1 ? { join: 'or', parts } : parts[0];
}

function lockedMarker(text: unknown, where: string): Marker {
  const marker = typeof text === 'string' ? parseMarker(text) : undefined;
  if (marker === undefined) throw new UsageError(`${where}: expected an environment marker, found ${shown(text)}`);
  return marker;
}

/** Returns `value`, which must be a list, or an empty list if it is undefined. Throws {@link UsageError}. */
export function listOrNone(value: unknown, what: string, where: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new UsageError(`${where}: expected a list of ${what}, found ${shown(value)}`);
  return value;
}

/** Returns `value`, which must be a table. Throws {@link UsageError}. */
export function tableOf(value: unknown, what: string, where: string): JsonObject {
  if (!isJsonObject(value)) throw new UsageError(`${where}: expected ${what}, found ${shown(value)}`);
  return value;
}
