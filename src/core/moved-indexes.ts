/** Indexes that have moved permanently. Their old addresses still answer some requests, and redirect others. */

const moved: readonly (readonly [host: RegExp, now: string])[] = [
  [/^(?:(?:www|last|[a-z]{1,2})\.)?pypi\.python\.org$/, 'https://pypi.org'],
  [/^testpypi\.python\.org$/, 'https://test.pypi.org'],
];

/** Returns the current address of the index at `upstream`. */
export function indexNow(upstream: string): string {
  const host = URL.canParse(upstream) ? new URL(upstream).hostname : '';
  return moved.find(([pattern]) => pattern.test(host))?.[1] ?? upstream;
}
