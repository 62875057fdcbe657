/**
 * Reads `uv.lock` version 1: `[[package]]` with a source, which is an index (`registry`, an address or a folder) or
 * something else, and the hashes of all files. A package for some environments only has their markers as
 * `resolution-markers`.
 */
import { UsageError } from '../../core/errors.ts';
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

const placesOutside = ['git', 'path', 'directory', 'editable', 'virtual'];

/** Returns the requirements in the lock file. Throws {@link UsageError}. */
export function parseUvLock(lock: TomlLock): ListedRequirements {
  const { version } = tableOf(lock.content, 'a table', `${lock.path}:1`);
  if (version !== 1 && version !== 1n) {
    throw new UsageError(
      `${lock.path}:1: expected version = 1 of uv.lock, found ${shown(version)}; give a requirements file that uv exports`,
    );
  }
  return listPackages(lock.path, lockedPackages(lock, 'package'), readPackage);
}

function readPackage({ table, where }: LockedPackage): ListedRequirement | string {
  const source = tableOf(table.source, 'a source', where);
  const outside = placesOutside.find((place) => Object.hasOwn(source, place));
  if (outside !== undefined) return `its source is ${outside}, not an index`;
  const url = typeof source.url === 'string' ? source.url : undefined;
  if (typeof source.registry !== 'string' && url === undefined) {
    throw new UsageError(`${where}: expected a source such as registry, found ${shown(Object.keys(source)[0])}`);
  }
  // Every package of an index has a version. Null makes a missing one an error.
  const version = table.version ?? null;
  const markers = listOrNone(table['resolution-markers'], 'markers', where);
  const index = typeof source.registry === 'string' ? { address: source.registry } : undefined;
  return lockedRequirement({ name: table.name, version, markers, hashes: hashesOf(table, where), url, index }, where);
}

function hashesOf({ sdist, wheels }: LockedPackage['table'], where: string): unknown[] {
  const files = [...listOrNone(wheels, 'wheels', where), ...(sdist === undefined ? [] : [sdist])];
  return files.map((file) => tableOf(file, 'a file', where).hash);
}
