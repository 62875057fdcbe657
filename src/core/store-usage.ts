/** What was asked of an object store. Its owner pays for requests and bytes. */

export interface StoreUsage {
  /** The numbers of requests by kind, such as `put`. Requests that were repeated count each time. */
  readonly requests: Readonly<Record<string, number>>;
  /** Bytes of bodies. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** The number of requests that were repeated because one before failed. */
  readonly retries: number;
}

/** Returns the number of all requests. */
export function requestCount({ requests }: StoreUsage): number {
  return Object.values(requests).reduce((sum, count) => sum + count, 0);
}

/** Returns the sum, or undefined if nothing is to be added up. */
export function sumOfUsage(usages: readonly (StoreUsage | undefined)[]): StoreUsage | undefined {
  return usages.reduce(
    (sum, usage) => (sum === undefined || usage === undefined ? (sum ?? usage) : add(sum, usage)),
    undefined,
  );
}

function add(a: StoreUsage, b: StoreUsage): StoreUsage {
  const requests = new Map(Object.entries(a.requests));
  for (const [kind, count] of Object.entries(b.requests)) requests.set(kind, (requests.get(kind) ?? 0) + count);
  return {
    requests: Object.fromEntries(requests),
    bytesSent: a.bytesSent + b.bytesSent,
    bytesReceived: a.bytesReceived + b.bytesReceived,
    retries: a.retries + b.retries,
  };
}
