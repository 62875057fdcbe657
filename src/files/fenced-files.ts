/** Keeps a machine that no longer publishes a mirror from changing its files. */
import type { FileStore } from './file-store.ts';

/** Returns the store `files`, which calls `mayWrite` before it changes anything. What that throws is thrown. */
export function fenced(files: FileStore, mayWrite: () => void): FileStore {
  return {
    isRemote: (path) => files.isRemote(path),
    room: () => files.room(),
    size: (path) => files.size(path),
    stat: (path) => files.stat(path),
    read: (path) => files.read(path),
    slice: (path, start, end) => files.slice(path, start, end),
    digest: (path, also, eachPiece) => files.digest(path, also, eachPiece),
    entries: (folder) => files.entries(folder),
    findVerified: (path, isPending) => files.findVerified(path, isPending),
    stage: (key, path, expected) => files.stage(key, path, expected),
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
    readTrash: (path) => files.readTrash(path),
    async restore(paths) {
      mayWrite();
      return await files.restore(paths);
    },
    async emptyTrash(before) {
      mayWrite();
      await files.emptyTrash(before);
    },
    tidy: (all) => files.tidy(all),
    leftovers: (all) => files.leftovers(all),
  };
}
