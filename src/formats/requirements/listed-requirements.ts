/** Reads requirements files and lock files. The name of a file determines its format. */
import { UsageError } from '../../core/errors.ts';
import type { ListedRequirements } from './listed-requirement.ts';
import type { TomlLock } from './locked-package.ts';
import { parsePipfileLock } from './pipfile-lock.ts';
import { parsePoetryLock } from './poetry-lock.ts';
import { parsePylock } from './pylock.ts';
import { parseRequirementsFile } from './requirements-file.ts';
import { parseUvLock } from './uv-lock.ts';

/** Functions to read files. Both throw {@link UsageError}: if there is no such file, or if text is not TOML. */
export interface RequirementsReader {
  /** Returns the text of the file at `path`. */
  read(path: string): string;
  /** Returns the value of the TOML in `text`, which came from `path`. Integers are numbers or bigints. */
  parseToml(text: string, path: string): unknown;
}

const tomlLocks: readonly (readonly [name: RegExp, parse: (lock: TomlLock) => ListedRequirements])[] = [
  [/^pylock(?:\.[^.]+)?\.toml$/, parsePylock],
  // `uv lock --script` writes the second name.
  [/^uv\.lock$|\.py\.lock$/, parseUvLock],
  [/^poetry\.lock$/, parsePoetryLock],
];

const conda = 'its packages come from conda, not from an index: name those of pip in a requirements file';
const notPython = 'its packages are not those of Python; give a requirements file';

/** Files that people may give but that are not supported, with advice. Nobody names a requirements file like this. */
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
 * Returns the requirements in the file at `path`. `pylock.toml`, `pylock.<name>.toml`, `uv.lock`, `poetry.lock` and
 * `Pipfile.lock` are lock files, some other formats are refused by name, and any other name is a requirements file.
 * Throws {@link UsageError} with file and line.
 */
export function parseListedRequirements(path: string, reader: RequirementsReader): ListedRequirements {
  const read = (included: string): string => {
    const advice = included !== path && isLock(nameOf(included)) ? notIncluded : adviceOn(nameOf(included));
    if (advice !== undefined) throw new UsageError(`${included}: a file of this kind is not read: ${advice}`);
    return reader.read(included).replace(/^\ufeff/, '');
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
