/**
 * Limits the memory taken by pages. Some kilobytes of JSON may become a hundred megabytes of values, and hundreds of
 * projects are in progress. Whoever finds no room waits, first come, first served. A page larger than the budget takes
 * all of it.
 *
 * A page stays in memory until the files of its project have arrived. Therefore large pages wait only for each other,
 * and tiny pages, such as those of quarantined projects, wait for nobody.
 */
export class MemoryBudget {
  readonly #large: ByteBudget;
  readonly #small: ByteBudget;
  readonly #tiny: number;

  /** Large pages share one half of `bytes`, small pages the other. */
  constructor(bytes: number) {
    this.#large = new ByteBudget(bytes / 2);
    this.#small = new ByteBudget(bytes / 2);
    this.#tiny = bytes / 8192;
  }

  /**
   * Resolves once there is room. What `owner` held before is released first, so that nobody waits while holding room.
   */
  async acquire(owner: string, bytes: number): Promise<void> {
    this.release(owner);
    if (bytes <= this.#tiny) return;
    await (bytes * 64 > this.#small.bytes ? this.#large : this.#small).take(owner, bytes);
  }

  /** Releases all that `owner` holds. */
  release(owner: string): void {
    this.#large.give(owner);
    this.#small.give(owner);
  }
}

/** A number of bytes that owners share. First come, first served: whoever finds no room waits. */
export class ByteBudget {
  readonly bytes: number;
  readonly #taken = new Map<string, number>();
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #free: number;

  constructor(bytes: number) {
    this.bytes = bytes;
    this.#free = bytes;
  }

  /** Resolves once `owner`, which holds nothing yet, has room for `bytes`; for more than there is, with all of it. */
  async take(owner: string, bytes: number): Promise<void> {
    const reserved = Math.min(bytes, this.bytes);
    if (this.#waiting.length > 0 || reserved > this.#free) {
      await new Promise<void>((resolve) => this.#waiting.push({ bytes: reserved, enter: resolve }));
    } else this.#free -= reserved;
    this.#taken.set(owner, reserved);
  }

  /** Releases what `owner` holds, if anything. */
  give(owner: string): void {
    this.#free += this.#taken.get(owner) ?? 0;
    this.#taken.delete(owner);
    for (let next = this.#waiting[0]; next !== undefined && next.bytes <= this.#free; next = this.#waiting[0]) {
      this.#free -= next.bytes;
      this.#waiting.shift();
      next.enter();
    }
  }
}
