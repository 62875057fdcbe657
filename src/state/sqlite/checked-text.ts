/** Checks texts in rows that become paths, because a database may have been written by anybody. */
import { StorageError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { isBlobPath, type WebPath } from '../../core/paths.ts';

/** Returns `text` as the name of a project. Throws StorageError if it is not a normalized name. */
export function nameOf(text: string): ProjectName {
  const name = projectName(text);
  if (name === text) return name;
  throw damaged(text, 'the name of a project');
}

/** Returns `text` as the path of a file. Throws StorageError if it is not one. */
export function filePathOf(text: string): WebPath {
  if (isBlobPath(text)) return text;
  throw damaged(text, 'the place of a file');
}

function damaged(text: string, expected: string): StorageError {
  return new StorageError(
    `state.db: expected ${expected}, found ${JSON.stringify(text)}; pep381checkfiles --rebuild makes it anew from the tree`,
  );
}
