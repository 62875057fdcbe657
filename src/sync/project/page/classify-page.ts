/**
 * Separates the files of a page that may be taken from those that are rejected. One rejected file costs itself and no
 * other. A held file that a rejected entry lists stays as it is, because upstream has not removed it.
 */
import { filenameOf, isHashedPath } from '../../../core/paths.ts';
import { isJsonObject } from '../../../formats/json.ts';
import type { SimpleFile, SimplePage } from '../../../formats/simple/simple-json.ts';
import type { HeldFile } from '../../../state/held-projects.ts';
import type { LostFile } from '../../../state/removal-log.ts';
import type { Mirror } from '../../mirror.ts';
import type { SelectedProject } from '../../selection/selected-project.ts';
import { changelogStatusFor } from '../changelog-status.ts';
import { linkOf, type Problem, placeOf } from '../files/plan-project.ts';
import { entryDigestOf, type Rejection } from '../files/rejected-files.ts';
import type { SourcePage } from './cached-page.ts';

/** Minimum number of rejected files for the whole page to be suspect, if they are also more than half of all. */
const minRejections = 3;

/** A page whose `page` lists only files that may be taken. */
export interface ClassifiedPage extends SourcePage {
  /** The rejected files that upstream lists, too. */
  readonly rejected: readonly Rejection[];
  /** The held files that upstream removed. In a project in quarantine, these are all held files (PEP 792). */
  readonly lost: readonly HeldFile[];
  /** The held files of releases that upstream has quarantined. */
  readonly quarantined: readonly HeldFile[];
  /** The page problem because of which nothing new is taken, if any. The page is at fault then, not its files. */
  readonly broken: string | undefined;
}

/** Returns true if `rejected` of `all` files are rejected and that is too many to leave them out one by one. */
export function isMajority(rejected: number, all: number): boolean {
  return rejected >= minRejections && rejected * 2 > all;
}

/** Classifies the files on upstream's page of a project. */
export function classifyPage(mirror: Mirror, project: SelectedProject, source: SourcePage): ClassifiedPage {
  const { page, url } = source;
  const { files: held } = project.held;
  if (page.status === 'quarantined') return { ...source, rejected: [], lost: held, quarantined: [], broken: undefined };
  const files: SimpleFile[] = [];
  const rejected: Rejection[] = page.unusable.map(({ json, ...found }) => ({
    ...found,
    entryDigest: entryDigestOf(json),
    json,
  }));
  const problemOf = problemFinder(mirror, project, page, url);
  for (const file of page.files) {
    const found = problemOf(file);
    if (found === undefined) files.push(file);
    else rejected.push({ filename: file.filename, entryDigest: entryDigestOf(file.json), json: file.json, ...found });
  }
  const listed = new Set([...files, ...rejected].map(({ filename }) => filename));
  const unlisted = held.filter(({ path }) => !listed.has(filenameOf(path)));
  const { broken, retained } = pageProblem(rejected, files.length, held, unlisted);
  const { isQuarantinedFile } = changelogStatusFor(mirror, project.due.name);
  const gone = unlisted.filter((file) => !retained.has(file));
  const quarantined = new Set(gone.filter(isQuarantinedFile));
  const lost = gone.filter((file) => !quarantined.has(file));
  const sorted = rejected.length === 0 ? source : { ...source, page: { ...page, files } };
  const why = broken && `${url}: ${broken}, such as ${exampleOf(rejected)}; nothing new is taken from it`;
  return { ...sorted, rejected, lost, quarantined: [...quarantined], broken: why };
}

