/** Texts in rows. A database may be anybody's: what names a path is looked at. */
import { StorageError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { isBlobPath, type WebPath } from '../../core/paths.ts';

/** The name of a project that `text` is. Throws StorageError. */
export function nameOf(text: string): ProjectName {
  const name = projectName(text);
  if (name === text) return name;
  throw damaged(text, 'the name of a project');
}

/** The path of a file that `text` is. Throws StorageError. */
export function filePathOf(text: string): WebPath {
  if (isBlobPath(text)) return text;
  throw damaged(text, 'the place of a file');
}

function damaged(text: string, expected: string): StorageError {
  return new StorageError(
    `state.db: expected ${expected}, found ${JSON.stringify(text)}; pep381checkfiles --rebuild makes it anew from the tree`,
  );
}
