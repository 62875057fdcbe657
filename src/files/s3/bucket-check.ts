/** The ObjectCheck port over a bucket. */
import type { Clock } from '../../core/clock.ts';
import { dayMs, dayOf } from '../../core/durations.ts';
import { throwIfPaused } from '../../core/errors.ts';
import { legacyRoot, packagesRoot, pathOfKey, simpleRoot, type WebPath } from '../../core/paths.ts';
import type { FileStore } from '../file-store.ts';
import type { CopyProblem, ObjectCheck, Stray } from '../object-check.ts';
import type { ObjectJournal } from '../object-journal.ts';
import type { ObjectListing } from '../object-listing.ts';
import type { Bucket } from './bucket.ts';
import { type Holding, placeOf } from './split-file-store.ts';

/** Milliseconds after which a listing says too little. A full one costs a request for a thousand objects. */
const maxListingAgeMs = dayMs;
/** Milliseconds after which nobody is at work any more on an upload, or on the files that a mark stands for. */
const maxWorkMs = dayMs;
const readers = 24;
/** No object has it. */
const noEtag = '';
/** The folders of `web/` whose objects belong to projects. */
const checkedWithTree: Readonly<Record<Holding, readonly string[]>> = {
  files: [packagesRoot],
  everything: [packagesRoot, simpleRoot, legacyRoot],
};
const [web, trash, marks] = ['web/', 'trash/', 'prefetch/'];
/** What else a mirror has below its prefix: copies of the state, and what its machines tell each other. */
const ours = /^(?:web\/|trash\/|prefetch\/|state\/|lease\.json|lease-probe-.*)$/;

export interface BucketCheckOptions {
  readonly bucket: Bucket;
  /** Empty if the mirror has the bucket for itself, or shares it without a prefix. */
  readonly prefix: string;
  readonly hold: Holding;
  readonly live: FileStore;
  readonly listing: ObjectListing;
  readonly journal: ObjectJournal;
  readonly clock: Pick<Clock, 'now'>;
}

export class BucketCheck implements ObjectCheck {
  readonly readers = readers;
  readonly live: FileStore;
  readonly #of: BucketCheckOptions;

  constructor(options: BucketCheckOptions) {
    this.live = options.live;
    this.#of = options;
  }

  async list(signal: AbortSignal, tell: (objects: number) => void): Promise<void> {
    const { bucket, listing, clock } = this.#of;
    const now = clock.now();
    const found = listing.progress(bucket.where);
    const isFresh = found !== undefined && now - found.startedMs < maxListingAgeMs;
    if (isFresh && found.isComplete) return;
    if (!isFresh) listing.begin(bucket.where, now);
    const after = isFresh && found.after !== undefined ? web + found.after : undefined;
    for await (const { objects } of bucket.list(web, { after })) {
      throwIfPaused(signal);
      listing.add(objects.map(({ key, ...object }) => ({ ...object, path: key.slice(web.length) })));
      tell(objects.length);
    }
    listing.complete();
  }

