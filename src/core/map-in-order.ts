/**
 * Yields the results of `work` on each of `items`, in their order, with up to `atOnce` running concurrently. After a
 * failure no more are started, and the error is thrown once those already running have ended. If the consumer stops
 * early, the running ones are awaited too.
 */
export async function* mapInOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncIterable<R> {
  const begun: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // Prevents an unhandled rejection while another result is awaited. The error is thrown when its turn comes.
      result.catch(() => {});
      begun.push(result);
      if (begun.length >= atOnce) yield await (begun.shift() as Promise<R>);
    }
    for (let next = begun.shift(); next !== undefined; next = begun.shift()) yield await next;
  } finally {
    await Promise.allSettled(begun);
  }
}
