/**
 * Reads `Pipfile.lock` with a specification up to 6: JSON with packages by name in categories, of which `default` and
 * `develop` always exist. A package with a version comes from an index, which is the first of `_meta.sources` unless it
 * names another one.
 */
import { messageOf } from '../../core/caught-error.ts';
import { UsageError } from '../../core/errors.ts';
import { extraName } from '../../packaging/marker.ts';
import { parseSpecifier } from '../../packaging/specifier.ts';
import type { JsonObject } from '../json.ts';
import { type ListedRequirement, type ListedRequirements, shown } from './listed-requirement.ts';
import { type LockedPackage, listOrNone, listPackages, lockedRequirement, tableOf } from './locked-package.ts';

/**
 * The specifications that can be read. They differ only in what their hash covers. It may be missing after a merge or
 * an edit by hand, since pipenv itself does not check it.
 */
const specifications: ReadonlySet<unknown> = new Set([1, 2, 3, 4, 5, 6]);
const placesOutside = ['path', 'git', 'hg', 'svn', 'bzr', 'editable'];

/** Returns the requirements in the lock file. Throws {@link UsageError}. */
export function parsePipfileLock(text: string, path: string): ListedRequirements {
  const { _meta, ...categories } = tableOf(parseJson(text, path), 'a JSON object', `${path}:1`);
  const meta = tableOf(_meta, '_meta', `${path}:1`);
  const specification = meta['pipfile-spec'];
  if (specification !== undefined && !specifications.has(specification)) {
    throw new UsageError(
      `${path}:1: expected pipfile-spec 6 or before, found ${shown(specification)}; give a requirements file that pipenv exports`,
    );
  }
  const sources = sourcesOf(meta, `${path}:1`);
  return listPackages(path, packagesOf(categories, text, path), (one) => readPackage(one, sources));
}

/** The addresses of indexes by name. The first is used for packages that name none. */
type Sources = ReadonlyMap<unknown, string>;

function sourcesOf({ sources }: JsonObject, where: string): Sources {
  const tables = listOrNone(sources, 'sources', where).map((source) => tableOf(source, 'a source', where));
  return new Map(
    tables.map(({ name, url }) => {
      if (typeof url === 'string') return [name, url];
      throw new UsageError(`${where}: expected the address of an index, found ${shown(url)}`);
    }),
  );
}

/** Returns the address of an index. For an unknown index it is the name. */
function addressOf(index: unknown, sources: Sources): string | undefined {
  if (index === undefined) return [...sources.values()][0];
  return sources.get(index) ?? (typeof index === 'string' ? index : undefined);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = messageOf(cause, 'unreadable');
    const [, position] = /at position (\d+)/.exec(reason) ?? [];
    const line = position === undefined ? '' : `:${text.slice(0, Number(position)).split('\n').length}`;
    throw new UsageError(`${path}${line}: expected JSON: ${reason}; write the lock file anew`, { cause });
  }
}

function packagesOf(categories: JsonObject, text: string, path: string): LockedPackage[] {
  const lines = keyLines(text, new Set(Object.keys(categories)));
  return Object.entries(categories).flatMap(([category, packages]) =>
    Object.entries(tableOf(packages, `packages in ${shown(category)}`, `${path}:1`)).map(([name, value]) => {
      const where = `${path}:${lines.get(`${category} ${name}`) ?? 1}`;
      // The name of a package is its key, not a member.
      return { table: { ...tableOf(value, 'a package', where), name }, where };
    }),
  );
}

/** Returns the lines of packages, by category and name, in a file as pipenv writes it, with one key per line. */
function keyLines(text: string, categories: ReadonlySet<string>): Map<string, number> {
  const lines = new Map<string, number>();
  let category = '';
  for (const [index, line] of text.split('\n').entries()) {
    const [, key] = /^[ \t]*"([^"\\]*)"[ \t]*:[ \t]*\{/.exec(line) ?? [];
    if (key === undefined) continue;
    if (categories.has(key)) category = key;
    else if (!lines.has(`${category} ${key}`)) lines.set(`${category} ${key}`, index + 1);
  }
  return lines;
}

function readPackage({ table, where }: LockedPackage, sources: Sources): ListedRequirement | string {
  const outside = placesOutside.find((place) => Object.hasOwn(table, place));
  if (outside !== undefined) return `it comes from ${outside}, not from an index`;
  const url = typeof table.file === 'string' && /^https?:/i.test(table.file) ? table.file : undefined;
  if (table.file !== undefined && url === undefined) return 'it comes from a file, not from an index';
  const markers = table.markers === undefined ? [] : [table.markers];
  const hashes = listOrNone(table.hashes, 'hashes', where);
  const address = addressOf(table.index, sources);
  const index = address === undefined ? undefined : { address };
  const listed = lockedRequirement({ name: table.name, version: undefined, markers, hashes, url, index }, where);
  const specifier = specifierOf(table.version, where);
  const extras = listOrNone(table.extras, 'extras', where).map((extra) => extraOf(extra, where));
  return { ...listed, requirement: { ...listed.requirement, specifier, extras } };
}

/** Returns the specifier. A version includes its operator; an unpinned package has `*` or no version. */
function specifierOf(version: unknown, where: string): ListedRequirement['requirement']['specifier'] {
  const text = version === undefined || version === '*' ? '' : version;
  const specifier = typeof text === 'string' ? parseSpecifier(text) : undefined;
  if (specifier === undefined) {
    throw new UsageError(`${where}: expected a version such as "==1.0", found ${shown(version)}`);
  }
  return specifier;
}

function extraOf(extra: unknown, where: string): string {
  if (typeof extra !== 'string') throw new UsageError(`${where}: expected the name of an extra, found ${shown(extra)}`);
  return extraName(extra);
}
