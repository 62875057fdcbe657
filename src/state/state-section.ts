/**
 * Sections group what the state remembers about the mirror as a whole. Every feature may read a section, but only its
 * owners may change it (`test/architecture.test.ts`). Each key is a row of one table, so no key is in two sections.
 */

/** The keys of a section, with values of `T`; every member of `T` is optional. */
export interface Section<T extends object> {
  readonly keys: readonly (keyof T & string)[];
  /** For the compiler alone. */
  readonly values?: T;
}

/** Makes a section. The code does not compile if a key of `T` is missing. */
export function section<T extends object>(keys: { readonly [K in keyof Required<T>]: true }): Section<T> {
  return { keys: Object.keys(keys) as (keyof T & string)[] };
}

/** New values of keys, to be remembered in one transaction; undefined forgets a key. Made by {@link change}. */
export interface Change {
  readonly values: Readonly<Record<string, unknown>>;
}

export const noChange: Change = { values: {} };

/** Returns the change that sets the given members of a section. */
export function change<T extends object>(_of: Section<T>, values: NoInfer<T>): Change {
  return { values: Object.fromEntries(Object.entries(values)) };
}

/** Returns several changes as one. */
export function join(...changes: readonly Change[]): Change {
  return { values: Object.fromEntries(changes.flatMap(({ values }) => Object.entries(values))) };
}
