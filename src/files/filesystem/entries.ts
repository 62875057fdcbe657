/** What lies in a folder, found piece by piece: `simple/` of a full mirror has 880,000 names. */
import { opendir } from 'node:fs/promises';
import type { Entry, EntryKind } from '../file-store.ts';
import { codeOf } from './storage-errors.ts';

const namesAtATime = 1024;

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
  try {
    for await (const found of await opendir(path, { bufferSize: namesAtATime })) {
      yield { name: found.name, kind: kindOf(found) };
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
