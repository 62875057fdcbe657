/** Signatures by a key that only the program knows which started the run; both are Ed25519's. */

/** The 64 bytes of a signature. */
export type Sign = (bytes: Uint8Array) => Uint8Array;

/** Whether `signature` is that of `bytes`. */
export type Verify = (bytes: Uint8Array, signature: Uint8Array) => boolean;
