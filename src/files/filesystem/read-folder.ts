/**
 * What lies in a folder, found piece by piece: `simple/` of a full mirror has 880,000 names. Most folders have one or
 * two, and there are millions of them: each step that another thread takes costs more than the reading.
 */
import { type Dir, opendirSync } from 'node:fs';
import { hasCode } from '../../core/caught-error.ts';
import type { Entry, EntryKind } from '../file-store.ts';

const namesAtATime = 128;

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
}

/** The kind of what `found`, a stat or a directory entry, describes. */
export function kindOf(found: Kinds): EntryKind {
  if (found.isFile()) return 'file';
  return found.isDirectory() ? 'folder' : 'other';
}

/** The names in the folder at `path`, in no order; none when there is no such folder. Throws the file system's errors. */
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
