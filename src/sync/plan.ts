/** What is to be done for one project: a pure comparison of its page with what is held. */
import { NonsenseError } from '../core/errors.ts';
import { blobPath, type WebPath } from '../core/paths.ts';
import type { SimpleFile, SimplePage } from '../formats/simple-json.ts';
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

/**
 * Compares `page`, which came from `pageUrl`, with the files held.
 * A project in quarantine has no files, whatever its page lists (PEP 792).
 * Throws NonsenseError when the page names a file that a mirror must not take: the whole page is then not believed.
 */
export function planProject(
  page: SimplePage,
  pageUrl: URL,
  held: readonly HeldFile[],
  allows: (url: URL) => boolean,
): ProjectPlan {
  const isHeld = { byPath: new Map<WebPath, HeldFile>(), bySha256: new Map<string, WebPath>() };
  for (const file of held) {
    isHeld.byPath.set(file.path, file);
    isHeld.bySha256.set(file.sha256, file.path);
  }
  const listed = page.status === 'quarantined' ? [] : page.files;
  const files = listed.map((file) => planFile(file, pageUrl, isHeld, allows));
  const wanted = new Set(files.map(({ path }) => path));
  return { files, drop: held.filter(({ path }) => !wanted.has(path)) };
}

/** The files held of a project, by what they can be found by. */
interface HeldFiles {
  readonly byPath: ReadonlyMap<WebPath, HeldFile>;
  readonly bySha256: ReadonlyMap<string, WebPath>;
}

function planFile(
  file: SimpleFile,
  pageUrl: URL,
  { byPath, bySha256 }: HeldFiles,
  allows: (url: URL) => boolean,
): PlannedFile {
  const refuse = (problem: string): never => {
    throw new NonsenseError(`${pageUrl}: ${JSON.stringify(file.filename)}: ${problem}`);
  };
  if (!URL.canParse(file.url, pageUrl.href)) return refuse(`not a URL: ${JSON.stringify(file.url)}`);
  const url = new URL(file.url, pageUrl);
  url.hash = '';
  if (!allows(url)) return refuse(`files from ${url.origin} are not allowed (see file-hosts in mirror.toml)`);
  const path = blobPath(url, file.filename);
  if (path === undefined) return refuse(`expected a URL that ends in packages/xx/xx/…/<filename>, found ${url}`);
  const { sha256 } = file;
  if (sha256 === undefined) return refuse('no sha256, so that it could not be verified');
  const held = byPath.get(path);
  if (held !== undefined && held.sha256 !== sha256) {
    return refuse(`the hash changed: ${held.sha256} is held, ${sha256} is listed; a file name is never used again`);
  }
  return { file, url, path, sha256, held, elsewhere: held === undefined ? bySha256.get(sha256) : undefined };
}
