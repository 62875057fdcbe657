/** Reads mirrors as values, and compares them. */
import { publishedTree } from '../e2e/tree.ts';

/**
 * Returns the published files. Folders are left out: a run that fails while it removes a file may leave an empty
 * folder, which does no harm.
 */
export function filesIn(target: string): Record<string, string> {
  return Object.fromEntries(Object.entries(publishedTree(target)).filter(([, content]) => content !== 'folder'));
}

/**
 * Returns a sentence for each member in which two values differ, with both values. Each sentence begins with `when`.
 */
export function differences(when: string, found: unknown, wanted: unknown): string[] {
  const [one, other] = [membersOf(found), membersOf(wanted)];
  const differing = [...new Set([...one.keys(), ...other.keys()])].filter((key) => one.get(key) !== other.get(key));
  return differing.map((key) => `${when}: ${key}: expected ${other.get(key)}, found ${one.get(key)}`);
}

function membersOf(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, member]) => [...membersOf(member, `${path}/${key}`)]));
}
