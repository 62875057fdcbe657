/**
 * Paths below `web/`. Nothing that upstream says becomes a path except through this file: a path is assembled from
 * parts that were each matched against what PyPI uses, so a hostile index cannot name a place outside `web/packages`.
 */
import type { ProjectName } from './names.ts';
import { type SidecarKind, sidecarKinds, sidecars } from './sidecars.ts';

declare const checked: unique symbol;

/** A slash-separated path relative to `web/`, free of `..`, control characters and hidden names. */
export type WebPath = string & { readonly [checked]: true };

const hashFolder = /^packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}$/;
/** The layout of 2011, `packages/<python>/<letter>/<project>`, still found on mirrors of that time. */
const legacyFolder = /^packages\/[A-Za-z0-9][A-Za-z0-9.]{0,15}\/[A-Za-z0-9]\/[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
/** Printable ASCII without separators, quotes and `%`; no leading dot or dash. */
const fileName = /^[A-Za-z0-9_][A-Za-z0-9._+!~@=,() -]*$/;
const wrongCharacter = /[^A-Za-z0-9._+!~@=,() -]/;
/** What PyPI has ever accepted as a distribution, and the variants file of PEP 825. */
const fileSuffix = /(?:\.(?:whl|tar\.gz|zip|egg|exe|bz2|tgz|rpm|deb|dmg|msi|tar\.xz|tar\.z|tbz)|-variants\.json)$/i;
/** Bytes that a name may have in every usual file system. */
const longestName = 255;

/** True when `name` is a file name that a mirror may create. */
export function isFileName(name: string): boolean {
  return fileNameProblem(name) === undefined;
}

/** What keeps a mirror from creating a file called `name`, for people; undefined when nothing does. */
export function fileNameProblem(name: string): string | undefined {
  if (name === '') return 'its name is empty';
  if (!fileName.test(name)) {
    const wrong = firstWrongCharacter(name);
    return wrong === undefined ? `its name begins with ${told(name.charAt(0))}` : `its name has ${told(wrong)}`;
  }
  const tooMany = name.length - longestName;
  if (tooMany > 0) return `its name is ${tooMany} bytes longer than the ${longestName} that file systems take`;
  return fileSuffix.test(name) ? undefined : 'its name does not end as that of a distribution';
}

function firstWrongCharacter(name: string): string | undefined {
  const at = name.search(wrongCharacter);
  return at < 0 ? undefined : String.fromCodePoint(name.codePointAt(at) ?? 0);
}

/** `"#" (U+0023)`; what cannot be printed is told by its number. */
function told(character: string): string {
  const number = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return /^[!-~]$/.test(character) ? `the character ${character} (${number})` : `the character ${number}`;
}

/**
 * The place below `web/` of the file that upstream serves at `url` under the name `filename`,
 * or undefined when URL and name disagree or the folder is none that PyPI uses.
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

/** The place of the file `filename` with this sha256 of an index whose addresses are not PyPI's; undefined for a wrong name. */
export function pathByHash(sha256: string, filename: string): WebPath | undefined {
  const [, first, second, rest] = /^([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{60})$/.exec(sha256) ?? [];
  if (first === undefined || !isFileName(filename)) return undefined;
  return `packages/${first}/${second}/${rest}/${filename}` as WebPath;
}

/** True for the place of a file: what {@link blobPath} and {@link pathByHash} may have made. */
export function isBlobPath(text: string): text is WebPath {
  const end = text.lastIndexOf('/');
  const folder = text.slice(0, end);
  return isFileName(text.slice(end + 1)) && (hashFolder.test(folder) || legacyFolder.test(folder));
}

/** The last part of a path, or of that of a URL. */
export function filenameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** True for today's layout, in which a path stands for one content; that of 2011 says nothing of it. */
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

/** Where all pages lie, all files, and the pieces of the change feed. */
export const simpleRoot = 'simple' as WebPath;
export const packagesRoot = 'packages' as WebPath;
export const changesRoot = 'changes' as WebPath;

/** What lies in `folder` under `name`, which the disk or this program says, and never an index. */
export function childPath(folder: WebPath, name: string): WebPath {
  return `${folder}/${name}` as WebPath;
}

/** `simple/<project>`: the folder with the pages of one project. */
export function projectFolder(name: ProjectName): WebPath {
  return childPath(simpleRoot, name);
}

/** Where the legacy JSON lies, one folder for each project. */
export const legacyRoot = 'pypi' as WebPath;

/** `pypi/<project>`: the folder with the legacy JSON of one project. */
export function legacyJsonFolder(name: ProjectName): WebPath {
  return `${legacyRoot}/${name}` as WebPath;
}

/** What `pypi/<project>` has: `json`, the `serial` that is served with it, and a folder with a `json` for each release. */
export function legacyPath(name: ProjectName, file: 'json' | 'serial' | `${string}/json`): WebPath {
  return `${legacyJsonFolder(name)}/${file}` as WebPath;
}

/** The names a page is published under: the last part of its path. */
export type PageFile = 'index.html' | 'index.html.gz' | 'index.v1_json' | 'index.v1_json.gz';

/** `simple/<project>/<page>`, or the root index when no project is given. */
export function pagePath(page: PageFile, name?: ProjectName): WebPath {
  return (name === undefined ? `simple/${page}` : `simple/${name}/${page}`) as WebPath;
}

/** What a mirror says of itself. */
export type OwnFile =
  | 'last-modified'
  | 'mirror-status.json'
  | 'removed.json'
  | 'changes.json'
  | 'local.json'
  | 'local.db.serial'
  | 'index.html'
  | 'snapshot.json'
  | 'snapshot.json.sig';

/** A file of the mirror itself, outside of the index. */
export function ownPath(name: OwnFile): WebPath {
  return name as WebPath;
}

/** The downloads of one day, `YYYY-MM-DD` (PEP 381). */
export function localStatsPath(day: string): WebPath {
  return `local-stats/days/${day}.bz2` as WebPath;
}

/** What the downloads of all days amount to. */
export const statsSummaryPath = 'local-stats/summary.json' as WebPath;

/** Where the sidecar of this kind lies that belongs to `file`. */
export function sidecarPath(file: WebPath, kind: SidecarKind): WebPath {
  return `${file}${sidecars[kind].suffix}` as WebPath;
}

/** Where the sidecars of these kinds lie, or would. */
export function sidecarPaths(file: WebPath, kinds: readonly SidecarKind[] = sidecarKinds): WebPath[] {
  return kinds.map((kind) => sidecarPath(file, kind));
}

/** A file, and all that may lie beside it. */
export function withSidecars(file: WebPath, kinds: readonly SidecarKind[] = sidecarKinds): WebPath[] {
  return [file, ...sidecarPaths(file, kinds)];
}

/** What `path` would lie beside if it were a sidecar; undefined when its name is not that of one. */
export function ownerOfSidecar(path: WebPath): { readonly file: WebPath; readonly kind: SidecarKind } | undefined {
  const kind = sidecarKinds.find((kind) => path.endsWith(sidecars[kind].suffix));
  return kind && { file: path.slice(0, -sidecars[kind].suffix.length) as WebPath, kind };
}

/** Whether the name of a sidecar is one that file systems take: that of the longest files is not. */
export function isSidecarNamePossible(sidecar: WebPath): boolean {
  return filenameOf(sidecar).length <= longestName;
}

/** `path` as part of a URL: every segment percent-encoded. */
export function urlPath(path: WebPath): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** From the page of a project to the folder that is served. */
const toRoot = '../../';

/** How the page of a project links to a file of this mirror. */
export function linkToFile(path: WebPath): string {
  return `${toRoot}${urlPath(path)}`;
}

/** Whether a page of ours links to this mirror: any other link leads elsewhere. */
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
  return listedPath(file, `https://mirror.invalid/${projectFolder(project)}/`);
}

interface ListedFile {
  readonly url: string;
  readonly filename: string;
}
