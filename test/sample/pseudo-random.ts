/** Bytes and numbers that look random and are the same in every run. */

import { createCipheriv, createHash } from 'node:crypto';

/** Returns incompressible bytes. The same seed gives the same bytes. */
export const pseudoRandomBytes = (seed: string, length: number): Buffer => {
  const key = createHash('md5').update(seed).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
};

/** Returns a generator of numbers in [0, 1) (mulberry32). */
export const pseudoRandomNumbers = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};
