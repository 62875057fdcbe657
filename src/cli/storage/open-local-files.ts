/** Fetches the files of a mirror that are in the bucket as well as on the disk of the machine that publishes it. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { mirrorPath, type WebPath } from '../../core/paths.ts';
import { FilesystemFileStore } from '../../files/filesystem/filesystem-file-store.ts';
import type { Bucket, ListedObject } from '../../files/s3/bucket.ts';
import type { Target } from '../target/target.ts';

const served = 'web/';
/** What has a folder for each project, and so more files than anybody wants to list. */
const ofProjects = ['packages/', 'simple/', 'pypi/'].map((folder) => served + folder);
const rootIndex = `${served}simple/index.`;

/** Fetches what differs from the files on the disk. Throws StorageError. */
export async function fetchLocalFiles(bucket: Bucket, { root }: Target, clock: Clock): Promise<void> {
  const files = new FilesystemFileStore(root, clock);
  files.create();
  for await (const object of ownObjects(bucket)) {
    const path = mirrorPath(object.key.slice(served.length));
    if (path === undefined || (await isSame(files, path, object))) continue;
    const found = await bucket.read(object.key);
    if (found === undefined) continue;
    const mtime = Number(found.headers.metadata?.mtime);
    await files.publish([{ path, body: found.body, mtimeMs: Number.isInteger(mtime) ? mtime : found.modifiedMs }]);
  }
}

async function* ownObjects(bucket: Bucket): AsyncIterable<ListedObject> {
  let folders = [rootIndex];
  for await (const page of bucket.list(served, { delimiter: '/' })) {
    yield* page.objects;
    folders = [...folders, ...page.folders.filter((folder) => !ofProjects.includes(folder))];
  }
  for (const folder of folders) for await (const { objects } of bucket.list(folder)) yield* objects;
}

/** Returns true if the disk has these bytes. The ETag of what was put at once is the MD5. */
async function isSame(files: FilesystemFileStore, path: WebPath, { bytes, etag }: ListedObject): Promise<boolean> {
  if ((await files.size(path)) !== bytes) return false;
  const body = await files.read(path);
  return body !== undefined && createHash('md5').update(body).digest('hex') === etag;
}
