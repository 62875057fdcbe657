/** Mirrors as values, and in what they differ. */
import { publishedTree } from '../e2e/tree.ts';

/** What is published. A run that fails while it removes a file may leave the file's folder, which harms nobody. */
export function filesIn(target: string): Record<string, string> {
  return Object.fromEntries(Object.entries(publishedTree(target)).filter(([, content]) => content !== 'folder'));
}

/** The members in which two values differ, with what they are; `when` begins each sentence. */
export function differences(when: string, found: unknown, wanted: unknown): string[] {
  const [one, other] = [membersOf(found), membersOf(wanted)];
  const differing = [...new Set([...one.keys(), ...other.keys()])].filter((key) => one.get(key) !== other.get(key));
  return differing.map((key) => `${when}: ${key}: expected ${other.get(key)}, found ${one.get(key)}`);
}

function membersOf(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, member]) => [...membersOf(member, `${path}/${key}`)]));
}
