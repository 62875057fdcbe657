/** Returns the name among `known` that `typed` most likely stands for, or undefined if none is close. */
export function nearestName(typed: string, known: readonly string[]): string | undefined {
  const ranked = known.map((name) => ({ name, distance: editDistance(typed, name) }));
  const best = ranked.reduce((a, b) => (b.distance < a.distance ? b : a), {
    name: '',
    distance: Number.POSITIVE_INFINITY,
  });
  return best.distance <= Math.max(2, typed.length / 3) ? best.name : undefined;
}

/** Returns `; did you mean …?`, or a list of all known names. */
export function suggestion(typed: string, known: readonly string[]): string {
  const name = nearestName(typed, known);
  return name === undefined ? `; known are ${known.join(', ')}` : `; did you mean ${name}?`;
}

/** Returns the number of single-character edits between `a` and `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
