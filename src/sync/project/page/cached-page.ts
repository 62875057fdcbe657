/**
 * Reads upstream's page of a project as far as it is known here, so that a change of the rules asks upstream for
 * nothing. If all files are held, the published page tells everything. Otherwise the plan has kept upstream's page.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { isZlibError } from '../../../core/caught-error.ts';
import { NonsenseError } from '../../../core/errors.ts';
import { sha256Hex } from '../../../core/hash.ts';
import type { ProjectName } from '../../../core/names.ts';
import { isOwnLink, pagePath, resolveOwnLink, urlPath } from '../../../core/paths.ts';
import { renderJson } from '../../../formats/json.ts';
import { jsonWeight } from '../../../formats/simple/json-weight.ts';
import { parseSimplePage, type SimplePage, simplePageFrom } from '../../../formats/simple/simple-json.ts';
import { parseOwnPage, readPublishedPage } from '../../../pages/read-page.ts';
import { local } from '../../../policy/policy.ts';
import type { PageHashStore } from '../../../state/page-hashes.ts';
import type { Mirror } from '../../mirror.ts';
import type { SelectedProject } from '../../selection/selected-project.ts';
import type { PlannedFile } from '../files/plan-project.ts';
import { fileBaseIn } from './file-base.ts';
import { jsonOfHeld } from './kept-entries.ts';
import { pageUrl } from './project-source.ts';

/** Upstream's page of a project and its URL, by which the project is planned. */
export interface SourcePage {
  readonly page: SimplePage;
  readonly url: URL;
  /**
   * The names of the files that our page links to this mirror. Undefined if our page does not tell all that upstream's
   * tells.
   */
  readonly linkedHere?: ReadonlySet<string>;
}

/** Upstream's page as far as it can be read here, without asking upstream. */
export interface CachedPage extends SourcePage {
  /**
   * The origin of the page: the plan, our page in the tree or in the trash, or, if nothing else is left, the held
   * files.
   */
  readonly from: 'plan' | 'published page' | 'trash' | 'held files';
  /** True if the page tells everything that upstream's page told, including the files that were left out. */
  readonly isComplete: boolean;
}

/** The ports and settings that reading a cached page needs. */
export type CachedPageSources = Pick<Mirror, 'state' | 'files' | 'selection'> & {
  readonly settings: Pick<Mirror['settings'], 'upstream' | 'baseUrl'>;
  /** The memory budget, needed if many pages are read at the same time. */
  readonly memory?: Mirror['memoryBudget'];
};

/** Returns upstream's page of `name` as it was last seen, or undefined if nothing here tells it. Only reads. */
export async function readCachedPage(mirror: CachedPageSources, name: ProjectName): Promise<CachedPage | undefined> {
  const { state, files, selection } = mirror;
  const url = pageUrl(mirror, name);
  const kept = state.plans.pageOf(name);
  const page = await readListedPage(mirror, name, kept);
  if (page === undefined) return undefined;
  if (kept !== undefined) return { page, url, from: 'plan', isComplete: true };
  const source = selection.sourceOf(name);
  // The files of another index have other URLs, which only a kept page tells.
  const read = source === local ? { page, url } : source === undefined ? asUpstream(mirror, page, url) : undefined;
  if (read === undefined) return undefined;
  const isComplete = !isPublishedIncomplete(state, name) && (await isAsRemembered(files, state.pages, name));
  return { ...read, from: 'published page', isComplete };
}

/**
 * Returns the page of a project that upstream does not have, from wherever it can be read. If it cannot be read at all,
 * returns a page made from the held files.
 */
