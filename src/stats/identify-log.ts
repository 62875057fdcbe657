/** Recognizes logs that were read before, whatever their present names are. */
import { sha256Hex } from '../core/hash.ts';
import type { OpenLog } from '../files/log-source.ts';
import type { KnownLog, StatsStore } from '../state/stats-store.ts';

/** Number of bytes at the beginning of a log that it is recognized by. */
export const headBytes = 4096;

/** An open log with the state's record of it, if there is one. */
export interface KnownOpenLog {
  readonly log: OpenLog;
  readonly known: KnownLog | undefined;
}

/**
 * Returns the state's record of `log`, which begins with `head`, or undefined if the log is new. Logs may begin alike,
 * so the bytes before the position up to which a log was read must also be the same. A shorter log is the same one if
 * it is the beginning of one of `others` that is: it is being copied, or compressed.
 */
export async function identifyLog(
  log: OpenLog,
  head: Buffer,
  state: StatsStore,
  others: readonly KnownOpenLog[],
): Promise<KnownLog | undefined> {
  for (const known of state.knownLogs(head)) {
    if (known.before === undefined) return known;
    const before = await log.before(known.position, known.before.bytes);
    if (before.length === known.before.bytes) {
      if (sha256Hex(before) === known.before.sha256) return known;
      continue;
    }
    for (const other of others) {
      if (other.log !== log && other.known?.id === known.id && (await isBeginning(log, other.log))) return known;
    }
  }
  return undefined;
}

/** Returns true if `whole` begins with the complete content of `log`. */
async function isBeginning(log: OpenLog, whole: OpenLog): Promise<boolean> {
  const expected = whole.read(0)[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (let bytes of log.read(0)) {
      while (bytes.length > 0) {
        if (rest.length === 0) {
          const { value, done } = await expected.next();
          if (done === true) return false;
          rest = value;
        }
        const length = Math.min(rest.length, bytes.length);
        if (!rest.subarray(0, length).equals(bytes.subarray(0, length))) return false;
        rest = rest.subarray(length);
        bytes = bytes.subarray(length);
      }
    }
    return true;
  } finally {
    await expected.return?.();
  }
}
