/** The order of versions as PyPI lists them: by PEP 440, after all older spellings. */

const pattern =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|alpha|b|beta|c|rc|pre|preview)[-_.]?(\d*))?((?:[-_.]?(?:post|rev|r)[-_.]?|-)(\d*))?([-_.]?dev[-_.]?(\d*))?(?:\+([a-z0-9.]+))?$/;

type SortKey = readonly (number | string)[];

const preRank = (letter: string): number => (letter.startsWith('a') ? 1 : letter.startsWith('b') ? 2 : 3);

const sortKey = (version: string): SortKey => {
  const match = pattern.exec(version.toLowerCase());
  if (match === null) return [-1, version];
  const [, epoch = '0', release = '', pre, preNumber, post, postNumber, dev, devNumber, local = ''] = match;
  const numbers = release.split('.').map(Number);
  const padded = Array.from({ length: 8 }, (_, at) => numbers[at] ?? 0);
  // A bare "1.0.dev1" comes before "1.0a1", which comes before "1.0".
  const phase = pre !== undefined ? preRank(pre) : dev !== undefined && post === undefined ? 0 : 4;
  const postRank = post === undefined ? -1 : Number(postNumber);
  const devRank = dev === undefined ? Number.POSITIVE_INFINITY : Number(devNumber);
  return [Number(epoch), ...padded, phase, Number(preNumber ?? 0), postRank, devRank, local];
};

const compareParts = (left: number | string, right: number | string): number =>
  left < right ? -1 : left > right ? 1 : 0;

/** Compares two versions for `sort`. */
export const compareVersions = (left: string, right: string): number => {
  const other = sortKey(right);
  for (const [at, part] of sortKey(left).entries()) {
    const order = compareParts(part, other[at] ?? '');
    if (order !== 0) return order;
  }
  return 0;
};
