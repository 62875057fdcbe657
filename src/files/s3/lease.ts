/**
 * The lease says which machine publishes the mirror in a bucket. The others stand by. It is the object `lease.json`,
 * which is only written on condition: made if there is none, replaced if it still is the version that was read.
 *
 * Why no write of an old owner arrives after the first write of the new one:
 *
 * 1. The lease holds for a time T from when the store wrote `lease.json`, and T is in it. The owner knows of a moment of
 *    the store's clock that is not later than that, R: the date of the store's answer less the time that it took.
 * 2. Before the owner signs a request that changes something, and again before it sends it, it compares its clock with R
 *    + T (`mayWrite`). So the date in each of its signatures is at most R + T, whatever its clock shows, and however long
 *    the process or the machine stands still between the signature and the sending. The time since the last renewal must
 *    be less than T as well, by the clock and by the time since the start of the system, whichever says more.
 * 3. Stores refuse a request whose signed date is more than 15 minutes before their own clock. So none of the owner's
 *    requests is accepted after R + T + 15 minutes.
 * 4. The new owner takes the lease no sooner than T + 17 minutes after the store wrote it, by two times of the store: the
 *    date of its answer, and the modification time of the object. Its condition fails if the lease was renewed meanwhile.
 *    A renewal that arrives late is on condition, too: either it comes first, or it fails.
 *
 * What this assumes: the store refuses old signatures, as S3 does; the clocks of its machines agree; and what it has
 * accepted it does, or gives up, within two minutes, even if the body of the request stops arriving (Ceph waits for 65
 * seconds). The clocks of the machines that mirror need not be right. And machines are told apart by owner-record.ts:
 * two of them that are the same in all that it compares would both be the owner until one of them has renewed the
 * lease.
 */
import type { Clock } from '../../core/clock.ts';
import { minuteMs } from '../../core/durations.ts';
import { MirrorError, PausedError, StorageError } from '../../core/errors.ts';
import type { Condition } from './bucket.ts';
import {
  type FoundLease,
  type LeaseBucket,
  type LeaseText,
  leaseHeaders,
  leaseKey,
  readLease,
  renderLease,
} from './lease-object.ts';
import type { Machine } from './machine.ts';
import {
  type HeldLease,
  isMadeHere,
  newRecord,
  type OwnerRecord,
  randomId,
  readRecord,
  recordFor,
  writeRecord,
} from './owner-record.ts';
import { probeConditions } from './probe-conditions.ts';
import type { EtagForm } from './s3-bucket.ts';

export interface LeaseOptions {
  /** Opens the bucket. Its hook `mayWrite` allows everything: writes of the lease itself are guarded by conditions. */
  readonly open: (form: EtagForm) => LeaseBucket;
  /** The path of the owner's record. */
  readonly record: string;
  /** Takes the lock of the record for this process; undefined while another process has it. */
  readonly takeLock: () => (() => void) | undefined;
  /** For how long a lease holds that is taken or renewed from now on. */
  readonly leaseMs: number;
  /** False if only a lease that is this machine's already is used. */
  readonly mayTake: boolean;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds between the end of a lease and its taking by another machine. 17 minutes by default. */
  readonly graceMs?: number;
}

/** Another machine publishes. */
export interface Standby {
  readonly kind: 'standby';
  /** One line. */
  readonly reason: string;
  /** The machine that publishes, and when the store heard of it. Undefined if none does yet. */
  readonly publisher?: { readonly name: string; readonly heardMs: number };
}

/** This machine publishes. */
export interface Owner {
  readonly kind: 'owner';
  readonly lease: Lease;
  /** True until {@link Lease.settle}: another machine may have published before. */
  readonly isNew: boolean;
  /** A line about the machine whose lease was taken. */
  readonly news?: string;
}

const defaultGraceMs = 17 * minuteMs;
/** The dates of answers are in whole seconds. */
const dateStepMs = 1_000;
const triesForLock = 300;
const lockPauseMs = 200;
const triesToTake = 5;
/** The number of versions that may have been written without an answer. */
const maxPending = 50;
/** The part of a lease after which it is renewed during a run. */
const renewedAfter = 1 / 3;
/** The part of a lease after which it is renewed at the start of a run. */
const renewedAtStartAfter = 1 / 2;
/** The time before the first renewal of a run, and before another try of one that failed, as a part of the lease. */
const retriedAfter = 1 / 20;

