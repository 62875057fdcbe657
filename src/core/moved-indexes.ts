/** Indexes that have moved for good. Their old addresses answer some requests still, and redirect the others. */

const moved: readonly (readonly [host: RegExp, now: string])[] = [
  [/^(?:(?:www|last|[a-z]{1,2})\.)?pypi\.python\.org$/, 'https://pypi.org'],
  [/^testpypi\.python\.org$/, 'https://test.pypi.org'],
];

/** Where the index at `upstream` is now. */
export function indexNow(upstream: string): string {
  const host = URL.canParse(upstream) ? new URL(upstream).hostname : '';
  return moved.find(([pattern]) => pattern.test(host))?.[1] ?? upstream;
}
