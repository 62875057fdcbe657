/** Requirements files and lock files: which format a file has, its name says. */
import type { ListedRequirements } from './listed-requirement.ts';
import type { TomlLock } from './locked-package.ts';
import { parsePipfileLock } from './pipfile-lock.ts';
import { parsePoetryLock } from './poetry-lock.ts';
import { parsePylock } from './pylock.ts';
import { parseRequirementsFile } from './requirements-file.ts';
import { parseUvLock } from './uv-lock.ts';

/** How files are read. Both throw {@link UsageError}: when there is no such file, and for text that is not TOML. */
export interface RequirementsReader {
  /** The text of the file at `path`. */
  read(path: string): string;
  /** The value that `text`, which came from `path`, spells; integers as numbers or bigints. */
  parseToml(text: string, path: string): unknown;
}

const tomlLocks: readonly (readonly [name: RegExp, parse: (lock: TomlLock) => ListedRequirements])[] = [
  [/^pylock(?:\.[^.]+)?\.toml$/, parsePylock],
  [/^uv\.lock$/, parseUvLock],
  [/^poetry\.lock$/, parsePoetryLock],
];

/**
 * What the file at `path` asks for: `pylock.toml`, `pylock.<name>.toml`, `uv.lock`, `poetry.lock` and `Pipfile.lock` are
 * lock files, any other name is that of a requirements file. Throws {@link UsageError} with file and line.
 */
export function parseListedRequirements(path: string, reader: RequirementsReader): ListedRequirements {
  const read = (wanted: string): string => reader.read(wanted).replace(/^\ufeff/, '');
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === 'Pipfile.lock') return parsePipfileLock(read(path), path);
  const [, parse] = tomlLocks.find(([pattern]) => pattern.test(name)) ?? [];
  if (parse === undefined) return parseRequirementsFile(path, read);
  const text = read(path);
  return parse({ path, text, content: reader.parseToml(text, path) });
}
