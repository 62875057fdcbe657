/**
 * The port to what a mirror in an object store has to remember of it besides what it holds: what is still to be done
 * there. So nothing has to be looked for in the store. Every method is one transaction. All methods throw StorageError.
 */
import type { WebPath } from '../core/paths.ts';

/** A multipart upload that was begun. */
export interface JournaledUpload {
  readonly path: WebPath;
  readonly uploadId: string;
}

/** A file that is no longer part of the mirror. It is deleted once no page that links to it is in any cache. */
export interface DueDeletion {
  readonly path: WebPath;
  /** Milliseconds since 1970. */
  readonly dueMs: number;
}

/** The ETag that the store gave a file when it was put: another one means that somebody replaced it. */
export interface RememberedEtag {
  readonly path: WebPath;
  readonly etag: string;
}

export interface ObjectJournal {
  /** Returns the uploads that were neither completed nor aborted. */
  uploads(): JournaledUpload[];
  addUpload(upload: JournaledUpload): void;
  removeUpload(uploadId: string): void;
  /** Records that the files are to be deleted. Those that are recorded already stay as they are. */
  deleteLater(deletions: readonly DueDeletion[]): void;
  /** Forgets that files are to be deleted: they were deleted, or are part of the mirror again. */
  forgetDeletions(paths: readonly WebPath[]): void;
  isToBeDeleted(path: WebPath): boolean;
  /** Returns the deletions that are due at `nowMs`, in the order of their times, at most `limit`. */
  dueDeletions(nowMs: number, limit: number): DueDeletion[];
  /** Returns the days, `2026-11-22`, under which the trash has files. */
  trashDays(): string[];
  addTrashDay(day: string): void;
  removeTrashDay(day: string): void;
  /** Returns the ETag that the file was put with; undefined if nobody knows it, as somebody else put it there. */
  etagOf(path: WebPath): string | undefined;
  rememberEtags(etags: readonly RememberedEtag[]): void;
  forgetEtags(paths: readonly WebPath[]): void;
  /** Returns the files on the disk whose objects are to be put again, as they are missing or wrong. */
  copiesToPut(): WebPath[];
  putCopyLater(path: WebPath): void;
  forgetCopy(path: WebPath): void;
}
