/**
 * What another thread may do for a check, at the same time: look whether files are right, and walk through folders. It
 * only says what is right. All else the check looks at itself, and so it decides and reports as it does without help.
 */
import type { ProjectName } from '../core/names.ts';
import type { ExpectedFile } from './expected-file.ts';

/** Files of a project, to be read with their sidecars. */
export interface FilesToRead {
  readonly project: ProjectName;
  readonly files: readonly ExpectedFile[];
}

export interface CheckHelper {
  /** Reads files, one after the other, and tells `tell` how many bytes it has read. Resolves with true if all are right. */
  readFiles(files: FilesToRead, tell: (bytes: number) => void): Promise<boolean>;
  /**
   * Resolves with true if all that lies in this folder of `packages/` belongs to something. Folders are walked through
   * one after the other, while there are no files to be read.
   */
  isAccountedFor(folder: string): Promise<boolean>;
}
