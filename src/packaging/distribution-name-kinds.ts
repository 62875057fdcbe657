/** The kinds of files that an index lists, by the ends of their names. */

/** One kind of file. `variants` is the index of variant wheels (PEP 825): whoever holds wheels needs it. */
export type DistributionKind = (typeof knownKinds)[number];

/** Every kind's one name, as a configuration writes it. */
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

/** The kind that people, or PyPI (`bdist_wheel`), call `text`. Undefined when it is not known. */
export function kindNamed(text: string): DistributionKind | undefined {
  return names.get(text.toLowerCase());
}

/** The kind that the end of a name tells, and the name without it. A built archive (`dumb`) passes for an sdist here. */
export function splitEnding(filename: string): { readonly stem: string; readonly kind: DistributionKind } {
  const [suffix = ''] = ending.exec(filename.toLowerCase()) ?? [];
  return { stem: filename.slice(0, filename.length - suffix.length), kind: kinds.get(suffix) ?? 'other' };
}
