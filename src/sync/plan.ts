/** What is to be done for one project: a pure comparison of its page with what is held. */
import { NonsenseError } from '../core/errors.ts';
import { blobPath, filenameOf, isHashedPath, type WebPath } from '../core/paths.ts';
import type { SimpleFile, SimplePage } from '../formats/simple-json.ts';
import type { LostFile } from '../state/removal-log.ts';
import type { HeldFile } from '../state/state-store.ts';

/** A file of the page, at the place it has or will have. */
export interface PlannedFile {
  readonly file: SimpleFile;
  readonly url: URL;
  readonly path: WebPath;
  readonly sha256: string;
  /** What is held of it already. */
  readonly held: HeldFile | undefined;
  /** Where the same bytes are held, when they are not held at {@link path}. */
  readonly elsewhere: WebPath | undefined;
  /** True when it was left out last time for what its provenance is. */
  readonly wasLeftOut?: boolean;
  /** True when a file of this name is held with provenance. */
  readonly wasAttested?: boolean;
}

export interface ProjectPlan {
  /** In the order of the page. */
  readonly files: readonly PlannedFile[];
  /** Held, and not on the page. */
  readonly drop: readonly HeldFile[];
}

/** What may be taken, and from where. */
export interface Trust {
  readonly allows: (url: URL) => boolean;
  /** Somebody said that upstream is right where it lists other bytes under a name than are held. */
  readonly acceptsChanges: boolean;
  /** What was held once, until upstream took it away, the latest last. */
  readonly lost: readonly LostFile[];
}

/**
 * Compares `page`, which came from `pageUrl`, with the files held.
 * A project in quarantine has no files, whatever its page lists (PEP 792).
 * Throws NonsenseError when the page names a file that a mirror must not take: the whole page is then not believed.
 */
export function planProject(page: SimplePage, pageUrl: URL, held: readonly HeldFile[], trust: Trust): ProjectPlan {
  const isHeld = { byPath: new Map<WebPath, HeldFile>(), bySha256: new Map<string, WebPath>() };
  for (const file of held) {
    isHeld.byPath.set(file.path, file);
    isHeld.bySha256.set(file.sha256, file.path);
  }
  const listed = page.status === 'quarantined' ? [] : page.files;
  if (!trust.acceptsChanges) refuseChanges(listed, pageUrl, held, trust.lost);
  const files = listed.map((file) => planFile(file, pageUrl, isHeld, trust));
  const wanted = new Set(files.map(({ path }) => path));
  return { files, drop: held.filter(({ path }) => !wanted.has(path)) };
}

/**
 * An index never uses the name of a file again, so other bytes under it mean that somebody tampers with one of the two.
 * What lies in the layout of 2011 may have been taken over without a hash to compare it with, and moves when one is told.
 */
function refuseChanges(
  listed: readonly SimpleFile[],
  pageUrl: URL,
  held: readonly HeldFile[],
  lost: readonly LostFile[],
): void {
  const [now, before] = [hashesOf(held), hashesOf(lost)];
  for (const { filename, sha256 } of listed) {
    const ours = now.get(filename) ?? before.get(filename);
    if (ours === undefined || ours === sha256) continue;
    const theirs = sha256 === undefined ? 'no sha256' : sha256;
    throw changed(pageUrl, filename, `${ours} ${now.has(filename) ? 'is' : 'was'} held`, theirs);
  }
}

/** By file name. */
function hashesOf(files: readonly LostFile[]): ReadonlyMap<string, string> {
  return new Map(files.filter(({ path }) => isHashedPath(path)).map((file) => [filenameOf(file.path), file.sha256]));
}

function changed(pageUrl: URL, filename: string, ours: string, theirs: string): NonsenseError {
  return new NonsenseError(
    `${pageUrl}: ${JSON.stringify(filename)}: the hash changed: ${ours}, ${theirs} is listed; a file name is never used ` +
      'again, so nothing changes until somebody finds out who is right (pep381run --accept-changes)',
  );
}

/** The files held of a project, by what they can be found by. */
interface HeldFiles {
  readonly byPath: ReadonlyMap<WebPath, HeldFile>;
  readonly bySha256: ReadonlyMap<string, WebPath>;
}

/** Where `file` of the page at `pageUrl` lies. Throws NonsenseError unless it is a place that files are taken from. */
export function fileUrl(file: SimpleFile, pageUrl: URL, allows: Trust['allows']): URL {
  if (!URL.canParse(file.url, pageUrl.href)) throw refusal(file, pageUrl, `not a URL: ${JSON.stringify(file.url)}`);
  const url = new URL(file.url, pageUrl);
  url.hash = '';
  if (allows(url)) return url;
  throw refusal(file, pageUrl, `files from ${url.origin} are not allowed (see file-hosts in mirror.toml)`);
}

function planFile(
  file: SimpleFile,
  pageUrl: URL,
  { byPath, bySha256 }: HeldFiles,
  { allows, acceptsChanges }: Trust,
): PlannedFile {
  const url = fileUrl(file, pageUrl, allows);
  const path = blobPath(url, file.filename);
  if (path === undefined) {
    throw refusal(file, pageUrl, `expected a URL that ends in packages/xx/xx/…/<filename>, found ${url}`);
  }
  const { sha256 } = file;
  if (sha256 === undefined) throw refusal(file, pageUrl, 'no sha256, so that it could not be verified');
  const there = byPath.get(path);
  if (there !== undefined && there.sha256 !== sha256 && !acceptsChanges) {
    throw changed(pageUrl, file.filename, `${there.sha256} is held`, sha256);
  }
  const held = there?.sha256 === sha256 ? there : undefined;
  return { file, url, path, sha256, held, elsewhere: held === undefined ? bySha256.get(sha256) : undefined };
}

function refusal({ filename }: SimpleFile, pageUrl: URL, problem: string): NonsenseError {
  return new NonsenseError(`${pageUrl}: ${JSON.stringify(filename)}: ${problem}`);
}
