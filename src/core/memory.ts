/**
 * How much of the memory is taken by pages. Some kilobytes may unfold to a hundred megabytes of values, and hundreds of
 * projects are under way: who has no room yet waits, first come, first served. What is larger than all has all of it.
 */
export class Memory {
  readonly #all: number;
  readonly #taken = new Map<string, number>();
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #free: number;

  constructor(bytes: number) {
    this.#all = bytes;
    this.#free = bytes;
  }

  /** Resolves once there is room; what `owner` had before is given back first, so that nobody waits while holding some. */
  async take(owner: string, bytes: number): Promise<void> {
    this.give(owner);
    const wanted = Math.min(bytes, this.#all);
    if (this.#waiting.length > 0 || wanted > this.#free) {
      await new Promise<void>((resolve) => this.#waiting.push({ bytes: wanted, enter: resolve }));
    } else this.#free -= wanted;
    this.#taken.set(owner, wanted);
  }

  /** Gives back all that `owner` has. */
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
