/**
 * Reads `pylock.toml` (PEP 751) with lock version 1: `[[packages]]` with the files of an index (`wheels`, `sdist`),
 * with one file from elsewhere (`archive`), or without files (`vcs`, `directory`). Markers test extras and groups.
 */
import { UsageError } from '../../core/errors.ts';
import { type ListedIndex, type ListedRequirement, type ListedRequirements, shown } from './listed-requirement.ts';
import {
  type LockedPackage,
  listOrNone,
  listPackages,
  lockedPackages,
  lockedRequirement,
  type TomlLock,
  tableOf,
} from './locked-package.ts';

/** Returns the requirements in the lock file. Throws {@link UsageError}. */
export function parsePylock(lock: TomlLock): ListedRequirements {
  const version = tableOf(lock.content, 'a table', `${lock.path}:1`)['lock-version'];
  // A higher minor version adds keys. Another major version may mean anything.
  if (typeof version !== 'string' || !/^1\.\d+$/.test(version)) {
    throw new UsageError(
      `${lock.path}:1: expected lock-version 1.x, found ${shown(version)}; give a requirements file instead`,
    );
  }
  return listPackages(lock.path, lockedPackages(lock, 'packages'), readPackage);
}

function readPackage({ table, where }: LockedPackage): ListedRequirement | string {
  const { name, version, marker, archive } = table;
  const outside = ['vcs', 'directory'].find((place) => Object.hasOwn(table, place));
  if (outside !== undefined) return `it comes from ${outside}, not from an index`;
  const markers = marker === undefined ? [] : [marker];
  const hashes = filesOf(table, where).map((file) => sha256Of(file, where));
  if (archive === undefined) {
    // Files with hashes may be files of an index even if they are given as paths.
    if (hashes.includes(undefined) && table.index === undefined && isOfPaths(table, where)) {
      return 'its files are paths, not files of an index';
    }
    return lockedRequirement({ name, version, markers, hashes, index: indexOf(table, where) }, where);
  }
  const { url } = tableOf(archive, 'an archive', where);
  if (typeof url !== 'string') return 'its archive is a path, not a file of an index';
  return lockedRequirement({ name, version, markers, hashes, url }, where);
}

/** Returns the index. Not every program writes it, so otherwise the URLs of the files are used. */
function indexOf(table: LockedPackage['table'], where: string): Omit<ListedIndex, 'where'> | undefined {
  if (table.index !== undefined) {
    if (typeof table.index === 'string') return { address: table.index };
    throw new UsageError(`${where}: expected the address of an index, found ${shown(table.index)}`);
  }
  const urls = filesOf(table, where).map((file) => tableOf(file, 'a file', where).url);
  const address = urls.find((url) => typeof url === 'string');
  return address === undefined ? undefined : { address, isOfFiles: true };
}

function isOfPaths(table: LockedPackage['table'], where: string): boolean {
  const files = filesOf(table, where).map((file) => tableOf(file, 'a file', where));
  return files.length > 0 && files.every(({ url, path }) => url === undefined && path !== undefined);
}

function filesOf({ wheels, sdist, archive }: LockedPackage['table'], where: string): unknown[] {
  return [...listOrNone(wheels, 'wheels', where), sdist, archive].filter((file) => file !== undefined);
}

/** Returns the sha256 in the notation of other lock files. */
function sha256Of(file: unknown, where: string): unknown {
  const { hashes } = tableOf(file, 'a file', where);
  const { sha256 } = tableOf(hashes, 'the hashes of a file', where);
  // A table is returned as it is, to be refused: with a member `toString` it could not be converted to text.
  return sha256 === undefined || typeof sha256 === 'object' ? sha256 : `sha256:${sha256}`;
}
