/**
 * How much of the memory is taken by pages. Some kilobytes may unfold to a hundred megabytes of values, and hundreds of
 * projects are under way: who has no room yet waits, first come, first served. What is larger than all has all of it.
 *
 * A page stays open as long as the files of its project take to arrive. So large ones wait for each other alone, and what
 * is tiny, as the page of a project in quarantine, for nobody.
 */
export class MemoryBudget {
  readonly #large: Room;
  readonly #small: Room;
  readonly #tiny: number;

  /** Large pages have one half of `bytes`, small ones the other. */
  constructor(bytes: number) {
    this.#large = new Room(bytes / 2);
    this.#small = new Room(bytes / 2);
    this.#tiny = bytes / 8192;
  }

  /** Resolves once there is room; what `owner` had before is given back first, so that nobody waits while holding some. */
  async acquire(owner: string, bytes: number): Promise<void> {
    this.release(owner);
    if (bytes <= this.#tiny) return;
    await (bytes * 64 > this.#small.bytes ? this.#large : this.#small).take(owner, bytes);
  }

  /** Gives back all that `owner` has. */
  release(owner: string): void {
    this.#large.give(owner);
    this.#small.give(owner);
  }
}

class Room {
  readonly bytes: number;
  readonly #taken = new Map<string, number>();
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #free: number;

  constructor(bytes: number) {
    this.bytes = bytes;
    this.#free = bytes;
  }

  async take(owner: string, bytes: number): Promise<void> {
    const wanted = Math.min(bytes, this.bytes);
    if (this.#waiting.length > 0 || wanted > this.#free) {
      await new Promise<void>((resolve) => this.#waiting.push({ bytes: wanted, enter: resolve }));
    } else this.#free -= wanted;
    this.#taken.set(owner, wanted);
  }

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
