/**
 * Reads values of `mirror.toml`, whose types are not known yet, and knows their lines. All readers throw UsageError.
 */
import { UsageError } from '../core/errors.ts';
import { suggestion } from '../core/suggestion.ts';

/** A value and its path in the file: `releases.keep`, `rule.0.projects.2`. */
export interface ConfigValue {
  readonly value: unknown;
  readonly path: string;
  /** Returns the location of a path: `mirror.toml:12`. */
  readonly at: (keyPath: string) => string;
}

/** Returns the location of the value, such as `mirror.toml:12`. */
export function locationOf({ at, path }: ConfigValue): string {
  return at(path);
}

/** Returns the path without list positions, as a person wrote it. */
export function keyPathOf({ path }: ConfigValue): string {
  return path.replace(/\.\d+(?=\.|$)/g, '');
}

/** Throws UsageError: `expected` was expected, and `given` found. */
export function unexpected(given: ConfigValue, expected: string): never {
  return invalid(given, `expected ${expected}, found ${show(given.value)}`);
}

/** Throws UsageError with the location and key of the value, and `problem`. */
export function invalid(given: ConfigValue, problem: string): never {
  throw new UsageError(`${locationOf(given)}: ${keyPathOf(given)}: ${problem}`);
}

/** Returns the members of a table, which may have only `keys`. Without a table there are none. Throws UsageError. */
export function fieldsOf<Key extends string>(
  given: ConfigValue | undefined,
  keys: readonly Key[],
): ReadonlyMap<Key, ConfigValue> {
  const fields = new Map<Key, ConfigValue>();
  if (given === undefined) return fields;
  if (!isTable(given.value)) return unexpected(given, `a table [${keyPathOf(given)}]`);
  for (const [name, value] of Object.entries(given.value)) {
    const key = keys.find((known) => known === name);
    const field = { value, path: `${given.path}.${name}`, at: given.at };
    if (key === undefined) {
      throw new UsageError(`${locationOf(field)}: ${keyPathOf(given)}: unknown key ${name}${suggestion(name, keys)}`);
    }
    fields.set(key, field);
  }
  return fields;
}

/** Returns the tables of `[[name]]`. Throws UsageError. */
export function tablesOf(given: ConfigValue | undefined): ConfigValue[] {
  if (given === undefined) return [];
  const { value } = given;
  if (!Array.isArray(value) || !value.every(isTable)) return unexpected(given, `tables [[${keyPathOf(given)}]]`);
  return itemsOf(given);
}

/** Returns the members of a list. A value that is no list counts as a list of one. */
export function itemsOf(given: ConfigValue | undefined): ConfigValue[] {
  if (given === undefined) return [];
  if (!Array.isArray(given.value)) return [given];
  return given.value.map((value: unknown, index) => ({ value, path: `${given.path}.${index}`, at: given.at }));
}

/** Returns a text that is not empty. Throws UsageError. */
export function textOf(given: ConfigValue): string {
  return typeof given.value === 'string' && given.value !== '' ? given.value : unexpected(given, 'a text');
}

/** Returns true or false. Throws UsageError. */
export function flagOf(given: ConfigValue): boolean {
  return typeof given.value === 'boolean' ? given.value : unexpected(given, 'true or false');
}

/** Returns a whole number of at least `least`. Throws UsageError. */
export function countOf(given: ConfigValue, least: number): number {
  const { value } = given;
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
  return isCount ? value : unexpected(given, `a whole number from ${least} on`);
}

/** Returns one of `words`. Throws UsageError. */
export function oneOf<Word extends string>(given: ConfigValue, words: readonly Word[]): Word {
  const word = words.find((known) => known === given.value);
  return word ?? unexpected(given, words.map((known) => JSON.stringify(known)).join(' or '));
}

/** Returns `named(text)` of a text. Throws UsageError if that is undefined; the message suggests one of `known`. */
export function namedOf<T>(
  given: ConfigValue,
  named: (text: string) => T | undefined,
  what: string,
  known: readonly string[],
) {
  const text = textOf(given);
  return named(text) ?? invalid(given, `expected ${what}, found ${show(text)}${suggestion(text, known)}`);
}

/** Returns a setting as a person would write it: `keep = 3`. */
export function settingText(given: ConfigValue): string {
  const key = given.path.slice(given.path.lastIndexOf('.') + 1);
  return `${key} = ${show(given.value)}`;
}

/** Returns the value roughly as TOML has it, shortened for messages. */
export function show(value: unknown): string {
  const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item));
  const spaced = Array.isArray(value)
    ? `[${value.map((item: unknown) => show(item)).join(', ')}]`
    : (text ?? 'nothing');
  return spaced.length > 80 ? `${spaced.slice(0, 79)}…` : spaced;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
