/** The port to the compression that PEP 381 asks for. */
export interface Bzip2 {
  /** `bytes` as a `.bz2` file. */
  compress(bytes: Buffer): Promise<Buffer>;
  /** The content of a `.bz2` file that has one member. Throws NonsenseError when it has none that can be read. */
  decompress(member: Buffer): Promise<Buffer>;
}
