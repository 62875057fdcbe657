/** Patterns in which `*` is any text and `?` any single character. */

/** Returns `glob` as a predicate. It is fast for many texts, since the literal beginning and end decide about most. */
export function compileGlob(glob: string): (text: string) => boolean {
  const start = /^[^*?]*/.exec(glob)?.[0] ?? '';
  const end = /[^*?]*$/.exec(glob)?.[0] ?? '';
  const isSimple = glob === `${start}*${end}`;
  return (text) => {
    if (text.length < start.length + end.length || !text.startsWith(start) || !text.endsWith(end)) return false;
    return isSimple || globMatches(glob, text);
  };
}

/**
 * Returns true if `text` matches `glob`, in at most as many steps as the product of their lengths. If `text` is itself
 * a glob, true means that everything it matches is matched by `glob` too.
 */
export function globMatches(glob: string, text: string): boolean {
  let [at, in_] = [0, 0];
  /** The position to resume at after a mismatch: the last star, and the end of the text that it stands for. */
  let [star, taken] = [-1, 0];
  while (in_ < text.length) {
    if (glob[at] === '*') {
      star = at;
      taken = in_;
      at += 1;
    } else if (at < glob.length && (glob[at] === text[in_] || (glob[at] === '?' && text[in_] !== '*'))) {
      at += 1;
      in_ += 1;
    } else if (star >= 0) {
      taken += 1;
      [at, in_] = [star + 1, taken];
    } else return false;
  }
  while (glob[at] === '*') at += 1;
  return at === glob.length;
}
