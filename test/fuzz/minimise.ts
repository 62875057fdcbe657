/** The most pieces that are tried to be left out. */
const mostTries = 20_000;

/** As much of `input` as is needed for `isWanted`, which is true for the whole, to stay true. */
export function minimise(input: string, isWanted: (input: string) => boolean): string {
  let shortest = input;
  let tries = 0;
  for (let size = Math.ceil(input.length / 2); size > 0; ) {
    let hasShrunk = false;
    for (let at = 0; at < shortest.length && tries < mostTries; tries += 1) {
      const shorter = shortest.slice(0, at) + shortest.slice(at + size);
      if (isWanted(shorter)) {
        shortest = shorter;
        hasShrunk = true;
      } else at += size;
    }
    if (!hasShrunk || size > 1) size = size === 1 ? 0 : Math.ceil(size / 2);
    if (tries >= mostTries) break;
  }
  return shortest;
}
