/**
 * Upstream's page of a project as far as it is known here, so that a change of the rules asks upstream for nothing. The
 * published page tells all of it where everything is held; where it does not, the plan kept upstream's.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { NonsenseError } from '../../../core/errors.ts';
import { sha256Hex } from '../../../core/hash.ts';
import type { ProjectName } from '../../../core/names.ts';
import { pagePath, pathByHash, urlPath } from '../../../core/paths.ts';
import { renderJson } from '../../../formats/json.ts';
import { jsonWeight } from '../../../formats/simple/json-weight.ts';
import {
  parsePublishedPage,
  parseSimplePage,
  type SimplePage,
  simplePageFrom,
} from '../../../formats/simple/simple-json.ts';
import { local } from '../../../policy/policy.ts';
import type { PageHashStore } from '../../../state/page-hashes.ts';
import type { Mirror } from '../../mirror.ts';
import type { PlannedFile } from '../files/plan-project.ts';
import { pageUrl } from './project-source.ts';

/** A page as upstream served it, and where. */
export interface CachedPage {
  readonly page: SimplePage;
  readonly url: URL;
  /** The files that our page links here; undefined where ours does not tell all that upstream's does. */
  readonly own?: ReadonlySet<string>;
}

/** What the page is read from. */
export type CachedPageSources = Pick<Mirror, 'state' | 'files' | 'selection'> & {
  readonly settings: Pick<Mirror['settings'], 'upstream' | 'baseUrl'>;
  /** Where many are read at a time. */
  readonly memory?: Mirror['memoryBudget'];
};

/** Upstream's page of `name`; undefined when it has to be asked for. Only reads. */
export async function readCompletePage(mirror: CachedPageSources, name: ProjectName): Promise<CachedPage | undefined> {
  const { state, files } = mirror;
  const tellsAll =
    state.plans.pageOf(name) !== undefined ||
    (!isPublishedIncomplete(state, name) && (await isAsRemembered(files, state.pages, name)));
  return tellsAll ? readCachedPage(mirror, name) : undefined;
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

/** Upstream's page of `name` as it was last, but perhaps without files that were left out. Only reads. */
export async function readCachedPage(mirror: CachedPageSources, name: ProjectName): Promise<CachedPage | undefined> {
  const url = pageUrl(mirror, name);
  const kept = mirror.state.plans.pageOf(name);
  return undefinedIfDamaged(async () => {
    const page = await rememberedPage(mirror, name, kept);
    if (page === undefined) return undefined;
    const source = mirror.selection.sourceOf(name);
    if (kept !== undefined || source === local) return { page, url };
    // What is not the upstream's has other addresses, which only a kept page tells.
    return source === undefined ? asUpstream(mirror, page, url) : undefined;
  });
}

/**
 * A page that lists what upstream's does, to choose from: `kept` by the plan, or the published one, whose addresses are
 * ours. Undefined when neither is there or can be read.
 */
export function readListedPage(
  { files }: Pick<Mirror, 'files'>,
  name: ProjectName,
  kept: Buffer | undefined,
): Promise<SimplePage | undefined> {
  return undefinedIfDamaged(() => rememberedPage({ files }, name, kept));
}

async function rememberedPage(
  { files, memory }: Pick<CachedPageSources, 'files' | 'memory'>,
  name: ProjectName,
  kept: Buffer | undefined,
): Promise<SimplePage | undefined> {
  const source = `the remembered page of ${name}`;
  const bytes = kept === undefined ? await files.read(pagePath('index.v1_json', name)) : gunzipSync(kept);
  if (bytes === undefined) return undefined;
  await memory?.acquire(name, jsonWeight(bytes));
  return kept === undefined ? parsePublishedPage(bytes.toString(), source) : parseSimplePage(bytes.toString(), source);
}

/** What `read` finds; undefined where that is damaged. */
export async function undefinedIfDamaged<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    // Whatever it is, upstream has a better one.
    if (error instanceof NonsenseError || isZlibError(error)) return undefined;
    throw error;
  }
}

/** Compressed bytes that are damaged or cut off. */
function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

/** Our own page with upstream's addresses; undefined when those are not known. */
function asUpstream(
  { selection, settings }: CachedPageSources,
  published: SimplePage,
  url: URL,
): CachedPage | undefined {
  const { fileBase } = selection;
  const isOwn = (url: string): boolean => url.startsWith(ownPrefix);
  const own = new Set(published.files.flatMap(({ filename, url }) => (isOwn(url) ? [filename] : [])));
  if (!fileBase && own.size > 0) return undefined;
  const { baseUrl } = settings;
  if (baseUrl !== undefined && published.files.some(({ provenance }) => provenance?.startsWith(`${baseUrl}/`))) {
    return undefined;
  }
  const files = published.files.map(({ url, json }) => ({
    ...json,
    url: isOwn(url) ? `${fileBase}${url.slice(ownPrefix.length)}` : url,
  }));
  return { page: simplePageFrom({ ...published.json, files }, published.name), url, own };
}

const ownPrefix = '../../';

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
