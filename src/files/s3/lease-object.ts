/** `lease.json` of a bucket: which machine publishes the mirror in it. */
import { MirrorError, StorageError } from '../../core/errors.ts';
import { isJsonObject, parseJson } from '../../formats/json.ts';
import type { Bucket, ObjectHead } from './bucket.ts';

export const leaseKey = 'lease.json';
export const leaseHeaders = { contentType: 'application/json', cacheControl: 'no-store' };

/** Who publishes. It holds for `leaseMs` from the modification of the object, by the clock of the store. */
export interface LeaseText {
  /** Grows by one when another owner takes the lease. */
  readonly generation: number;
  /** The id of the owner. */
  readonly owner: string;
  readonly host: string;
  /** When this owner took the lease, in milliseconds since 1970 by the clock of the store. */
  readonly takenMs: number;
  readonly leaseMs: number;
  /** Chance that is new each time the object is written, so that no two versions of it have one ETag. */
  readonly token: string;
}

/** The bucket as the lease needs it. */
export interface LeaseBucket extends Pick<Bucket, 'read' | 'put' | 'remove' | 'where'> {
  /** The time of the store, in milliseconds since 1970, as its last answer told it in whole seconds. */
  readonly answeredMs: number | undefined;
}

/** The lease as it was found in the bucket. */
export interface FoundLease extends LeaseText, Pick<ObjectHead, 'etag' | 'modifiedMs'> {}

export function renderLease({ generation, owner, host, takenMs, leaseMs, token }: LeaseText): Buffer {
  const takenAt = new Date(takenMs).toISOString();
  const lease = { version: 1, generation, owner, host, takenAt, leaseSeconds: leaseMs / 1000, token };
  return Buffer.from(`${JSON.stringify(lease, undefined, 1)}\n`);
}

/** Reads the lease; undefined if the bucket has none. Throws StorageError, also for an object that is no lease. */
export async function readLease(bucket: Pick<LeaseBucket, 'read' | 'where'>): Promise<FoundLease | undefined> {
  const found = await bucket.read(leaseKey);
  if (found === undefined) return undefined;
  const lease = parseLease(found.body.toString('utf8'));
  if (lease !== undefined) return { ...lease, etag: found.etag, modifiedMs: found.modifiedMs };
  throw new StorageError(
    `${bucket.where}: ${leaseKey} is no lease of this version; if no other machine publishes into this bucket, remove it`,
  );
}

const idForm = /^[0-9a-f]{32}$/;

function parseLease(text: string): LeaseText | undefined {
  const json = jsonOf(text);
  if (!isJsonObject(json) || json.version !== 1) return undefined;
  const { generation, owner, host, takenAt, leaseSeconds, token } = json;
  const takenMs = typeof takenAt === 'string' ? Date.parse(takenAt) : Number.NaN;
  const isLease =
    [generation, leaseSeconds].every((number) => Number.isSafeInteger(number) && Number(number) > 0) &&
    [owner, token].every((id) => typeof id === 'string' && idForm.test(id)) &&
    typeof host === 'string' &&
    /^[\w.-]{1,253}$/.test(host) &&
    !Number.isNaN(takenMs);
  if (!isLease) return undefined;
  return {
    generation: Number(generation),
    owner: String(owner),
    host,
    takenMs,
    leaseMs: Number(leaseSeconds) * 1000,
    token: String(token),
  };
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text, leaseKey);
  } catch (error) {
    if (error instanceof MirrorError) return undefined;
    throw error;
  }
}
