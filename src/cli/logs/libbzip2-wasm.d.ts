declare module 'libbzip2-wasm' {
  export interface Result {
    /** 0 when all went well. */
    readonly error: number;
    readonly errorMsg: string;
    /** A view of the library's memory, allocated for this result: to be freed by its `byteOffset`. */
    readonly output: Uint8Array;
    /** Frees the result itself. */
    delete(): void;
  }
  export interface Library {
    /** `level` is the size of a block in 100,000 bytes; `workFactor` is libbzip2's, usually 30. */
    compressBZ2(bytes: Uint8Array, level: number, workFactor: number): Result;
    decompressBZ2(bytes: Uint8Array, small: number): Result;
    _free(address: number): void;
    /** Resolves with the library itself, hence never: `await` would wait for ever. */
    then(callback: (library: Library) => void): void;
  }
  const open: () => Library;
  export default open;
}
