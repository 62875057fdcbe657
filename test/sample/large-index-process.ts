/** A large index in a process of its own, so that it does not share a core with the measured program. */

import { type LargeIndex, openLargeIndex } from './large-index.ts';

/** The report of the process at its start and after each `touch`. */
export interface LargeIndexReport {
  readonly url: string;
  readonly bytes: number;
  readonly serial: number;
  /** Requests since the start. */
  readonly requests: number;
  /** The largest number of requests that were in progress at the same time. */
  readonly mostRequests: number;
  /** The number of requests that were answered with 429. */
  readonly refusals: number;
  /** Bytes on the wire since the start. */
  readonly traffic: number;
}

const report = ({ url, bytes, serial, requests, mostRequests, refusals, traffic }: LargeIndex): LargeIndexReport => ({
  url,
  bytes,
  serial,
  requests,
  mostRequests,
  refusals,
  traffic,
});

const index = await openLargeIndex(JSON.parse(process.argv[2] ?? ''));
process.on('message', async ({ touch }: { touch: number }) => {
  await index.touch(touch);
  process.send?.(report(index));
});
process.on('disconnect', () => process.exit());
process.send?.(report(index));
