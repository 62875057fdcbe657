/** Measures bytes per second over the last few seconds, so that the display neither jumps nor lags. */
export class Speed {
  readonly #now: () => number;
  readonly #samples: { ms: number; bytes: number }[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Returns the speed after a total of `bytes`. */
  of(bytes: number): number {
    const ms = this.#now();
    this.#samples.push({ ms, bytes });
    while (this.#samples.length > 2 && ms - (this.#samples[0]?.ms ?? ms) > windowMs) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || ms <= first.ms) return 0;
    return Math.max(0, ((bytes - first.bytes) * 1000) / (ms - first.ms));
  }
}

const windowMs = 5_000;
