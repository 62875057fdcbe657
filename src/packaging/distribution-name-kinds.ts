/** The kinds of files that an index lists, told apart by the ends of their names. */

/** One kind of file. `variants` is the index of variant wheels (PEP 825), needed wherever wheels are held. */
export type DistributionKind = (typeof knownKinds)[number];

/** The name of each kind in a configuration. */
export const knownKinds = [
  'wheel',
  'sdist',
  'egg',
  'wininst',
  'msi',
  'rpm',
  'deb',
  'dmg',
  'dumb',
  'variants',
  'other',
] as const;

const names: ReadonlyMap<string, DistributionKind> = new Map<string, DistributionKind>([
  ...knownKinds.map((name) => [name, name] as const),
  ...(['wheel', 'egg', 'wininst', 'msi', 'rpm', 'dmg', 'dumb'] as const).map(
    (name) => [`bdist_${name}`, name] as const,
  ),
  ['whl', 'wheel'],
  ['source', 'sdist'],
  ['exe', 'wininst'],
]);

const kinds: ReadonlyMap<string, DistributionKind> = new Map<string, DistributionKind>([
  ['.whl', 'wheel'],
  ['.egg', 'egg'],
  ['.exe', 'wininst'],
  ['.msi', 'msi'],
  ['.rpm', 'rpm'],
  ['.deb', 'deb'],
  ['.dmg', 'dmg'],
  ['-variants.json', 'variants'],
  ...['gz', 'bz2', 'xz', 'z', 'lzma', 'zst'].map((packed) => [`.tar.${packed}`, 'sdist'] as const),
  ...['.tar', '.tgz', '.tbz', '.tbz2', '.txz', '.zip', '.bz2'].map((suffix) => [suffix, 'sdist'] as const),
]);

const ending = /(?:\.(?:tar\.)?[a-z0-9]{1,8}|-variants\.json)$/;

/** Returns the kind that people or PyPI (`bdist_wheel`) call `text`, or undefined if it is unknown. */
export function kindNamed(text: string): DistributionKind | undefined {
  return names.get(text.toLowerCase());
}

/**
 * Splits `filename` into the kind that its ending tells and the name without the ending. A built archive (`dumb`) is an
 * sdist here.
 */
export function splitEnding(filename: string): { readonly stem: string; readonly kind: DistributionKind } {
  const [suffix = ''] = ending.exec(filename.toLowerCase()) ?? [];
  return { stem: filename.slice(0, filename.length - suffix.length), kind: kinds.get(suffix) ?? 'other' };
}
