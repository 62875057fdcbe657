/** Which extras a marker asks for. */
import type { Marker } from '../packaging/marker.ts';

/**
 * The extras by whose names `marker` asks (`extra == "x"`, `"x" in extras`); others mean nothing to it, and more of them
 * never make it fail. Undefined where it asks in another way, which is when any may mean something.
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
