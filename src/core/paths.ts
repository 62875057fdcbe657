/**
 * Paths below `web/`. Nothing that upstream sends becomes a path except through this file. A path is assembled from
 * parts that were each matched against the forms that PyPI uses, so a hostile index cannot name a path outside of
 * `web/packages`.
 */
import type { ProjectName } from './names.ts';
import { type SidecarKind, sidecarKinds, sidecars } from './sidecars.ts';

declare const checked: unique symbol;

/**
 * A slash-separated path relative to `web/`. Those of what an index names come from {@link blobPath} or
 * {@link pathByHash}, free of `..`, control characters and hidden names; all others are ours. The stores look again at
 * what they are given.
 */
export type WebPath = string & { readonly [checked]: true };

const hashFolder = /^packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}$/;
/** The layout of 2011, `packages/<python>/<letter>/<project>`, still found on mirrors of that time. */
const legacyFolder = /^packages\/[A-Za-z0-9][A-Za-z0-9.]{0,15}\/[A-Za-z0-9]\/[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
/** Printable ASCII without separators, quotes and `%`; no leading dot or dash. */
const fileName = /^[A-Za-z0-9_][A-Za-z0-9._+!~@=,() -]*$/;
const wrongCharacter = /[^A-Za-z0-9._+!~@=,() -]/;
/** The suffixes of all distributions that PyPI has ever accepted, and of the variants file of PEP 825. */
const fileSuffix = /(?:\.(?:whl|tar\.gz|zip|egg|exe|bz2|tgz|rpm|deb|dmg|msi|tar\.xz|tar\.z|tbz)|-variants\.json)$/i;
/** Maximum length of a name in bytes that every usual file system accepts. */
const maxNameBytes = 255;

/** Returns true if `name` is a file name that a mirror may create. */
export function isFileName(name: string): boolean {
  return fileNameProblem(name) === undefined;
}

/** Returns the reason why a mirror cannot create a file called `name`, for people, or undefined if it can. */
export function fileNameProblem(name: string): string | undefined {
  if (name === '') return 'its name is empty';
  if (!fileName.test(name)) {
    const wrong = firstWrongCharacter(name);
    return wrong === undefined
      ? `its name begins with ${shownCharacter(name.charAt(0))}`
      : `its name has ${shownCharacter(wrong)}`;
  }
  const tooMany = name.length - maxNameBytes;
  if (tooMany > 0) return `its name is ${tooMany} bytes longer than the ${maxNameBytes} that file systems take`;
  return fileSuffix.test(name) ? undefined : 'its name does not end as that of a distribution';
}

function firstWrongCharacter(name: string): string | undefined {
  const at = name.search(wrongCharacter);
  return at < 0 ? undefined : String.fromCodePoint(name.codePointAt(at) ?? 0);
}

/** Returns for example `the character # (U+0023)`. Characters that cannot be printed are shown by number only. */
function shownCharacter(character: string): string {
  const number = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return /^[!-~]$/.test(character) ? `the character ${character} (${number})` : `the character ${number}`;
}

/**
 * Returns the path below `web/` of the file that upstream serves at `url` as `filename`. Returns undefined if URL and
 * name disagree, or PyPI uses no such folder.
 */
export function blobPath(url: URL, filename: string): WebPath | undefined {
  if (!isFileName(filename)) return undefined;
  const start = url.pathname.lastIndexOf('/packages/');
  const end = url.pathname.lastIndexOf('/');
  if (start < 0 || end <= start) return undefined;
  const folder = url.pathname.slice(start + 1, end);
  if (!hashFolder.test(folder) && !legacyFolder.test(folder)) return undefined;
  if (decodedOrUndefined(url.pathname.slice(end + 1)) !== filename) return undefined;
  return `${folder}/${filename}` as WebPath;
}

/**
 * Returns the path of the file `filename` with this sha256, for indexes whose URLs are not like PyPI's. Returns
 * undefined if the name is invalid.
 */
export function pathByHash(sha256: string, filename: string): WebPath | undefined {
  const [, first, second, rest] = /^([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{60})$/.exec(sha256) ?? [];
  if (first === undefined || !isFileName(filename)) return undefined;
  return `packages/${first}/${second}/${rest}/${filename}` as WebPath;
}

/** Returns true if `text` is the path of a file, as {@link blobPath} and {@link pathByHash} return it. */
export function isBlobPath(text: string): text is WebPath {
  const end = text.lastIndexOf('/');
  const folder = text.slice(0, end);
  return isFileName(text.slice(end + 1)) && (hashFolder.test(folder) || legacyFolder.test(folder));
}

/** Returns the last part of a path. */
export function filenameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Returns true for today's layout, in which a path determines the content. The layout of 2011 does not. */
export function isHashedPath(path: WebPath): boolean {
  return hashFolder.test(path.slice(0, path.lastIndexOf('/')));
}

function decodedOrUndefined(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The folders of all pages, of all files, and of the pieces of the change feed. */
export const simpleRoot = 'simple' as WebPath;
export const packagesRoot = 'packages' as WebPath;
export const changesRoot = 'changes' as WebPath;

/** The folder `web/` itself. */
export const webRoot = '' as WebPath;

/** Returns the path of `name` in `folder`. The name must come from the disk or this program, never from an index. */
export function childPath(folder: WebPath, name: string): WebPath {
  return (folder === webRoot ? name : `${folder}/${name}`) as WebPath;
}

/**
 * Returns the path that the key of an object names below `web/`; undefined if it could lead elsewhere, as a key may be
 * anything.
 */
export function pathOfKey(key: string): WebPath | undefined {
  return key.split('/').some((name) => /^\.{0,2}$/.test(name)) ? undefined : (key as WebPath);
}

/** Returns the folder that a path lies in, or undefined for one directly below `web/`. */
export function folderOf(path: WebPath): WebPath | undefined {
  const end = path.lastIndexOf('/');
  return end < 0 ? undefined : (path.slice(0, end) as WebPath);
}

/** `simple/<project>`: the folder with the pages of one project. */
export function projectFolder(name: ProjectName): WebPath {
  return childPath(simpleRoot, name);
}

/** The folder of the legacy JSON, with one folder for each project. */
export const legacyRoot = 'pypi' as WebPath;

/** Returns `pypi/<project>`, the folder with the legacy JSON of one project. */
export function legacyJsonFolder(name: ProjectName): WebPath {
  return `${legacyRoot}/${name}` as WebPath;
}

/** Returns the path of a file in `pypi/<project>`: `json`, the `serial` served with it, or the `json` of a release. */
export function legacyPath(name: ProjectName, file: 'json' | 'serial' | `${string}/json`): WebPath {
  return `${legacyJsonFolder(name)}/${file}` as WebPath;
}

/** The file names of a page, each plain one before its twin. */
export const pageFiles = ['index.html', 'index.html.gz', 'index.v1_json', 'index.v1_json.gz'] as const;
export type PageFile = (typeof pageFiles)[number];

/** Returns `simple/<project>/<page>`, or the path of the root index if no project is given. */
export function pagePath(page: PageFile, name?: ProjectName): WebPath {
  return (name === undefined ? `simple/${page}` : `simple/${name}/${page}`) as WebPath;
}

/** The files in which a mirror describes itself. */
export const ownFiles = [
  'last-modified',
  'mirror-status.json',
  'removed.json',
  'changes.json',
  'local.json',
  'local.db.serial',
  'index.html',
  'not-found.html',
  'status/index.html',
  'local-stats/index.html',
  'site.css',
  'site.js',
  'site.svg',
  'snapshot.json',
  'snapshot.json.sig',
] as const;
export type OwnFile = (typeof ownFiles)[number];

/** Returns the path of a file of the mirror itself, outside of the index. */
export function ownPath(name: OwnFile): WebPath {
  return name as WebPath;
}

const ownName = /^[A-Za-z0-9_][A-Za-z0-9._+-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._+-]*)*$/;
const ofProject = /^(?:packages|pypi)\/|^simple\/(?!index\.[^/]*$)/;

/** Returns `text` as the path of a file of the mirror as a whole; undefined if it is of a project, or cannot be one. */
export function mirrorPath(text: string): WebPath | undefined {
  return ownName.test(text) && !ofProject.test(text) ? (text as WebPath) : undefined;
}

/** Returns the path of the downloads of one day, `YYYY-MM-DD` (PEP 381). */
export function localStatsPath(day: string): WebPath {
  return `local-stats/days/${day}.bz2` as WebPath;
}

/** The folder of the statistics. */
export const statsRoot = 'local-stats' as WebPath;

/** The folder with the downloads of each day. */
export const statsDaysFolder = 'local-stats/days' as WebPath;

/** The path of the summary of the downloads of all days. */
export const statsSummaryPath = 'local-stats/summary.json' as WebPath;

/** The tables of the statistics. */
export type StatsTable = 'days' | 'projects' | 'files' | 'installers' | 'python' | 'systems';

/** Returns the path of a table of the statistics, as CSV. */
export function statsTablePath(table: StatsTable): WebPath {
  return `local-stats/${table}.csv` as WebPath;
}

/** Returns the path of the sidecar of `file`. */
export function sidecarPath(file: WebPath, kind: SidecarKind): WebPath {
  return `${file}${sidecars[kind].suffix}` as WebPath;
}

/** Returns the paths of the sidecars of these kinds, whether they exist or not. */
export function sidecarPaths(file: WebPath, kinds: readonly SidecarKind[] = sidecarKinds): WebPath[] {
  return kinds.map((kind) => sidecarPath(file, kind));
}

/** A file, and all that may lie beside it. */
export function withSidecars(file: WebPath, kinds: readonly SidecarKind[] = sidecarKinds): WebPath[] {
  return [file, ...sidecarPaths(file, kinds)];
}

/** Returns the file that the sidecar at `path` belongs to; undefined if the name is not that of a sidecar. */
export function ownerOfSidecar(path: WebPath): { readonly file: WebPath; readonly kind: SidecarKind } | undefined {
  const kind = sidecarKinds.find((kind) => path.endsWith(sidecars[kind].suffix));
  return kind && { file: path.slice(0, -sidecars[kind].suffix.length) as WebPath, kind };
}

/** Returns true if file systems accept the name of a sidecar. With the longest file names they do not. */
export function isSidecarNamePossible(sidecar: WebPath): boolean {
  return filenameOf(sidecar).length <= maxNameBytes;
}

/** Returns `path` as part of a URL, with every segment percent-encoded. */
export function urlPath(path: WebPath): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** From the page of a project to the folder that is served. */
const toRoot = '../../';

/** Returns the link from the page of a project to a file of this mirror. */
export function linkToFile(path: WebPath): string {
  return `${toRoot}${urlPath(path)}`;
}

/** Returns true if a link on our page leads to this mirror. */
export function isOwnLink(link: string): boolean {
  return link.startsWith(toRoot);
}

/** The address below `base` of what `link` leads to, where that is a link to this mirror; else `link` itself. */
export function resolveOwnLink(link: string, base: string): string {
  return isOwnLink(link) ? `${base}${link.slice(toRoot.length)}` : link;
}

/** The path that a link to this mirror leads to, on a page of ours. */
export function pathOfOwnLink(link: string): WebPath {
  return decodeURIComponent(link.replace(toRoot, '')) as WebPath;
}

/** The place of the file that a page at `base` lists; undefined when it links to none that a mirror can have. */
export function listedPath({ url, filename }: ListedFile, base: string): WebPath | undefined {
  return URL.canParse(url, base) ? blobPath(new URL(url, base), filename) : undefined;
}

/** The same for our page of `project`. */
export function pathOnOwnPage(file: ListedFile, project: ProjectName): WebPath | undefined {
  // Nearly all links have no percent-escape, and parsing a URL takes long.
  const path = file.url.slice(toRoot.length);
  if (isOwnLink(file.url) && isBlobPath(path) && filenameOf(path) === file.filename) return path;
  return listedPath(file, `https://mirror.invalid/${projectFolder(project)}/`);
}

interface ListedFile {
  readonly url: string;
  readonly filename: string;
}
