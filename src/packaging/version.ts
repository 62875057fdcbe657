/**
 * Versions by PEP 440, implemented here because `@renovatebot/pep440` rounds long numbers, answers one question in
 * twenty about specifiers unlike Python's `packaging` (1a1 is not in its `==1.0.*`), and parses a specifier again for
 * every question.
 *
 * A version is compared by its `order`, a text made so that plain `<` between two of them is the order of PEP 440:
 *
 *     number   a character that tells how many digits follow, then the digits; it sorts above every mark below
 *     epoch    a number
 *     release  its numbers without the zeros at the end
 *     pre      0 a .dev of a final release, 1 alpha, 2 beta, 3 candidate, 4 none; a number after 1, 2 and 3
 *     post     0 none, 1 and a number
 *     dev      0 and a number, 1 none
 *     local    + and the segments: a number, or a word and `!`
 */

/** A version that PEP 440 allows. */
export interface Version {
  /** The version in normalized form. */
  readonly text: string;
  readonly epoch: number;
  /** The numbers of the release, with trailing zeros. Numbers above 2^53 are rounded here, but compared exactly. */
  readonly release: readonly number[];
  /** True for an alpha, a beta, a candidate and a development release. */
  readonly isPrerelease: boolean;
  readonly isPostrelease: boolean;
  readonly isDevrelease: boolean;
  /** The part after the `+`, normalized. */
  readonly local: string | undefined;
  /** The sort key, for comparisons within this folder. */
  readonly order: string;
  /** The sort key of the version without its local part. */
  readonly publicOrder: string;
}

/** Maximum length of a version in characters. A file's name cannot contain a longer one. */
const maxVersionLength = 255;

const plain = /^\d+(?:\.\d+)*$/;
const pattern =
  /^\s*v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[._-]?(alpha|a|beta|b|preview|pre|c|rc)[._-]?(\d*))?(?:-(\d+)|[._-]?(?:post|rev|r)[._-]?(\d*))?(?:[._-]?dev[._-]?(\d*))?(?:\+([a-z0-9]+(?:[._-][a-z0-9]+)*))?\s*$/i;

const phases = { a: '1', b: '2', rc: '3' } as const;

/**
 * Returns the version that `text` spells, or undefined if PEP 440 does not allow it or if it is longer than a file's
 * name.
 */
export function parseVersion(text: string): Version | undefined {
  if (text.length > maxVersionLength) return undefined;
  if (plain.test(text)) return versionOf('0', text, undefined, undefined, undefined, undefined);
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, epoch = '0', release = '', letters, preNumber = '', implicitPost, postNumber, devNumber, local] = match;
  const pre = letters === undefined ? undefined : ([phaseOf(letters), normalNumber(preNumber)] as const);
  const post = implicitPost ?? postNumber;
  return versionOf(normalNumber(epoch), release, pre, post, devNumber, local);
}

/**
 * Returns a number below 0 if `a` comes before `b`, above 0 if it comes after, and 0 if they are equal, such as 1.0 and
 * 1.0.0.
 */
export function compareVersions(a: Version, b: Version): number {
  if (a.order === b.order) return 0;
  return a.order < b.order ? -1 : 1;
}

/** Returns the order that ends the local versions of `version`. */
export function afterLocals({ publicOrder }: Version): string {
  return `${publicOrder},`;
}

/**
 * Returns the order that ends the post-releases of `version`, which is no post-release and no development release
 * itself.
 */
export function afterPosts({ publicOrder }: Version): string {
  return `${publicOrder.slice(0, -'01'.length)}2`;
}

type Phase = keyof typeof phases;

function versionOf(
  epoch: string,
  releaseText: string,
  pre: readonly [Phase, string] | undefined,
  postText: string | undefined,
  devText: string | undefined,
  localText: string | undefined,
): Version {
  const release = releaseText.split('.').map(normalNumber);
  const post = postText === undefined ? undefined : normalNumber(postText);
  const dev = devText === undefined ? undefined : normalNumber(devText);
  const local = localText?.toLowerCase().split(/[._-]/).map(localSegment);
  const publicOrder = orderOf(epoch, release, pre, post, dev);
  return {
    text: textOf(epoch, release, pre, post, dev, local),
    epoch: Number(epoch),
    release: release.map(Number),
    isPrerelease: pre !== undefined || dev !== undefined,
    isPostrelease: post !== undefined,
    isDevrelease: dev !== undefined,
    local: local?.join('.'),
    order: local === undefined ? publicOrder : `${publicOrder}+${local.map(orderOfSegment).join('')}`,
    publicOrder,
  };
}

function textOf(
  epoch: string,
  release: readonly string[],
  pre: readonly [Phase, string] | undefined,
  post: string | undefined,
  dev: string | undefined,
  local: readonly string[] | undefined,
): string {
  let text = release.join('.');
  if (epoch !== '0') text = `${epoch}!${text}`;
  if (pre !== undefined) text += pre[0] + pre[1];
  if (post !== undefined) text += `.post${post}`;
  if (dev !== undefined) text += `.dev${dev}`;
  if (local !== undefined) text += `+${local.join('.')}`;
  return text;
}

function orderOf(
  epoch: string,
  release: readonly string[],
  pre: readonly [Phase, string] | undefined,
  post: string | undefined,
  dev: string | undefined,
): string {
  let order = orderOfNumber(epoch);
  const end = release.findLastIndex((digits) => digits !== '0') + 1;
  for (const digits of release.slice(0, end)) order += orderOfNumber(digits);
  if (pre !== undefined) order += phases[pre[0]] + orderOfNumber(pre[1]);
  else order += post === undefined && dev !== undefined ? '0' : '4';
  order += post === undefined ? '0' : `1${orderOfNumber(post)}`;
  return order + (dev === undefined ? '1' : `0${orderOfNumber(dev)}`);
}

function orderOfNumber(digits: string): string {
  return String.fromCharCode(0x80 + digits.length) + digits;
}

function orderOfSegment(segment: string): string {
  return isNumber(segment) ? orderOfNumber(segment) : `${segment}!`;
}

function localSegment(segment: string): string {
  return isNumber(segment) ? normalNumber(segment) : segment;
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

/** Returns `digits` without leading zeros. An empty text is 0, the number that PEP 440 implies. */
function normalNumber(digits: string): string {
  if (digits.length === 0) return '0';
  return digits.length > 1 && digits.startsWith('0') ? digits.replace(/^0+(?=\d)/, '') : digits;
}

function phaseOf(letters: string): Phase {
  const first = letters.toLowerCase().charAt(0);
  return first === 'a' || first === 'b' ? first : 'rc';
}