export async function readAnyPage(mirror: Mirror, { due, held }: SelectedProject): Promise<CachedPage> {
  const { name } = due;
  const known = await readCachedPage(mirror, name);
  if (known !== undefined) return known;
  const { files, state, settings } = mirror;
  // Links of our own page are resolved against this URL and lead to upstream's files.
  const url = new URL(`${fileBaseIn(state) || `${settings.upstream}/`}simple/${name}/`);
  const [json, twin] = [pagePath('index.v1_json', name), pagePath('index.v1_json.gz', name)];
  const sources = [
    ['published page', () => files.read(json)],
    ['published page', async () => unzipped(await files.read(twin))],
    ['trash', () => files.readTrash(json)],
  ] as const;
  for (const [from, read] of sources) {
    const page = parseOwnPage(await read(), name);
    if (page !== undefined) return { page, url, from, isComplete: false };
  }
  const made = {
    meta: { 'api-version': '1.0' },
    name: held.displayName ?? due.displayName,
    files: held.files.map(jsonOfHeld),
  };
  return { page: simplePageFrom(made, `the page of ${name}`), url, from: 'held files', isComplete: false };
}

function unzipped(bytes: Buffer | undefined): Buffer | undefined {
  try {
    return bytes && gunzipSync(bytes);
  } catch {
    return undefined;
  }
}

/** Returns true if the published page lists less than upstream's for reasons other than the rules. */
function isPublishedIncomplete(state: CachedPageSources['state'], name: ProjectName): boolean {
  return state.rejectedFiles.of(name).length > 0 || state.provenance.problemsOf(name).some(({ leftOut }) => leftOut);
}

/**
 * Returns true unless the published page differs from the one that the state remembers. It may be one that was
 * published just before a power failure, and that no state knows.
 */
async function isAsRemembered(files: Mirror['files'], pages: PageHashStore, name: ProjectName): Promise<boolean> {
  const { json } = pages.hashesOf(name);
  const bytes = json === undefined ? undefined : await files.read(pagePath('index.v1_json', name));
  return bytes === undefined || sha256Hex(bytes) === json;
}

/**
 * Returns a page that lists what upstream's page lists, to choose from: the page `kept` by the plan, or the published
 * page, whose URLs are ours. Returns undefined if there is none or if it cannot be read.
 */
export async function readListedPage(
  { files, memory }: Pick<CachedPageSources, 'files' | 'memory'>,
  name: ProjectName,
  kept: Buffer | undefined,
): Promise<SimplePage | undefined> {
  if (kept === undefined) return readPublishedPage(files, name, memory);
  try {
    const bytes = gunzipSync(kept);
    await memory?.acquire(name, jsonWeight(bytes));
    return parseSimplePage(bytes.toString(), `the remembered page of ${name}`);
  } catch (error) {
    // A damaged page is not an error here: upstream has a good one.
    if (error instanceof NonsenseError || isZlibError(error)) return undefined;
    throw error;
  }
}

/** Returns our page with upstream's URLs, or undefined if those are not known. */
function asUpstream({ state, settings }: CachedPageSources, published: SimplePage, url: URL): SourcePage | undefined {
  const fileBase = fileBaseIn(state);
  const linkedHere = new Set(published.files.flatMap(({ filename, url }) => (isOwnLink(url) ? [filename] : [])));
  if (!fileBase && linkedHere.size > 0) return undefined;
  const { baseUrl } = settings;
  if (baseUrl !== undefined && published.files.some(({ provenance }) => provenance?.startsWith(`${baseUrl}/`))) {
    return undefined;
  }
  const files = published.files.map(({ url, json }) => ({ ...json, url: resolveOwnLink(url, fileBase ?? '') }));
  return { page: simplePageFrom({ ...published.json, files }, published.name), url, linkedHere };
}

/**
 * Returns the gzipped `page` if it must be stored because the published page does not tell all of it, else undefined.
 * `hidden` is true if the published page lists less.
 */
export function pageToStore(
  { state, settings }: Mirror,
  page: SimplePage,
  planned: readonly PlannedFile[],
  hidden: boolean,
): Buffer | undefined {
  const fileBase = fileBaseIn(state);
  const tells = ({ url, path, file }: PlannedFile): boolean =>
    url.href === `${fileBase}${urlPath(path)}` && (settings.baseUrl === undefined || file.provenance === undefined);
  if (!hidden && planned.every(tells)) return undefined;
  return gzipSync(renderJson(page.json, `the page of ${page.name}`), { level: 1 });
}
