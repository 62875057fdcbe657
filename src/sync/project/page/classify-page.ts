/**
 * Parts what of a page may be taken from what may not: one odd file costs itself and no other. What is held and listed by
 * something odd stays as it is, for upstream has not taken it away.
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

/** So many odd files at least, and more than half of all, are no accident of some files. */
const minRejections = 3;

/** A page of which everything that its `page` lists may be taken. */
export interface ClassifiedPage extends SourcePage {
  /** What upstream lists besides. */
  readonly odd: readonly Rejection[];
  /** The held files that upstream took away. All of a project in quarantine are (PEP 792). */
  readonly lost: readonly HeldFile[];
  /** The held files of releases that upstream has put in quarantine. */
  readonly quarantined: readonly HeldFile[];
  /** Why nothing new is taken, if so: then it is not its files that are odd. */
  readonly broken: string | undefined;
}

/** Whether so many odd ones of `all` files are too many to be left out alone. */
export function isMajority(odd: number, all: number): boolean {
  return odd >= minRejections && odd * 2 > all;
}

/** Judges upstream's page of a project. */
export function classifyPage(mirror: Mirror, project: SelectedProject, source: SourcePage): ClassifiedPage {
  const { page, url } = source;
  const { files: held } = project.held;
  if (page.status === 'quarantined') return { ...source, odd: [], lost: held, quarantined: [], broken: undefined };
  const files: SimpleFile[] = [];
  const odd: Rejection[] = page.unusable.map(({ json, ...found }) => ({
    ...found,
    entryDigest: entryDigestOf(json),
    json,
  }));
  const problemOf = problemFinder(mirror, project, page, url);
  for (const file of page.files) {
    const found = problemOf(file);
    if (found === undefined) files.push(file);
    else odd.push({ filename: file.filename, entryDigest: entryDigestOf(file.json), json: file.json, ...found });
  }
  const listed = new Set([...files, ...odd].map(({ filename }) => filename));
  const away = held.filter(({ path }) => !listed.has(filenameOf(path)));
  const { broken, stays } = pageProblem(odd, files.length, held, away);
  const { isQuarantinedFile } = changelogStatusFor(mirror, project.due.name);
  const gone = away.filter((file) => !stays.has(file));
  const quarantined = new Set(gone.filter(isQuarantinedFile));
  const lost = gone.filter((file) => !quarantined.has(file));
  const sorted = odd.length === 0 ? source : { ...source, page: { ...page, files } };
  const why = broken && `${url}: ${broken}, such as ${exampleOf(odd)}; nothing new is taken from it`;
  return { ...sorted, odd, lost, quarantined: [...quarantined], broken: why };
}

/** Finds out what is wrong with a file, if anything. */
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
 * An index never uses the name of a file again, so other bytes under it mean that somebody tampers with one of the two.
 * What lies in the layout of 2011 may have been taken over without a hash to compare it with, and moves when one is told.
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

/** Whether there is nothing new, so that nobody has to ask what was held before. */
function isAllHeld(listed: readonly SimpleFile[], held: readonly HeldFile[]): boolean {
  const names = new Set(held.map(({ path }) => filenameOf(path)));
  return listed.every(({ filename }) => names.has(filename));
}

/**
 * What is wrong with the page as a whole, and which of the `lost` files then stay: those that an odd entry may speak of
 * under another name. Where one says nothing at all, that may be any of them.
 */
function pageProblem(
  odd: readonly Rejection[],
  right: number,
  held: readonly HeldFile[],
  lost: readonly HeldFile[],
): { readonly broken?: string; readonly stays: ReadonlySet<HeldFile> } {
  const [isMost, isAllLost] = [
    isMajority(odd.length, odd.length + right),
    held.length > 0 && lost.length === held.length,
  ];
  if (odd.length === 0 || !(isMost || isAllLost)) return { stays: new Set() };
  const isMute = odd.some(({ filename, json }) => filename === undefined && identifiersIn(json).length === 0);
  const traces = new Set(odd.flatMap(({ json }) => identifiersIn(json)));
  const stays = new Set(lost.filter(({ path, sha256 }) => isMute || traces.has(sha256) || traces.has(path)));
  if (isMost) return { broken: `${odd.length} of ${odd.length + right} files cannot be taken`, stays };
  return stays.size === 0 ? { stays } : { broken: 'what it lists can be none of the files held', stays };
}

/** What may tell which file an entry speaks of: where it lies, and its hash. */
function identifiersIn(json: unknown): string[] {
  if (!isJsonObject(json)) return [];
  const sha256 = isJsonObject(json.hashes) ? json.hashes.sha256 : undefined;
  const traces = typeof json.url === 'string' ? [pathInUrl(json.url)] : [];
  return typeof sha256 === 'string' ? [...traces, sha256.toLowerCase()] : traces;
}

/** The end of an address that may be the path of a file. */
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
