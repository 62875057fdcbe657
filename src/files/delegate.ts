import type { FileStore } from './file-store.ts';

/** Returns the store `files` with the methods `instead` in place of its own. */
export function delegate(files: FileStore, instead: Partial<FileStore>): FileStore {
  return {
    isRemote: (path) => files.isRemote(path),
    room: () => files.room(),
    size: (path) => files.size(path),
    stat: (path) => files.stat(path),
    read: (path) => files.read(path),
    slice: (path, start, end) => files.slice(path, start, end),
    digest: (path, also, eachPiece) => files.digest(path, also, eachPiece),
    findVerified: (path, isPending) => files.findVerified(path, isPending),
    entries: (folder) => files.entries(folder),
    stage: (key, path, expected) => files.stage(key, path, expected),
    publish: (writes) => files.publish(writes),
    discard: (paths) => files.discard(paths),
    discardFolders: (folders) => files.discardFolders(folders),
    readTrash: (path) => files.readTrash(path),
    restore: (paths) => files.restore(paths),
    emptyTrash: (before) => files.emptyTrash(before),
    tidy: (all) => files.tidy(all),
    leftovers: (all) => files.leftovers(all),
    ...instead,
  };
}
