/** Plans one project: a pure comparison of its page with what is held. */
import { fileNameProblem, type WebPath } from '../../../core/paths.ts';
import type { SimpleFile, SimplePage } from '../../../formats/simple/simple-json.ts';
import type { HeldFile } from '../../../state/held-projects.ts';
import type { Upstream } from '../../../upstream/upstream.ts';

/** A file of the page with the path that it has or will have. */
export interface PlannedFile {
  readonly file: SimpleFile;
  readonly url: URL;
  readonly path: WebPath;
  readonly sha256: string;
  /** The held file with the same path and hash, if any. */
  readonly held: HeldFile | undefined;
  /** The path at which the same bytes are held, if they are not held at {@link path}. */
  readonly elsewhere: WebPath | undefined;
  /** True if the file was left out last time because of its provenance. */
  readonly wasLeftOut?: boolean;
  /** True if a file of this name is held with provenance. */
  readonly wasAttested?: boolean;
}

export interface ProjectPlan {
  /** In the order of the page. */
  readonly files: readonly PlannedFile[];
  /** Held files that are not on the page. */
  readonly drop: readonly HeldFile[];
}

/** Returns true if files may be fetched from the URL. */
export type Allows = Upstream['allows'];

/** Decides which URLs files may be fetched from, and at which path they are stored. */
export type FileSource = Pick<Upstream, 'allows' | 'pathOf'>;

/**
 * Compares `page`, which came from `pageUrl` and of which every file may be taken, with the held files. A project in
 * quarantine has no files, whatever its page lists (PEP 792).
 */
export function planProject(page: SimplePage, pageUrl: URL, held: readonly HeldFile[], from: FileSource): ProjectPlan {
  const byPath = new Map(held.map((file) => [file.path, file]));
  const bySha256 = new Map(held.map((file) => [file.sha256, file.path]));
  const listed = page.status === 'quarantined' ? [] : page.files;
  const files = listed.flatMap((file): PlannedFile[] => {
    const place = placeOf(file, pageUrl, from);
    if ('problem' in place) return [];
    const there = byPath.get(place.path);
    const isHeld = there?.sha256 === place.sha256;
    return [
      { file, ...place, held: isHeld ? there : undefined, elsewhere: isHeld ? undefined : bySha256.get(place.sha256) },
    ];
  });
  const planned = new Set(files.map(({ path }) => path));
  return { files, drop: held.filter(({ path }) => !planned.has(path)) };
}

/** The reason why a file of a page is not taken, for people. */
export interface Problem {
  readonly problem: string;
  /** True if the file may be right later although the page stays the same. */
  readonly mayPass?: boolean;
}

/** Returns the URL, path and expected hash of a file, or the problem because of which a mirror must not take it. */
export function placeOf(
  file: SimpleFile,
  pageUrl: URL,
  from: FileSource,
): Pick<PlannedFile, 'url' | 'path' | 'sha256'> | Problem {
  const url = linkOf(file, pageUrl, (link) => from.allows(link));
  if ('problem' in url) return url;
  const { sha256 } = file;
  if (sha256 === undefined) return { problem: 'no sha256, so that it could not be verified' };
  const path = from.pathOf(url, file.filename, sha256);
  if (path === undefined) return { problem: `expected a URL that ends in packages/xx/xx/…/<filename>, found ${url}` };
  return { url, path, sha256 };
}

/** Returns the URL of `file` on the page at `pageUrl` if our page may link to it, or the problem why not. */
export function linkOf(file: SimpleFile, pageUrl: URL, allows: Allows): URL | Problem {
  const problem = fileNameProblem(file.filename);
  if (problem !== undefined) return { problem };
  if (!URL.canParse(file.url, pageUrl.href)) return { problem: `not a URL: ${JSON.stringify(file.url)}` };
  const url = new URL(file.url, pageUrl);
  url.hash = '';
  if (allows(url)) return url;
  const origin = url.origin === 'null' ? url.protocol : url.origin;
  return { problem: `files from ${origin} are not allowed (see file-hosts in mirror.toml)`, mayPass: true };
}
