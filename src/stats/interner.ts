/** Numbers values in the order of their first appearance: 0, 1, 2, … */
export class Interner<T> {
  readonly #numbers = new Map<string, number>();
  readonly #values: T[] = [];

  get size(): number {
    return this.#values.length;
  }

  /** The values in the order of their numbers. */
  get all(): readonly T[] {
    return this.#values;
  }

  has(key: string): boolean {
    return this.#numbers.has(key);
  }

  /** Returns the number of the value with this key. A new value is made by `make`. */
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
