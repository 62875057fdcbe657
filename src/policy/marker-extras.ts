/** Finds the extras that a marker tests. */
import type { Marker } from '../packaging/marker.ts';

/**
 * Returns the extras that `marker` tests by name (`extra == "x"`, `"x" in extras`). Other extras have no effect on it,
 * and additional extras never make it false. Returns undefined if the marker tests extras in another way, so that any
 * extra may matter.
 */
export function namedExtras(marker: Marker): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  const open: Marker[] = [marker];
  for (const part of open) {
    if (part.join !== undefined) {
      for (const inner of part.parts) open.push(inner);
      continue;
    }
    const { variable, operator, value, isReversed } = part;
    if (variable !== 'extra' && variable !== 'extras') continue;
    if (variable === 'extra' ? operator !== '==' : operator !== 'in' || !isReversed) return undefined;
    names.add(value);
  }
  return names;
}
