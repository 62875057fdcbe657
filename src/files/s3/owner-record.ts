/**
 * What a machine remembers of the lease, in a file of its target beside `state.db`, which is copied to other machines:
 * its id as an owner, and until when the lease is its own.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode, messageOf } from '../../core/caught-error.ts';
import { MirrorError, StorageError } from '../../core/errors.ts';
import { isJsonObject, parseJson } from '../../formats/json.ts';
import type { Machine } from './machine.ts';
import type { EtagForm } from './s3-bucket.ts';

/** The lease as this machine last wrote it. */
export interface HeldLease {
  readonly generation: number;
  readonly takenMs: number;
  readonly leaseMs: number;
  readonly etag: string;
  readonly token: string;
  /** When the request was sent that wrote it: by the clock of this machine, and since its start. */
  readonly sentMs: number;
  readonly sentUptimeMs: number;
  readonly boot: string | undefined;
  /** The time of the store at that moment, or a little before. */
  readonly storeMs: number;
}

/** What is remembered of the lease in one bucket. */
export interface BucketRecord {
  /** The bucket, and the form of ETags that its store understands. */
  readonly bucket?: { readonly where: string; readonly etagForm: EtagForm } | undefined;
  readonly held?: HeldLease | undefined;
  /** The tokens of later versions that may have been written: the process was killed, or the answer was lost. */
  readonly pending: readonly string[];
  /** The generation of the lease since whose taking the state is known to be the newest one. */
  readonly settled?: number | undefined;
}

export interface OwnerRecord extends BucketRecord {
  readonly id: string;
  readonly host: string;
  /** The machine that this record was made on. */
  readonly machine: string;
  /** The folder of the target that it was made in. */
  readonly folder: string;
  /** The same for other buckets, the latest first: who corrects a wrong prefix still has the lease that he had. */
  readonly elsewhere?: readonly BucketRecord[] | undefined;
}

const maxElsewhere = 8;

/** Returns 32 random hex digits. */
export function randomId(): string {
  return randomBytes(16).toString('hex');
}

/** Returns a record with a new id. */
export function newRecord({ host, id }: Machine, path: string): OwnerRecord {
  return { id: randomId(), host, machine: id, folder: folderOf(path), pending: [] };
}

/** Returns `record` for the bucket `where`: what is known of another one is put aside, and comes back with it. */
export function recordFor(record: OwnerRecord, where: string): OwnerRecord {
  const { bucket, held, pending, settled, elsewhere = [], ...owner } = record;
  if (bucket === undefined || bucket.where === where) return record;
  const isOfThis = (other: BucketRecord): boolean => other.bucket?.where === where;
  const known = elsewhere.find(isOfThis) ?? { pending: [] };
  const others = elsewhere.filter((other) => !isOfThis(other)).slice(0, maxElsewhere - 1);
  return { ...owner, ...known, elsewhere: [{ bucket, held, pending, settled }, ...others] };
}

/**
 * Returns true if the record at `path` was made in this folder of this machine. A copy of a target on another machine
 * is another owner.
 */
export function isMadeHere({ machine, folder }: OwnerRecord, { id }: Machine, path: string): boolean {
  return machine === id && folder === folderOf(path);
}

function folderOf(path: string): string {
  return realpathSync(dirname(path));
}

/** Reads the record; undefined if there is none. Throws StorageError. */
export function readRecord(path: string): OwnerRecord | undefined {
  try {
    const json = parseJson(readFileSync(path, 'utf8'), path);
    if (isJsonObject(json) && typeof json.id === 'string' && typeof json.folder === 'string')
      return json as unknown as OwnerRecord;
    throw new StorageError(
      `${path}: is no record of an owner; remove it: this machine then waits as another owner would`,
    );
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    if (cause instanceof StorageError) throw cause;
    const advice = cause instanceof MirrorError ? '; remove it: this machine then waits as another owner would' : '';
    throw new StorageError(`${path}: cannot be read: ${messageOf(cause)}${advice}`, { cause });
  }
}

/** Writes the record, durably and for its owner alone. Throws StorageError. */
export function writeRecord(path: string, record: OwnerRecord): void {
  const written = `${path}.new`;
  try {
    const file = openSync(written, 'w', 0o600);
    try {
      writeFileSync(file, `${JSON.stringify(record)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(written, path);
  } catch (cause) {
    throw new StorageError(`${path}: cannot be written: ${messageOf(cause)}`, { cause });
  }
}
