/** Knows the oldest Node.js that can run the programs. */

/** Filled in by the build. */
declare const engine: string;

export const oldestNode = engine;

/** True if this Node.js is older. */
export const isOldNode = isBefore(process.versions.node, oldestNode);

function isBefore(a: string, b: string): boolean {
  const [left = [], right = []] = [a, b].map((text) => text.split('.').map(Number));
  const at = left.findIndex((part, index) => part !== right[index]);
  return (left[at] ?? 0) < (right[at] ?? 0);
}
