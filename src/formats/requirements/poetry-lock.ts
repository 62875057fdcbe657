/**
 * Reads `poetry.lock` with lock version 1 or 2: `[[package]]`, with a source unless it comes from PyPI. Hashes are in
 * the package, or up to 1.1 in `[metadata.files]` for all packages. Markers exist since 2.1; before, every package is
 * for every environment.
 */
import { UsageError } from '../../core/errors.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { type ListedRequirement, type ListedRequirements, shown } from './listed-requirement.ts';
import {
  type LockedPackage,
  listOrNone,
  listPackages,
  lockedPackages,
  lockedRequirement,
  type TomlLock,
  tableOf,
} from './locked-package.ts';

/** The version of the first lock files, which did not state one. */
const firstVersion = '1.0';

/** Returns the requirements in the lock file. Throws {@link UsageError}. */
export function parsePoetryLock(lock: TomlLock): ListedRequirements {
  const where = `${lock.path}:1`;
  const metadata = tableOf(tableOf(lock.content, 'a table', where).metadata, '[metadata]', where);
  const version = metadata['lock-version'] ?? firstVersion;
  if (typeof version !== 'string' || !/^[12]\.\d+$/.test(version)) {
    throw new UsageError(
      `${where}: expected lock-version 1.x or 2.x, found ${shown(version)}; give a requirements file that poetry exports`,
    );
  }
  const filesByName = isJsonObject(metadata.files) ? metadata.files : {};
  return listPackages(lock.path, lockedPackages(lock, 'package'), (one) => readPackage(one, filesByName));
}

function readPackage({ table, where }: LockedPackage, filesByName: JsonObject): ListedRequirement | string {
  const { name } = table;
  const source = table.source === undefined ? { type: 'pypi' } : tableOf(table.source, 'a source', where);
  const url = source.type === 'url' && typeof source.url === 'string' ? source.url : undefined;
  if (source.type !== 'pypi' && source.type !== 'legacy' && url === undefined) {
    return `its source is ${shown(source.type)}, not an index`;
  }
  const files = table.files ?? (typeof name === 'string' && Object.hasOwn(filesByName, name) ? filesByName[name] : []);
  const hashes = listOrNone(files, 'files', where).map((file) => tableOf(file, 'a file', where).hash);
  const index = source.type === 'legacy' ? { address: addressOf(source, where) } : undefined;
  const markers = markersOf(table);
  return lockedRequirement({ name, version: table.version ?? null, markers, hashes, url, index }, where);
}

function addressOf({ url }: JsonObject, where: string): string {
  if (typeof url === 'string') return url;
  throw new UsageError(`${where}: expected the address of an index, found ${shown(url)}`);
}

/**
 * Returns the markers: there may be one, or a table by group. If a group of the package is not in the table, the
 * package is needed everywhere.
 */
function markersOf({ markers, groups }: JsonObject): unknown[] {
  if (!isJsonObject(markers)) return markers === undefined ? [] : [markers];
  const isUnmarked = (group: unknown): boolean => typeof group === 'string' && !Object.hasOwn(markers, group);
  return Array.isArray(groups) && groups.some(isUnmarked) ? [] : Object.values(markers);
}