  async expectReachable(): Promise<void> {
    for await (const _ of this.#of.bucket.list(web, { delimiter: '/' })) return;
  }

  confirm(path: WebPath, etag: string): void {
    const { journal } = this.#of;
    if (this.live.isRemote(path) && journal.etagOf(path) !== etag) journal.rememberEtags([{ path, etag }]);
  }

  distrust(paths: readonly WebPath[]): void {
    const objects = paths.filter((path) => this.live.isRemote(path));
    this.#of.journal.rememberEtags(objects.map((path) => ({ path, etag: noEtag })));
  }

  putAgain(path: WebPath): void {
    this.#of.journal.putCopyLater(path);
  }

  async *strays(): AsyncIterable<Stray> {
    const { bucket, prefix, journal, clock } = this.#of;
    // Without a prefix, what is beside the mirror belongs to others.
    if (prefix !== '')
      for await (const stray of this.#strangers('', (key) => ours.test(key)))
        if (stray.kind !== 'folder' || !(await this.#isMirror(stray.key))) yield stray;
    yield* this.#straysInWeb();
    const days = new Set(journal.trashDays());
    for await (const stray of this.#strangers(trash, (key) => days.has(key.slice(trash.length, -1))))
      yield dayIn(stray.key) === undefined ? stray : { ...stray, kind: 'trash' };
    const workedOnMs = clock.now() - maxWorkMs;
    for await (const { objects } of bucket.list(marks))
      for (const { key, modifiedMs } of objects) if (modifiedMs < workedOnMs) yield { kind: 'object', key };
    for await (const { key, uploadId, startedMs } of bucket.uploads(web))
      if (startedMs < workedOnMs && !this.#isKnownUpload(uploadId)) yield { kind: 'upload', key, uploadId };
  }

  async isStray({ kind, key, uploadId = '' }: Stray): Promise<boolean> {
    const { bucket, journal } = this.#of;
    if (kind === 'upload') return !this.#isKnownUpload(uploadId);
    if (kind === 'trash') return !journal.trashDays().includes(dayIn(key) ?? '');
    if (kind === 'folder') return true;
    if ((await bucket.head(key)) === undefined) return false;
    return !key.startsWith(web) || !(await this.#isOnDisk(key.slice(web.length)));
  }

  async discard({ kind, key, uploadId = '' }: Stray): Promise<void> {
    const { bucket, journal, clock } = this.#of;
    if (kind === 'upload') return bucket.abortUpload(key, uploadId);
    if (kind === 'trash') return journal.addTrashDay(dayIn(key) ?? '');
    const day = dayOf(clock.now());
    if (!journal.trashDays().includes(day)) journal.addTrashDay(day);
    if (kind === 'object') return this.#moveToTrash(day, [key]);
    for await (const { objects } of bucket.list(key))
      await this.#moveToTrash(
        day,
        objects.map((object) => object.key),
      );
  }

  isCopied(path: WebPath): boolean {
    return placeOf(path, this.#of.hold) === 'both';
  }

  async compareCopy(path: WebPath): Promise<CopyProblem | undefined> {
    const { bucket, listing, journal } = this.#of;
    const here = await this.live.digest(path, 'md5');
    if (here === undefined) return undefined;
    const listed = listing.find(path);
    if (listed !== undefined && listed.bytes === here.bytes && listed.etag === here.md5) return undefined;
    const head = await bucket.head(web + path);
    if (head === undefined) return 'missing';
    // That of an object that was put in parts is no hash of its bytes.
    const isAsPut = head.etag === (journal.etagOf(path) ?? head.etag);
    const isSame = isAsPut && head.bytes === here.bytes && head.headers.metadata?.sha256 === here.sha256;
    return isSame || head.etag === here.md5 ? undefined : 'other';
  }

  addressOf(path: WebPath): string | undefined {
    return this.live.isRemote(path) ? this.addressOfKey(web + path) : undefined;
  }

  addressOfKey(key: string): string {
    return this.#of.bucket.addressOf(key);
  }

  end(): void {
    this.#of.listing.remove();
  }

  close(): void {
    this.#of.listing.close();
  }

  /** Returns true if another mirror has a prefix in the folder. */
  async #isMirror(folder: string): Promise<boolean> {
    for await (const { folders } of this.#of.bucket.list(folder, { delimiter: '/' }))
      if (folders.includes(folder + web)) return true;
    return false;
  }

  /** Yields the objects and folders in the folder `root` that are not known. */
  async *#strangers(root: string, isKnown: (key: string) => boolean): AsyncIterable<Stray> {
    for await (const { objects, folders } of this.#of.bucket.list(root, { delimiter: '/' })) {
      for (const { key } of objects) if (!isKnown(key)) yield { kind: 'object', key };
      for (const key of folders) if (!isKnown(key)) yield { kind: 'folder', key };
    }
  }

  /**
   * Yields what is below `web/` and neither of a project, for which the tree is checked, nor a copy of what is here.
   */
  async *#straysInWeb(folder = ''): AsyncIterable<Stray> {
    const { listing, hold } = this.#of;
    for (const { name, kind } of listing.entries(folder)) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (folder === '' && checkedWithTree[hold].includes(name)) continue;
      if (kind === 'folder' && hold === 'files') yield { kind: 'folder', key: `${web}${path}/` };
      else if (kind === 'folder') yield* this.#straysInWeb(path);
      else if (!(await this.#isOnDisk(path))) yield { kind: 'object', key: web + path };
    }
  }

  /** Returns true if the file at `path` is one of those that are in both places, and is here. */
  async #isOnDisk(path: string): Promise<boolean> {
    const here = pathOfKey(path);
    if (here === undefined || !this.isCopied(here)) return false;
    return (await this.live.stat(here))?.kind === 'file';
  }

  #isKnownUpload(uploadId: string): boolean {
    return this.#of.journal.uploads().some((upload) => upload.uploadId === uploadId);
  }

  async #moveToTrash(day: string, keys: readonly string[]): Promise<void> {
    const { bucket } = this.#of;
    await Promise.all(keys.map((key) => bucket.copy(key, `${trash}${day}/${placeInTrash(key)}`)));
    await bucket.remove(keys);
  }
}

function placeInTrash(key: string): string {
  return key.startsWith(web) ? key.slice(web.length) : `unreferenced/${key}`;
}

/** Returns the day of a folder of the trash, `2026-11-22`; undefined if it is none. */
function dayIn(key: string): string | undefined {
  return /^trash\/(\d{4}-\d\d-\d\d)\/$/.exec(key)?.[1];
}
