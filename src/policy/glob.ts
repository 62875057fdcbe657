/** Patterns with `*` for any text and `?` for any one character. */

/** `glob` as a predicate, for many texts: most are told by how they begin or end. */
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
 * Whether `text` has the shape of `glob`. Takes at most as many steps as the product of their lengths. When `text` is a
 * glob too, true means that everything with its shape has the shape of `glob`.
 */
export function globMatches(glob: string, text: string): boolean {
  let [at, in_] = [0, 0];
  /** Where to go on when it does not match: the last star, and how much of the text it stands for. */
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
