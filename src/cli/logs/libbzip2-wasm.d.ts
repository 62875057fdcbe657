declare module 'libbzip2-wasm' {
  export interface Result {
    /** 0 if the call succeeded. */
    readonly error: number;
    readonly errorMsg: string;
    /** A view of the library's memory, allocated for this result. Free it by its `byteOffset`. */
    readonly output: Uint8Array;
    /** Frees the result itself. */
    delete(): void;
  }
  export interface Library {
    /** `level` is the block size in units of 100,000 bytes. `workFactor` is that of libbzip2, usually 30. */
    compressBZ2(bytes: Uint8Array, level: number, workFactor: number): Result;
    decompressBZ2(bytes: Uint8Array, small: number): Result;
    _free(address: number): void;
    /** Calls back with the library itself, so `await` would wait for ever. */
    then(callback: (library: Library) => void): void;
  }
  const open: () => Library;
  export default open;
}
