/** Reads `TARGET/mirror.toml`. */
import { lstatSync, readlinkSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { hasCode, messageOf } from '../../core/caught-error.ts';
import { StorageError, UsageError } from '../../core/errors.ts';
import { suggestion } from '../../core/suggestion.ts';
import { tomlLines } from '../../formats/toml-lines.ts';
import { policyKeys } from '../../policy/parse-policy.ts';
import { readText } from './read-text.ts';
import { type SettingName, type SettingValue, settingNames } from './settings.ts';

/** The contents of `mirror.toml`. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
  readonly toml: Readonly<Record<string, unknown>>;
  /** Its settings. The policy keys are read by policy-file.ts. */
  readonly given: ReadonlyMap<SettingName, SettingValue>;
}

/**
 * Reads the file at `path`; a missing file counts as empty. Throws UsageError, with the line; StorageError if it
 * cannot be read.
 */
export function readConfigFile(path: string): ConfigFile {
  return parseConfigFile(textOf(path), path);
}

/** Parses `text`, which was read from `path`. Throws UsageError, with the line. */
export function parseConfigFile(text: string, path: string): ConfigFile {
  const toml = parseToml(text, path);
  const lineOf = tomlLines(text);
  const given = new Map<SettingName, SettingValue>();
  for (const [key, value] of Object.entries(toml)) {
    if (isPolicyKey(key)) continue;
    const where = `${path}:${lineOf(key)}`;
    const name = settingNames.find((known) => known === key);
    if (name === undefined) {
      const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
      const what = isSection ? `section [${key}]` : `key ${key}`;
      throw new UsageError(`${where}: unknown ${what}${suggestion(key, [...settingNames, ...policyKeys])}`);
    }
    const at = (keyPath: string): string => `${path}:${lineOf(keyPath)}`;
    given.set(name, { value: typeof value === 'bigint' ? Number(value) : value, where: `${where}: ${key}`, at });
  }
  return { path, text, toml, given };
}

function isPolicyKey(key: string): boolean {
  return (policyKeys as readonly string[]).includes(key);
}

function textOf(path: string): string {
  try {
    return readText(path);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return nothingAt(path);
    throw new StorageError(`${path}: cannot be read: ${messageOf(cause, 'unreadable')}`, { cause });
  }
}

/**
 * Returns the empty text of a missing file. Throws UsageError for a link whose target is missing: whoever put it there
 * chose something, and must not get a mirror of everything because the target is gone.
 */
function nothingAt(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return '';
  throw new UsageError(
    `${path}: is a link to ${readlinkSync(path)}, which is not there; bring it back, or remove the link`,
  );
}

/** Parses `text`, TOML that was read from `path`. Throws UsageError, with line and column. */
export function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.split('\n', 1)[0]?.replace(/^Invalid TOML document: /, '');
    throw new UsageError(`${path}:${cause.line}:${cause.column}: not valid TOML: ${reason}`, { cause });
  }
}
