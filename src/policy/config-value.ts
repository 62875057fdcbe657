/** Values of `mirror.toml` that nobody has looked at, and where they stand. All of these throw UsageError. */
import { UsageError } from '../core/errors.ts';
import { suggestion } from '../core/suggestion.ts';

/** A value and its path in the file: `releases.keep`, `rule.0.projects.2`. */
export interface ConfigValue {
  readonly value: unknown;
  readonly path: string;
  /** Where a path stands: `mirror.toml:12`. */
  readonly at: (keyPath: string) => string;
}

/** Where the value stands. */
export function locationOf({ at, path }: ConfigValue): string {
  return at(path);
}

/** The path without the positions in lists: what a person wrote. */
export function keyPathOf({ path }: ConfigValue): string {
  return path.replace(/\.\d+(?=\.|$)/g, '');
}

/** Says that something else was `expected`. */
export function unexpected(given: ConfigValue, expected: string): never {
  return invalid(given, `expected ${expected}, found ${show(given.value)}`);
}

/** Says what is wrong. */
export function invalid(given: ConfigValue, problem: string): never {
  throw new UsageError(`${locationOf(given)}: ${keyPathOf(given)}: ${problem}`);
}

/** The members of a table, which may have `keys` alone. Undefined when there is no table. */
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

/** The tables of `[[name]]`. */
export function tablesOf(given: ConfigValue | undefined): ConfigValue[] {
  if (given === undefined) return [];
  const { value } = given;
  if (!Array.isArray(value) || !value.every(isTable)) return unexpected(given, `tables [[${keyPathOf(given)}]]`);
  return itemsOf(given);
}

/** The members of a list; a value by itself is a list of one. */
export function itemsOf(given: ConfigValue | undefined): ConfigValue[] {
  if (given === undefined) return [];
  if (!Array.isArray(given.value)) return [given];
  return given.value.map((value: unknown, index) => ({ value, path: `${given.path}.${index}`, at: given.at }));
}

/** A text that is not empty. */
export function textOf(given: ConfigValue): string {
  return typeof given.value === 'string' && given.value !== '' ? given.value : unexpected(given, 'a text');
}

/** True or false. */
export function flagOf(given: ConfigValue): boolean {
  return typeof given.value === 'boolean' ? given.value : unexpected(given, 'true or false');
}

/** A whole number from `least` on. */
export function countOf(given: ConfigValue, least: number): number {
  const { value } = given;
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
  return isCount ? value : unexpected(given, `a whole number from ${least} on`);
}

/** One of `words`. */
export function oneOf<Word extends string>(given: ConfigValue, words: readonly Word[]): Word {
  const word = words.find((known) => known === given.value);
  return word ?? unexpected(given, words.map((known) => JSON.stringify(known)).join(' or '));
}

/** What `named` makes of a text; `known` are its main words, for messages. */
export function namedOf<T>(
  given: ConfigValue,
  named: (text: string) => T | undefined,
  what: string,
  known: readonly string[],
) {
  const text = textOf(given);
  return named(text) ?? invalid(given, `expected ${what}, found ${show(text)}${suggestion(text, known)}`);
}

/** A setting as one would write it: `keep = 3`. */
export function settingText(given: ConfigValue): string {
  const key = given.path.slice(given.path.lastIndexOf('.') + 1);
  return `${key} = ${show(given.value)}`;
}

/** As TOML would have it, and not too long for a message. */
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