/** Returns a function that returns the problem of a file of the page, or undefined if there is none. */
function problemFinder(
  { upstream, settings, state }: Mirror,
  { due, held, decision }: SelectedProject,
  page: SimplePage,
  url: URL,
): (file: SimpleFile) => (Problem & { readonly isChange?: boolean }) | undefined {
  const allows = (from: URL): boolean => upstream.allows(from);
  const acceptsChanges = settings.acceptChanges.includes(due.name);
  const lost = acceptsChanges || isAllHeld(page.files, held.files) ? [] : state.removals.lostFilesOf(due.name);
  const [now, before] = [hashesOf(held.files), hashesOf(lost)];
  const paths = new Map(held.files.map((file) => [file.path, file.sha256]));
  const isLinkOnly = decision?.hold === 'pages-only';
  return (file) => {
    const place = isLinkOnly ? linkOf(file, url, allows) : placeOf(file, url, upstream);
    const ours = now.get(file.filename) ?? before.get(file.filename) ?? ('path' in place && paths.get(place.path));
    if (!acceptsChanges && !isLinkOnly && ours && ours !== file.sha256) {
      return { problem: changeText(ours, now.has(file.filename) || !before.has(file.filename), file), isChange: true };
    }
    return 'problem' in place ? place : undefined;
  };
}

/**
 * Returns the hashes of `files` by filename. An index never uses a filename again, so other bytes under the same name
 * mean that somebody tampers with one of the two. Files in the path layout of 2011 are left out: they may have been
 * adopted without a hash to compare with, and move to a new path once the index tells a hash.
 */
function hashesOf(files: readonly LostFile[]): ReadonlyMap<string, string> {
  return new Map(files.filter(({ path }) => isHashedPath(path)).map((file) => [filenameOf(file.path), file.sha256]));
}

function changeText(ours: string, isHeld: boolean, { sha256 = 'no sha256' }: SimpleFile): string {
  return (
    `the hash changed: ${ours} ${isHeld ? 'is' : 'was'} held, ${sha256} is listed; a file name is never used again, ` +
    'so it stays as it is until somebody finds out who is right (pep381run --accept-changes)'
  );
}

/** Returns true if all listed names are held, so that the hashes of files held earlier need not be read. */
function isAllHeld(listed: readonly SimpleFile[], held: readonly HeldFile[]): boolean {
  const names = new Set(held.map(({ path }) => filenameOf(path)));
  return listed.every(({ filename }) => names.has(filename));
}

/**
 * Returns the problem of the page as a whole, if any, and those of the `lost` files that stay because a rejected entry
 * may mean them under another name. An entry that has neither a name, a path nor a hash may mean any of them.
 */
function pageProblem(
  rejected: readonly Rejection[],
  right: number,
  held: readonly HeldFile[],
  lost: readonly HeldFile[],
): { readonly broken?: string; readonly retained: ReadonlySet<HeldFile> } {
  const [isMost, isAllLost] = [
    isMajority(rejected.length, rejected.length + right),
    held.length > 0 && lost.length === held.length,
  ];
  if (rejected.length === 0 || !(isMost || isAllLost)) return { retained: new Set() };
  const isUnidentified = rejected.some(
    ({ filename, json }) => filename === undefined && identifiersIn(json).length === 0,
  );
  const identifiers = new Set(rejected.flatMap(({ json }) => identifiersIn(json)));
  const retained = new Set(
    lost.filter(({ path, sha256 }) => isUnidentified || identifiers.has(sha256) || identifiers.has(path)),
  );
  if (isMost) return { broken: `${rejected.length} of ${rejected.length + right} files cannot be taken`, retained };
  return retained.size === 0 ? { retained } : { broken: 'what it lists can be none of the files held', retained };
}

/** Returns what may tell which file an entry means: the path in its URL, and its hash. */
function identifiersIn(json: unknown): string[] {
  if (!isJsonObject(json)) return [];
  const sha256 = isJsonObject(json.hashes) ? json.hashes.sha256 : undefined;
  const identifiers = typeof json.url === 'string' ? [pathInUrl(json.url)] : [];
  return typeof sha256 === 'string' ? [...identifiers, sha256.toLowerCase()] : identifiers;
}

/** Returns the end of a URL that may be the path of a file. */
function pathInUrl(url: string): string {
  const [address = ''] = url.split(/[?#]/, 1);
  const place = address.slice(Math.max(0, address.lastIndexOf('packages/')));
  try {
    return decodeURIComponent(place);
  } catch {
    return place;
  }
}

function exampleOf([first]: readonly Rejection[]): string {
  return first === undefined ? '' : `${JSON.stringify(first.filename ?? '')}: ${first.problem}`;
}
