/** A semaphore that limits how much is in progress at a time. First come, first served. */
export class Semaphore {
  readonly #all: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #whenAllFree: (() => void)[] = [];

  constructor(count: number) {
    this.#all = count;
    this.#free = count;
  }

  /** Resolves once a slot is acquired. */
  async acquire(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Runs `work` while holding a slot. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.acquire();
    try {
      return await work();
    } finally {
      this.release();
    }
  }

  /** Releases a slot. */
  release(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#free += 1;
    if (this.#free < this.#all) return;
    for (const resolve of this.#whenAllFree) resolve();
    this.#whenAllFree = [];
  }

  /** Resolves when no slot is taken. */
  async idle(): Promise<void> {
    if (this.#free < this.#all) await new Promise<void>((resolve) => this.#whenAllFree.push(resolve));
  }
}
