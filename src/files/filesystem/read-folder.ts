/**
 * Reads the entries of a folder in portions: `simple/` of a full mirror has 880,000. Reading is synchronous, because
 * most folders have one or two entries, there are millions of them, and a switch to another thread costs more than
 * the reading.
 */
import { type Dir, opendirSync } from 'node:fs';
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
 * Yields the entries of the folder at `path` in no order, or nothing if there is none. Throws the file system's errors.
 */
export async function* entriesOf(path: string): AsyncIterable<Entry> {
  const folder = open(path);
  if (folder === undefined) return;
  try {
    for (let found = folder.readSync(); found !== null; found = folder.readSync()) {
      yield { name: found.name, kind: kindOf(found) };
    }
  } finally {
    folder.closeSync();
  }
}

function open(path: string): Dir | undefined {
  try {
    return opendirSync(path, { bufferSize: namesAtATime });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
