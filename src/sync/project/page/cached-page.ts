/**
 * Upstream's page of a project as far as it is known here, so that a change of the rules asks upstream for nothing. The
 * published page tells all of it where everything is held; where it does not, the plan kept upstream's.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { isZlibError } from '../../../core/caught-error.ts';
import { NonsenseError } from '../../../core/errors.ts';
import { sha256Hex } from '../../../core/hash.ts';
import type { ProjectName } from '../../../core/names.ts';
import { isOwnLink, pagePath, pathByHash, resolveOwnLink, urlPath } from '../../../core/paths.ts';
import { renderJson } from '../../../formats/json.ts';
import { jsonWeight } from '../../../formats/simple/json-weight.ts';
import { parseSimplePage, type SimplePage, simplePageFrom } from '../../../formats/simple/simple-json.ts';
import { parseOwnPage, readPublishedPage } from '../../../pages/read-page.ts';
import { local } from '../../../policy/policy.ts';
import type { PageHashStore } from '../../../state/page-hashes.ts';
import type { Mirror } from '../../mirror.ts';
import type { SelectedProject } from '../../selection/selected-project.ts';
import type { PlannedFile } from '../files/plan-project.ts';
import { jsonOfHeld } from './kept-entries.ts';
import { pageUrl } from './project-source.ts';

/** Upstream's page of a project, and where it was served: what a project is planned by. */
export interface SourcePage {
  readonly page: SimplePage;
  readonly url: URL;
  /** The files that our page links here; undefined where ours does not tell all that upstream's does. */
  readonly linkedHere?: ReadonlySet<string>;
}

/** The same as far as it can be read here, without asking upstream. */
export interface CachedPage extends SourcePage {
  /** Kept by the plan, ours on the mirror or in the trash, or made of what is held, as nothing else is left. */
  readonly from: 'plan' | 'published page' | 'trash' | 'held files';
  /** Whether it tells all that upstream's did, and not only what was not left out. */
  readonly isComplete: boolean;
}

/** What the page is read from. */
export type CachedPageSources = Pick<Mirror, 'state' | 'files' | 'selection'> & {
  readonly settings: Pick<Mirror['settings'], 'upstream' | 'baseUrl'>;
  /** Where many are read at a time. */
  readonly memory?: Mirror['memoryBudget'];
};

/** Upstream's page of `name` as it was last; undefined where nothing here tells it. Only reads. */
export async function readCachedPage(mirror: CachedPageSources, name: ProjectName): Promise<CachedPage | undefined> {
  const { state, files, selection } = mirror;
  const url = pageUrl(mirror, name);
  const kept = state.plans.pageOf(name);
  const page = await readListedPage(mirror, name, kept);
  if (page === undefined) return undefined;
  if (kept !== undefined) return { page, url, from: 'plan', isComplete: true };
  const source = selection.sourceOf(name);
  // What is not the upstream's has other addresses, which only a kept page tells.
  const read = source === local ? { page, url } : source === undefined ? asUpstream(mirror, page, url) : undefined;
  if (read === undefined) return undefined;
  const isComplete = !isPublishedIncomplete(state, name) && (await isAsRemembered(files, state.pages, name));
  return { ...read, from: 'published page', isComplete };
}

/** The page of a project that upstream does not have, wherever it can still be read; else made of what is held. */
export async function readAnyPage(mirror: Mirror, { due, held }: SelectedProject): Promise<CachedPage> {
  const { name } = due;
  const known = await readCachedPage(mirror, name);
  if (known !== undefined) return known;
  const { files, selection, settings } = mirror;
  // Where the links of our own page lead to upstream's files.
  const url = new URL(`${selection.fileBase || `${settings.upstream}/`}simple/${name}/`);
  const [json, twin] = [pagePath('index.v1_json', name), pagePath('index.v1_json.gz', name)];
  const places = [
    ['published page', () => files.read(json)],
    ['published page', async () => unzipped(await files.read(twin))],
    ['trash', () => files.readTrash(json)],
  ] as const;
  for (const [from, read] of places) {
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

/** Whether the published page lists less than upstream's, whatever the rules say. */
function isPublishedIncomplete(state: CachedPageSources['state'], name: ProjectName): boolean {
  return state.rejectedFiles.of(name).length > 0 || state.provenance.problemsOf(name).some(({ leftOut }) => leftOut);
}

/** Whether the published page is not one that was published before the power failed, and which no state knows. */
async function isAsRemembered(files: Mirror['files'], pages: PageHashStore, name: ProjectName): Promise<boolean> {
  const { json } = pages.hashesOf(name);
  const bytes = json === undefined ? undefined : await files.read(pagePath('index.v1_json', name));
  return bytes === undefined || sha256Hex(bytes) === json;
}

/**
 * A page that lists what upstream's does, to choose from: `kept` by the plan, or the published one, whose addresses are
 * ours. Undefined when neither is there or can be read.
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
    // Whatever it is, upstream has a better one.
    if (error instanceof NonsenseError || isZlibError(error)) return undefined;
    throw error;
  }
}

/** Our own page with upstream's addresses; undefined when those are not known. */
function asUpstream(
  { selection, settings }: CachedPageSources,
  published: SimplePage,
  url: URL,
): SourcePage | undefined {
  const { fileBase } = selection;
  const linkedHere = new Set(published.files.flatMap(({ filename, url }) => (isOwnLink(url) ? [filename] : [])));
  if (!fileBase && linkedHere.size > 0) return undefined;
  const { baseUrl } = settings;
  if (baseUrl !== undefined && published.files.some(({ provenance }) => provenance?.startsWith(`${baseUrl}/`))) {
    return undefined;
  }
  const files = published.files.map(({ url, json }) => ({ ...json, url: resolveOwnLink(url, fileBase ?? '') }));
  return { page: simplePageFrom({ ...published.json, files }, published.name), url, linkedHere };
}

/** What has to be kept of `page` because the published one does not tell it; `hidden` when that lists less. */
export function pageToStore(
  { selection, settings }: Mirror,
  page: SimplePage,
  planned: readonly PlannedFile[],
  hidden: boolean,
): Buffer | undefined {
  const tells = ({ url, path, file }: PlannedFile): boolean =>
    url.href === `${selection.fileBase}${urlPath(path)}` &&
    (settings.baseUrl === undefined || file.provenance === undefined);
  if (!hidden && planned.every(tells)) return undefined;
  return gzipSync(renderJson(page.json, `the page of ${page.name}`), { level: 1 });
}

/** Whether `path` was chosen here, and says nothing of upstream's address. */
export function isPathByHash({ path, sha256, file }: PlannedFile): boolean {
  return path === pathByHash(sha256, file.filename);
}

/** What upstream's address of a file begins with; undefined when it is not of the usual form. */
export function fileBaseOf({ url, path }: PlannedFile): string | undefined {
  const end = urlPath(path);
  return url.href.endsWith(end) ? url.href.slice(0, -end.length) : undefined;
}
