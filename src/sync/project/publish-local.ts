/**
 * Publishes the page of a project whose files somebody has put below `packages/`. The page is made from these files.
 */
import { StorageError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/hash.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { filenameOf, isSidecarNamePossible, linkToFile, sidecarPath, type WebPath } from '../../core/paths.ts';
import { sidecars } from '../../core/sidecars.ts';
import { type SimpleFile, simplePageFrom } from '../../formats/simple/simple-json.ts';
import { parseCoreMetadata } from '../../packaging/core-metadata.ts';
import { parseDistributionName } from '../../packaging/distribution-name.ts';
import { publishLegacyJson } from '../../pages/publish-legacy-json.ts';
import { publishPages } from '../../pages/publish-pages.ts';
import { readPublishedPage } from '../../pages/read-page.ts';
import { local } from '../../policy/policy.ts';
import { explainReason } from '../../policy/render-reason.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { FinishedProject } from '../../state/state-store.ts';
import type { Mirror } from '../mirror.ts';
import { sourceTexts, wheelMetadata } from '../requirements/read-distribution.ts';
import { recordRequirements } from '../requirements/record-requirements.ts';
import type { SelectedProject } from '../selection/selected-project.ts';

/** The page entry of a file, and the display name that the file's metadata gives the project. */
interface Entry extends Pick<SimpleFile, 'sha256' | 'requiresPython' | 'metadataSha256'> {
  readonly path: WebPath;
  readonly size: number;
  readonly uploadTime: string;
  readonly displayName?: string | undefined;
}

/** Publishes the page of the files at `paths`. Throws StorageError. */
export async function publishLocal(
  mirror: Mirror,
  { due, held, decision }: SelectedProject,
  paths: readonly WebPath[],
): Promise<FinishedProject> {
  const { files, state, selection, settings } = mirror;
  const { name } = due;
  if (settings.dryRun) return { kind: 'unchanged', due };
  const before = await entriesBefore(mirror, name);
  const entries: Entry[] = [];
  for (const path of onceEach(mirror, name, paths, before)) {
    const stat = await files.stat(path);
    if (stat?.kind !== 'file') continue;
    const uploadTime = new Date(Math.floor(stat.mtimeMs)).toISOString();
    const known = before.get(linkToFile(path));
    const isKnown =
      known?.size === stat.size && known.json['upload-time'] === uploadTime && (await hasMetadata(mirror, path, known));
    const entry = isKnown && known !== undefined ? known : await read(mirror, path);
    if (entry === 'damaged') {
      const what = 'expected a whole distribution, found none that can be read; it is left out';
      mirror.report({
        type: 'warning',
        message: `${name}: ${path}: ${what}; copy it anew if it is not being copied now`,
      });
    } else if (entry !== undefined) entries.push({ ...entry, path, size: stat.size, uploadTime });
  }
  const spelt = entries.flatMap(({ displayName }) => displayName ?? []).find((text) => projectName(text) === name);
  const displayName = spelt ?? held.displayName ?? due.displayName;
  const page = simplePageFrom(pageJson(displayName, name, entries), `the page of ${name}`);
  const published = page.files.map((file) => ({ ...file, file, provenance: undefined }));
  const known = state.pages.hashesOf(name);
  if (held.published) state.queue.requeue(name, []);
  const pages = await publishPages(files, name, page, published, !held.published);
  await publishLegacyJson(mirror, name, page, published);
  if (selection.policy?.dependencies === true) await recordRequirements(mirror, name, entries.map(asHeld));
  const key = decision && selection.decisionKeyOf(decision);
  const isSame = pages.json === known.json && pages.html === known.html && state.plans.decisionKeyOf(name) === key;
  if (held.published && isSame) return { kind: 'unchanged', due };
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  const rule = decision === undefined ? '' : explainReason(decision.because);
  const plan =
    key === undefined
      ? undefined
      : { decisionKey: key, nextChange: undefined, rule, bytes, resultDigest: '', page: undefined };
  // Files that were held as those of an index are no longer held, and stay in place.
  const fixed = {
    serial: undefined,
    etag: undefined,
    status: 'active',
    drop: held.source === local ? [] : held.files,
  };
  return { kind: 'published', due: { ...due, displayName }, ...fixed, source: local, plan, pages };
}

/**
 * Returns `paths` with each filename once: the path that the page had before, else the first one. Reports the others.
 */
function onceEach(
  { report }: Mirror,
  name: ProjectName,
  paths: readonly WebPath[],
  before: ReadonlyMap<string, unknown>,
): WebPath[] {
  const chosen = new Map<string, WebPath>();
  for (const path of [...paths.filter((path) => before.has(linkToFile(path))), ...paths]) {
    const filename = filenameOf(path);
    if (!chosen.has(filename)) chosen.set(filename, path);
  }
  for (const path of paths) {
    const shown = chosen.get(filenameOf(path));
    if (shown === path) continue;
    const message = `${name}: ${path}: the page has ${shown}, which has the same name; take one of them away`;
    report({ type: 'warning', message });
  }
  return paths.filter((path) => chosen.get(filenameOf(path)) === path);
}

/** Returns the entries of the published page by link. */
async function entriesBefore({ files }: Mirror, name: ProjectName): Promise<Map<string, SimpleFile>> {
  const page = await readPublishedPage(files, name);
  return new Map((page?.files ?? []).map((file) => [file.url, file]));
}

/** Returns true if the metadata beside the file has the published hash, or if none was published. */
async function hasMetadata({ files }: Mirror, path: WebPath, file: SimpleFile): Promise<boolean> {
  if (file.metadataSha256 === undefined) return true;
  const found = await files.read(sidecarPath(path, 'metadata'));
  return found !== undefined && sidecars.metadata.differenceOf(found, file) === undefined;
}

/**
 * Reads the whole file and the metadata in it. Returns undefined if the file is gone, and `damaged` if it is not whole.
 * A wheel ends with its directory, so an incomplete one cannot be read.
 */
async function read(
  mirror: Mirror,
  path: WebPath,
): Promise<Pick<Entry, 'sha256' | 'requiresPython' | 'metadataSha256' | 'displayName'> | 'damaged' | undefined> {
  const { files } = mirror;
  const digest = await files.digest(path);
  if (digest === undefined) return undefined;
  const isWheel = /\.whl$/i.test(path);
  const inside = isWheel ? await wheelMetadata(files, path) : (await sourceTexts(files, path))?.pkgInfo;
  if (digest.bytes === 0 || (isWheel && inside === undefined)) return 'damaged';
  const metadata = inside && parseCoreMetadata(inside);
  const metadataSha256 = isWheel && inside !== undefined ? await publishMetadata(mirror, path, inside) : undefined;
  return {
    sha256: digest.sha256,
    requiresPython: metadata?.requiresPython,
    displayName: metadata?.name,
    metadataSha256,
  };
}

/**
 * Writes the metadata beside its wheel unless the folder is not writable or another file is there. Returns its hash if
 * it is served.
 */
async function publishMetadata({ files, report }: Mirror, path: WebPath, body: Buffer): Promise<string | undefined> {
  const beside = sidecarPath(path, 'metadata');
  if (!isSidecarNamePossible(beside)) return undefined;
  const there = await files.read(beside);
  if (there !== undefined) return there.equals(body) ? sha256Hex(body) : undefined;
  try {
    await files.publish([{ path: beside, body }]);
    return sha256Hex(body);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    report({ type: 'warning', message: `${beside}: cannot be written, and is not served: ${error.message}` });
    return undefined;
  }
}

function pageJson(displayName: string, name: ProjectName, entries: readonly Entry[]) {
  const versions = entries.map(({ path }) => parseDistributionName(filenameOf(path), name)?.version);
  return {
    meta: { 'api-version': '1.1' },
    name: displayName,
    versions: [...new Set(versions.filter((version) => version !== undefined))],
    files: entries.map(({ path, sha256, size, uploadTime, requiresPython, metadataSha256 }) => {
      const metadata = metadataSha256 === undefined ? false : { sha256: metadataSha256 };
      return {
        filename: filenameOf(path),
        url: linkToFile(path),
        hashes: { sha256 },
        size,
        'upload-time': uploadTime,
        'requires-python': requiresPython ?? null,
        yanked: false,
        'core-metadata': metadata,
        'data-dist-info-metadata': metadata,
      };
    }),
  };
}

function asHeld({ path, size, sha256 = '', metadataSha256 }: Entry): HeldFile {
  return { path, size, sha256, metadataSha256, provenance: false };
}
