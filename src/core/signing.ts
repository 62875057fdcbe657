/** Ed25519 signatures. Only the program that started the run knows the key. */

/** Returns the 64 bytes of the signature of `bytes`. */
export type Sign = (bytes: Uint8Array) => Uint8Array;

/** Returns true if `signature` is a valid signature of `bytes`. */
export type Verify = (bytes: Uint8Array, signature: Uint8Array) => boolean;
