/**
 * What another thread may do for a check, at the same time: look whether files are right, and walk through folders. It
 * only says what is right. All else the check looks at itself, and so it decides and reports as it does without help.
 */
import type { ProjectName } from '../core/names.ts';
import type { WebPath } from '../core/paths.ts';
import type { ExpectedFile } from './expected-file.ts';

/** Files of a project, to be read with their sidecars. */
export interface FilesToRead {
  readonly project: ProjectName;
  readonly files: readonly ExpectedFile[];
}

export interface CheckHelper {
  /**
   * Reads files, one after the other, and tells `tell` how many bytes it reads. Resolves with those that are not right.
   */
  readFiles(files: FilesToRead, tell: (bytes: number) => void): Promise<readonly WebPath[]>;
  /**
   * Resolves with true if all that lies in this folder of `packages/` belongs to something. Folders are walked through
   * one after the other, while there are no files to be read.
   */
  isAccountedFor(folder: string): Promise<boolean>;
}
