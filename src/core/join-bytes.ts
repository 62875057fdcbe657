/**
 * Returns the bytes of `pieces` one after the other. If there is only one piece, as with most answers, it is returned
 * itself: a copy of each would double what the garbage collector has to do.
 */
export function joinBytes(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  return first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces);
}
