/** Requirements files and lock files: which format a file has, its name says. */
import { UsageError } from '../../core/errors.ts';
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
  // uv lock --script writes the second one.
  [/^uv\.lock$|\.py\.lock$/, parseUvLock],
  [/^poetry\.lock$/, parsePoetryLock],
];

const conda = 'its packages come from conda, not from an index: name those of pip in a requirements file';
const notPython = 'its packages are not those of Python; give a requirements file';

/** What is likely to be given and is not read, and what to do. By these names nobody calls a requirements file. */
const unread: readonly (readonly [name: RegExp, advice: string])[] = [
  [/^pdm(?:\..+)?\.lock$/, 'give the file that `pdm export -f pylock -o pylock.toml` writes'],
  [/^pixi\.lock$|conda-lock\.ya?ml$|^environment\.ya?ml$/, conda],
  [/^Pipfile$/, 'give the Pipfile.lock that `pipenv lock` writes'],
  [/^pyproject\.toml$/, 'give the lock file of it, or what `uv export -o requirements.txt` or pip-compile writes'],
  [/^setup\.(?:py|cfg)$/, 'give what pip-compile writes of it'],
  [/^(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?)$/, notPython],
  [/^(?:Cargo\.lock|Gemfile\.lock|composer\.lock|go\.sum|flake\.lock)$/, notPython],
];

/**
 * What the file at `path` asks for: `pylock.toml`, `pylock.<name>.toml`, `uv.lock`, `poetry.lock` and `Pipfile.lock` are
 * lock files, other formats are refused by their names, and any other name is that of a requirements file. Throws
 * {@link UsageError} with file and line.
 */
export function parseListedRequirements(path: string, reader: RequirementsReader): ListedRequirements {
  const read = (wanted: string): string => {
    const advice = wanted !== path && isLock(nameOf(wanted)) ? notIncluded : adviceOn(nameOf(wanted));
    if (advice !== undefined) throw new UsageError(`${wanted}: a file of this kind is not read: ${advice}`);
    return reader.read(wanted).replace(/^\ufeff/, '');
  };
  const name = nameOf(path);
  if (name === pipfileLock) return parsePipfileLock(read(path), path);
  const [, parse] = tomlLocks.find(([pattern]) => pattern.test(name)) ?? [];
  if (parse === undefined) return parseRequirementsFile(path, read);
  const text = read(path);
  return parse({ path, text, content: reader.parseToml(text, path) });
}

const pipfileLock = 'Pipfile.lock';
const notIncluded = 'a lock file is not included, name it in requirements of mirror.toml';

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function isLock(name: string): boolean {
  return name === pipfileLock || tomlLocks.some(([pattern]) => pattern.test(name));
}

function adviceOn(name: string): string | undefined {
  return unread.find(([pattern]) => pattern.test(name))?.[1];
}
