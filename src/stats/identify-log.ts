/** Whether a log is one that was read before, whatever it is called by now. */
import { sha256Hex } from '../core/hash.ts';
import type { OpenLog } from '../files/log-source.ts';
import type { KnownLog, StatsStore } from '../state/stats-store.ts';

/** A log is looked for by so many of its first bytes. */
export const headBytes = 4096;

/** A log that is known already, and open. */
export interface KnownOpenLog {
  readonly log: OpenLog;
  readonly known: KnownLog | undefined;
}

/**
 * The log that `log`, which begins with `head`, is. Logs may begin alike, so what stands before the place up to which a
 * log was read must be the same as then. A log that is shorter is the same one when it is the beginning of one of
 * `others` that is: it is being copied, or compressed.
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

/** Whether all that `log` has is what `whole` begins with. */
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
