/**
 * A project that a person brought back cannot be fetched again, as upstream does not have it. What is missing or damaged of
 * it comes back from the trash where that has the right bytes, or leaves the page, and a person is told.
 */
import { gunzipSync } from 'node:zlib';
import { NonsenseError } from '../../core/errors.ts';
import { blobPath, filenameOf, metadataPath, pagePath, provenancePath, type WebPath } from '../../core/paths.ts';
import { isJsonObject, type JsonObject } from '../../formats/json.ts';
import {
  parsePublishedPage,
  type SimpleFile,
  type SimplePage,
  simplePageFrom,
} from '../../formats/simple/simple-json.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { LostFile } from '../../state/removal-log.ts';
import type { FinishedProject } from '../../state/state-store.ts';
import type { Mirror } from '../mirror.ts';
import type { SelectedProject } from '../selection/selected-project.ts';
import { missingFiles } from './files/held-files.ts';
import { type CachedPage, readCachedPage } from './page/cached-page.ts';
import { classifyPage } from './page/classify-page.ts';
import { jsonOfHeld } from './page/kept-entries.ts';
import { publishProject } from './publish-project.ts';

/** Publishes what is there of the project. Throws what {@link publishProject} throws. */
export async function repairRestored(mirror: Mirror, project: SelectedProject): Promise<FinishedProject> {
  const { state, files, settings, report } = mirror;
  const { due, held } = project;
  const { name } = due;
  if (settings.dryRun || settings.indexOnly) return { kind: 'unchanged', due };
  const gone = await missingFiles(files, held.files);
  if (gone.length > 0) {
    const paths = gone.map(({ path }) => path);
    state.queue.requeue(name, paths);
  }
  const remembered = (await readAnyPage(mirror, project)) ?? pageFromHeldFiles(mirror, project);
  const { source, lost } = await restoreListedFiles(mirror, project, remembered);
  const away = state.held.pendingFiles(name).filter((path) => state.held.file(path) === undefined);
  if (away.length > 0) report({ type: 'alarm', message: `${name}: ${lossText(away.map(filenameOf))}` });
  const now = { ...project, held: state.held.project(name) };
  const finished = await publishProject(mirror, now, classifyPage(mirror, now, source), { ...held, etag: undefined });
  return finished.kind === 'published' ? { ...finished, lost } : finished;
}

function lossText([first = '', ...more]: readonly string[]): string {
  const files = more.length === 0 ? first : `${first} and ${more.length} more files`;
  return `${files}: missing or damaged, and neither in the trash nor upstream any more: left out of the restored project`;
}

/** The page with what is there, and what is not; files that a check forgot are held again where they are right. */
async function restoreListedFiles(
  mirror: Mirror,
  { due: { name }, held }: SelectedProject,
  { page, url }: CachedPage,
): Promise<{ readonly source: CachedPage; readonly lost: readonly LostFile[] }> {
  const { state } = mirror;
  const suspects = new Set(state.held.pendingFiles(name).filter((path) => state.held.file(path) === undefined));
  const kept: JsonObject[] = [];
  const lost: LostFile[] = [];
  for (const file of page.files) {
    const path = pathOf(file, url);
    if (path === undefined || !suspects.has(path)) {
      kept.push(file.json);
      continue;
    }
    const back = await restoreFile(mirror, path, file);
    if (back !== undefined) {
      state.held.addFiles(name, [back]);
      kept.push(withoutMissingSidecars(file, back));
    } else if (file.sha256 !== undefined) lost.push({ path, sha256: file.sha256 });
  }
  // Its serial may have been forgotten, as it is of another index.
  const meta = { ...(isJsonObject(page.json.meta) ? page.json.meta : {}), '_last-serial': held.serial };
  const left = simplePageFrom({ ...page.json, meta, files: kept }, `the remembered page of ${name}`);
  return { source: { page: left, url }, lost };
}

/** Our page as it was last, wherever that can still be read. */
async function readAnyPage(mirror: Mirror, { due: { name } }: SelectedProject): Promise<CachedPage | undefined> {
  const known = await readCachedPage(mirror, name);
  // Without `own`, as all pages are to be looked at.
  if (known !== undefined) return { page: known.page, url: known.url };
  const { files } = mirror;
  const [json, twin] = [pagePath('index.v1_json', name), pagePath('index.v1_json.gz', name)];
  for (const read of [() => files.read(json), () => unzipped(files, twin), () => files.readTrash(json)]) {
    const page = parsed(await read(), name);
    if (page !== undefined) return { page, url: addressOf(mirror, name) };
  }
  return undefined;
}

async function unzipped(files: Mirror['files'], path: WebPath): Promise<Buffer | undefined> {
  const bytes = await files.read(path);
  try {
    return bytes && gunzipSync(bytes);
  } catch {
    return undefined;
  }
}

function parsed(bytes: Buffer | undefined, name: string): SimplePage | undefined {
  try {
    return bytes && parsePublishedPage(bytes.toString(), `the remembered page of ${name}`);
  } catch (error) {
    if (error instanceof NonsenseError) return undefined;
    throw error;
  }
}

/** Where the links of our own page lead to upstream's files. */
function addressOf({ selection, settings }: Mirror, name: string): URL {
  return new URL(`${selection.fileBase || `${settings.upstream}/`}simple/${name}/`);
}

/** A page of what is held: all that is known where no page is left. */
function pageFromHeldFiles(mirror: Mirror, { due: { name, displayName }, held }: SelectedProject): CachedPage {
  mirror.report({ type: 'alarm', message: `${name}: was restored, and its page is lost: made anew of the files held` });
  const files = held.files.map(jsonOfHeld);
  const json = { meta: { 'api-version': '1.0' }, name: held.displayName ?? displayName, files };
  return { page: simplePageFrom(json, `the page of ${name}`), url: addressOf(mirror, name) };
}

function pathOf(file: SimpleFile, base: URL): WebPath | undefined {
  return URL.canParse(file.url, base.href) ? blobPath(new URL(file.url, base), file.filename) : undefined;
}

/** The file at `path` if its bytes are right: those that are there, else those that lie in the trash. */
async function restoreFile({ files }: Mirror, path: WebPath, file: SimpleFile): Promise<HeldFile | undefined> {
  const companions = [metadataPath(path), provenancePath(path)] as const;
  if ((await files.stat(path)) === undefined) await files.restore([path, ...companions]);
  const digest = await files.digest(path);
  if (digest === undefined || digest.sha256 !== file.sha256) return undefined;
  const [metadata, provenance] = [await files.digest(companions[0]), await files.read(companions[1])];
  const isRight = [metadata !== undefined && metadata.sha256 === file.metadataSha256, isJson(provenance)] as const;
  await files.discard(companions.filter((_, at) => isRight[at] !== true));
  const metadataSha256 = isRight[0] ? file.metadataSha256 : undefined;
  return { path, size: digest.bytes, sha256: digest.sha256, metadataSha256, provenance: isRight[1] };
}

function isJson(bytes: Buffer | undefined): boolean {
  try {
    return bytes !== undefined && typeof JSON.parse(bytes.toString()) === 'object';
  } catch {
    return false;
  }
}

/** The entry without what lies beside its file no more. */
function withoutMissingSidecars({ json }: SimpleFile, { metadataSha256, provenance }: HeldFile): JsonObject {
  const metadata = metadataSha256 === undefined ? { 'core-metadata': false, 'data-dist-info-metadata': false } : {};
  return { ...json, ...metadata, ...(provenance ? {} : { provenance: null }) };
}