/**
 * Takes the lease if it is this machine's, nobody's, or stale. A lease of which less than half has gone costs no
 * request. Throws StorageError, also if the store keeps no conditions.
 */
export async function takeLease(options: LeaseOptions): Promise<Owner | Standby> {
  const book = new LeaseBook(options);
  return book.exclusively(() => take(book));
}

/** The lease while a program works. */
export class Lease {
  readonly #book: LeaseBook;
  #held: HeldLease;
  /** Why the lease is lost. */
  #lost: string | undefined;
  /** Why the last renewal failed. */
  #trouble = '';
  #stop: AbortController | undefined;
  #kept: Promise<void> = Promise.resolve();

  constructor(book: LeaseBook, held: HeldLease) {
    this.#book = book;
    this.#held = held;
  }

  get generation(): number {
    return this.#held.generation;
  }

  /** The form of ETags that the store understands. */
  etagForm(): EtagForm {
    return this.#book.etagForm();
  }

  /** Throws StorageError if the lease is lost or has ended, so that nothing may be written any more. */
  mayWrite(): void {
    if (this.#lost !== undefined) throw new StorageError(this.#lost);
    if (this.#book.leftMs(this.#held) > 0) return;
    throw new StorageError(
      `${this.#book.where}: the lease has ended and was not renewed in time${this.#trouble}; another machine may ` +
        'publish now, so nothing more is written; the next run goes on if none does',
    );
  }

  /** Remembers that the state here is the newest one: since the lease was taken, it was compared with the copy. */
  settle(): Promise<void> {
    const book = this.#book;
    return book.exclusively(async () => book.write({ ...book.read(), settled: this.#held.generation }));
  }

  /** Renews the lease in the background until {@link stop}. */
  keep(): void {
    const stop = new AbortController();
    this.#stop = stop;
    this.#kept = this.#keep(stop.signal);
  }

  /** Ends the renewals. The lease stays this machine's until it ends. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#kept;
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, leaseMs } = this.#book.options;
    let delayMs = leaseMs * retriedAfter;
    while (this.#lost === undefined) {
      const dueInMs = this.#book.leftMs(this.#held) - leaseMs * (1 - renewedAfter);
      try {
        await clock.sleep(Math.max(delayMs, dueInMs), signal);
      } catch (error) {
        if (error instanceof PausedError) return;
        throw error;
      }
      await this.renew();
      delayMs = leaseMs * retriedAfter;
    }
  }

  /**
   * Renews the lease if it is time to, and no other process of this machine has. What goes wrong is told by {@link
   * mayWrite}.
   */
  async renew(): Promise<void> {
    const book = this.#book;
    try {
      await book.exclusively(async () => {
        const { held } = book.read();
        const isSame = held?.generation === this.#held.generation;
        if (held !== undefined && isSame && book.leftMs(held) > book.leftMs(this.#held)) this.#held = held;
        if (book.leftMs(this.#held) > book.options.leaseMs * (1 - renewedAfter)) return;
        const renewed = await book.renew(this.#held);
        if (renewed !== undefined) this.#held = renewed;
        else this.#lost = await this.#lossText();
        this.#trouble = '';
      });
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      this.#trouble = `: ${error.message}`;
    }
  }

  async #lossText(): Promise<string> {
    const { where } = this.#book;
    const found = await readLease(this.#book.bucket());
    const who = found === undefined ? `somebody who removed ${leaseKey}` : nameOf(this.#book, found);
    return `${where}: the lease was lost to ${who}, which publishes now; nothing more is written here, and runs stand by`;
  }
}

/** Reads and writes the lease in the bucket, and what this machine remembers of it. */
class LeaseBook {
  readonly options: LeaseOptions;
  readonly where: string;

  constructor(options: LeaseOptions) {
    this.options = options;
    this.where = options.open('quoted').where;
  }

  /** Runs `work` while no other process of this machine reads or writes the lease. Throws StorageError. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const { takeLock, clock, signal, record } = this.options;
    for (let tries = 0; tries < triesForLock; tries += 1) {
      const release = takeLock();
      if (release === undefined) {
        await clock.sleep(lockPauseMs, signal);
        continue;
      }
      try {
        return await work();
      } finally {
        release();
      }
    }
    throw new StorageError(`${record}: another process has been busy with it for a minute; look for one that hangs`);
  }

  /** Returns this machine's record for this bucket, which is made if there is none, or if another machine made it. */
  read(): OwnerRecord {
    const { record: path, machine } = this.options;
    const record = readRecord(path);
    if (record !== undefined && isMadeHere(record, machine, path)) return recordFor(record, this.where);
    const made = newRecord(machine, path);
    writeRecord(path, made);
    return made;
  }

  write(record: OwnerRecord): void {
    writeRecord(this.options.record, record);
  }

  etagForm(): EtagForm {
    const { bucket } = this.read();
    return bucket?.where === this.where ? bucket.etagForm : 'quoted';
  }

  bucket(): LeaseBucket {
    return this.options.open(this.etagForm());
  }

  /** Milliseconds for which the lease still holds; zero or less once it has ended. */
  leftMs({ sentMs, sentUptimeMs, storeMs, leaseMs }: HeldLease): number {
    const { clock, machine } = this.options;
    const now = clock.now();
    const goneMs = Math.max(now - sentMs, machine.uptimeMs() - sentUptimeMs);
    return Math.min(leaseMs - goneMs, storeMs + leaseMs - now);
  }

  /**
   * Returns true if what is remembered is of this bucket and this start of the system, so that times can be compared.
   */
  isCertain({ bucket }: OwnerRecord, { boot, sentMs, sentUptimeMs }: HeldLease): boolean {
    const { machine, clock } = this.options;
    return (
      bucket?.where === this.where &&
      boot !== undefined &&
      boot === machine.boot &&
      machine.uptimeMs() >= sentUptimeMs &&
      clock.now() >= sentMs
    );
  }

  /** Finds out how the store takes conditions, once for each bucket. Throws StorageError if it takes none. */
  async #prepared(): Promise<OwnerRecord> {
    const record = this.read();
    if (record.bucket?.where === this.where) return record;
    const etagForm = await probeConditions(this.options.open, `lease-probe-${record.id}`);
    return { ...record, bucket: { where: this.where, etagForm }, held: undefined, pending: [], settled: undefined };
  }

  /**
   * Writes the lease anew in place of `held`. Returns undefined if another machine has replaced it. Throws
   * StorageError.
   */
  async renew(held: HeldLease): Promise<HeldLease | undefined> {
    const { generation, takenMs, etag } = held;
    const renewed = await this.put({ generation, takenMs }, { ifMatch: etag });
    if (renewed !== undefined) return renewed;
    // A renewal whose answer was lost, or of a process that was killed, may have replaced it.
    const found = await readLease(this.bucket());
    return found === undefined || !isOurs(found, this.read()) ? undefined : this.put(found, { ifMatch: found.etag });
  }

  /** Writes the lease. Returns undefined if the condition does not hold. Throws StorageError. */
  async put(
    { generation, takenMs: taken }: Pick<LeaseText, 'generation'> & { readonly takenMs?: number },
    condition: Condition,
  ): Promise<HeldLease | undefined> {
    const { machine, clock, leaseMs } = this.options;
    const record = await this.#prepared();
    const token = randomId();
    this.write({ ...record, pending: [...record.pending.slice(-maxPending), token] });
    const bucket = this.bucket();
    const [sentMs, sentUptimeMs] = [clock.now(), machine.uptimeMs()];
    const takenMs = taken ?? bucket.answeredMs ?? sentMs;
    const lease: LeaseText = { generation, takenMs, owner: record.id, host: machine.host, leaseMs, token };
    const etag = await bucket.put(leaseKey, renderLease(lease), leaseHeaders, condition);
    if (etag === undefined) return undefined;
    const dateMs = answeredMs(bucket);
    const storeMs = dateMs - Math.max(clock.now() - sentMs, machine.uptimeMs() - sentUptimeMs, 0);
    const { boot } = machine;
    const held: HeldLease = { generation, takenMs, leaseMs, etag, token, sentMs, sentUptimeMs, storeMs, boot };
    this.write({ ...record, held, pending: [] });
    const aheadMs = sentMs - dateMs - dateStepMs;
    if (aheadMs < leaseMs * renewedAfter) return held;
    const minutes = (aheadMs / minuteMs).toFixed(1);
    throw new StorageError(
      `${this.where}: this machine's clock is ${minutes} minutes ahead of the store's, too much for a lease of ` +
        `${leaseMs / minuteMs} minutes; correct the wrong one`,
    );
  }
}

function answeredMs({ answeredMs, where }: LeaseBucket): number {
  if (answeredMs !== undefined) return answeredMs;
  throw new StorageError(
    `${where}: the answers of the store have no Date, without which nobody can tell when a lease ends; ` +
      'lease = false in [storage] does without one: then no other machine may ever publish into this bucket',
  );
}

/** Returns true if this machine wrote this version of the lease. */
function isOurs({ owner, token }: FoundLease, { id, held, pending }: OwnerRecord): boolean {
  return owner === id && (token === held?.token || pending.includes(token));
}

async function take(book: LeaseBook): Promise<Owner | Standby> {
  const { leaseMs, mayTake } = book.options;
  const record = book.read();
  const { held } = record;
  if (held !== undefined && book.isCertain(record, held)) {
    const isFresh = held.leaseMs === leaseMs && book.leftMs(held) > leaseMs * (1 - renewedAtStartAfter);
    const kept = isFresh ? held : await book.renew(held);
    if (kept !== undefined) return owner(book, kept);
  }
  for (let tries = 0; tries < triesToTake; tries += 1) {
    const bucket = book.bucket();
    const found = await readLease(bucket);
    const isOwn = found !== undefined && isOurs(found, book.read());
    const isStale = found !== undefined && staleAtMs(book, found) <= answeredMs(bucket);
    if (!isOwn && (!mayTake || (found !== undefined && !isStale))) return standby(book, found, bucket);
    const taken = await write(book, found, isOwn);
    if (taken === undefined) continue;
    if (isOwn || found === undefined) return owner(book, taken);
    const since = timeOf(found.modifiedMs);
    return owner(
      book,
      taken,
      `${book.where}: ${nameOf(book, found)} was last heard of at ${since}; this machine takes over`,
    );
  }
  throw new StorageError(`${book.where}: ${leaseKey} changed ${triesToTake} times while it was to be taken`);
}

function write(book: LeaseBook, found: FoundLease | undefined, isOwn: boolean): Promise<HeldLease | undefined> {
  if (found === undefined) return book.put({ generation: 1 }, { ifAbsent: true });
  return book.put(isOwn ? found : { generation: found.generation + 1 }, { ifMatch: found.etag });
}

function owner(book: LeaseBook, held: HeldLease, news?: string): Owner {
  const isNew = book.read().settled !== held.generation;
  return { kind: 'owner', lease: new Lease(book, held), isNew, ...(news !== undefined && { news }) };
}

/** Returns when another machine may take the lease, by the clock of the store. */
function staleAtMs({ options: { graceMs = defaultGraceMs } }: LeaseBook, { modifiedMs, leaseMs }: FoundLease): number {
  return modifiedMs + leaseMs + graceMs + 2 * dateStepMs;
}

function standby(book: LeaseBook, found: FoundLease | undefined, bucket: LeaseBucket): Standby {
  const { where } = book;
  if (found === undefined) return { kind: 'standby', reason: `${where}: no machine publishes there yet` };
  const until = timeOf(Math.max(staleAtMs(book, found), answeredMs(bucket)));
  const what = book.options.mayTake ? 'takes over' : 'pep381run takes over';
  const who = nameOf(book, found);
  return {
    kind: 'standby',
    publisher: { name: hostOf(book, found), heardMs: found.modifiedMs },
    reason: `${where}: ${who} publishes; this machine stands by, and ${what} if nothing is heard of it until ${until}`,
  };
}

/** Returns the machine that has the lease, as a part of a sentence. */
function nameOf(book: LeaseBook, found: FoundLease): string {
  const host = hostOf(book, found);
  return host === found.host ? host : `${host}, or one that this is a copy of,`;
}

/** Returns the name of the machine that has the lease. */
function hostOf({ options: { machine } }: LeaseBook, { host }: FoundLease): string {
  return host === machine.host ? `another target on ${host}` : host;
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
