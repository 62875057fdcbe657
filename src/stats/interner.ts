/** Values that are spoken of by numbers: 0, 1, 2, … in the order of their first appearance. */
export class Interner<T> {
  readonly #numbers = new Map<string, number>();
  readonly #values: T[] = [];

  get size(): number {
    return this.#values.length;
  }

  /** In the order of their numbers. */
  get all(): readonly T[] {
    return this.#values;
  }

  has(key: string): boolean {
    return this.#numbers.has(key);
  }

  /** The number of the value with this key, which `make` makes when it is new. */
  intern(key: string, make: () => T): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#values.push(make()) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  get(number: number): T {
    return this.#values[number] as T;
  }
}
