/** The port to the compression that PEP 381 asks for. */
export interface Bzip2 {
  /** `bytes` as a `.bz2` file. */
  compress(bytes: Buffer): Promise<Buffer>;
  /**
   * `pieces` as a `.bz2` file, which has several members when they are many; they may be compressed at the same time.
   * The same pieces are the same file on every machine.
   */
  compressPieces(pieces: Iterable<Buffer>): Promise<Buffer>;
  /** The content of a `.bz2` file that has one member. Throws NonsenseError when it has none that can be read. */
  decompress(member: Buffer): Promise<Buffer>;
}
