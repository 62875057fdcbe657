/**
 * Reads the entries of a folder. Reading is synchronous, because most folders have one or two entries, there are
 * millions of them, and a switch to another thread costs more than the reading.
 */
import { type Dir, type Dirent, opendirSync, readdirSync } from 'node:fs';
import { hasCode } from '../../core/caught-error.ts';
import type { Entry, EntryKind } from '../file-store.ts';

const namesAtATime = 128;

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
}

/** Returns the kind of the entry that `found`, a stat or a directory entry, describes. */
export function kindOf(found: Kinds): EntryKind {
  if (found.isFile()) return 'file';
  return found.isDirectory() ? 'folder' : 'other';
}

/**
 * Yields the entries of the folder at `path` in no order, or nothing if there is none. They are read in portions if
 * there may be many, as in `simple/`, which has 880,000 in a full mirror. Throws the file system's errors.
 */
export function* entriesOf(path: string, areMany: boolean): Iterable<Entry> {
  if (!areMany) {
    for (const found of undefinedIfMissing(() => readdirSync(path, { withFileTypes: true })) ?? [])
      yield { name: found.name, kind: kindOf(found) };
    return;
  }
  const folder = undefinedIfMissing(() => opendirSync(path, { bufferSize: namesAtATime }));
  if (folder === undefined) return;
  try {
    for (let found = folder.readSync(); found !== null; found = folder.readSync()) {
      yield { name: found.name, kind: kindOf(found) };
    }
  } finally {
    folder.closeSync();
  }
}

function undefinedIfMissing<T extends Dir | Dirent[]>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
