/** The port to bzip2, the compression that PEP 381 asks for. */
export interface Bzip2 {
  /** Returns `bytes` as a `.bz2` file. */
  compress(bytes: Buffer): Promise<Buffer>;
  /**
   * Returns `pieces` as a `.bz2` file. It has several members if there are many pieces, which may be compressed at the
   * same time. The same pieces give the same file on every machine.
   */
  compressPieces(pieces: Iterable<Buffer>): Promise<Buffer>;
  /** Returns the content of a `.bz2` file with one member. Throws NonsenseError if it has no readable member. */
  decompress(member: Buffer): Promise<Buffer>;
}
