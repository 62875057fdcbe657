/**
 * The results of `work` on each of `items`, in their order, while so many are worked on at the same time. When one
 * fails no more are begun, and it throws after those that were have ended, as also when nobody wants more results.
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
      // One that fails while another is awaited must not end the process; its turn comes.
      result.catch(() => {});
      begun.push(result);
      if (begun.length >= atOnce) yield await (begun.shift() as Promise<R>);
    }
    for (let next = begun.shift(); next !== undefined; next = begun.shift()) yield await next;
  } finally {
    await Promise.allSettled(begun);
  }
}
