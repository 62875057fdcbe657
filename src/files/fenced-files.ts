/** Keeps a machine that no longer publishes a mirror from changing its files. */
import { delegate } from './delegate.ts';
import type { FileStore } from './file-store.ts';

/** Returns the store `files`, which calls `mayWrite` before it changes anything. What that throws is thrown. */
export function fenced(files: FileStore, mayWrite: () => void): FileStore {
  return delegate(files, {
    async publish(writes) {
      mayWrite();
      await files.publish(writes);
    },
    async discard(paths) {
      mayWrite();
      await files.discard(paths);
    },
    async discardFolders(folders) {
      mayWrite();
      await files.discardFolders(folders);
    },
    async restore(paths) {
      mayWrite();
      return await files.restore(paths);
    },
    async emptyTrash(before) {
      mayWrite();
      await files.emptyTrash(before);
    },
  });
}
