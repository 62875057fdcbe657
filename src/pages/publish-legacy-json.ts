/** Writes the legacy JSON (formats/legacy-json.ts) of a project, where the mirror serves it. */
import type { ProjectName } from '../core/names.ts';
import { blobPath, legacyJsonFolder, legacyPath, metadataPath, type WebPath } from '../core/paths.ts';
import type { FileStore, Write } from '../files/file-store.ts';
import {
  type LegacyFile,
  latestRelease,
  legacyMetadata,
  legacyReleases,
  type MetadataFields,
  renderLegacyProject,
  renderLegacyRelease,
} from '../formats/legacy-json.ts';
import type { PublishedFile, SimplePage } from '../formats/simple/simple-json.ts';
import { pageState } from '../state/mirror-state.ts';
import type { StateStore } from '../state/state-store.ts';

/** Of all releases of a project: far more than real ones have. What is left has no fields of its own. */
const maxMetadataBytes = 64 << 20;

interface Owner {
  readonly files: FileStore;
  readonly state: Pick<StateStore, 'get'>;
}

/** The files that belong into `pypi/<project>`, in the order in which they are to appear. */
export async function legacyFilesOf(
  files: FileStore,
  name: ProjectName,
  page: SimplePage,
  published: readonly PublishedFile[],
  base: string,
): Promise<Map<WebPath, Buffer>> {
  const releases = legacyReleases(name, page, published);
  const latest = latestRelease(releases);
  const made = new Map<WebPath, Buffer>();
  let room = maxMetadataBytes;
  let ofLatest: MetadataFields | undefined;
  for (const release of releases.toReversed()) {
    const bytes = room > 0 ? await readMetadata(files, name, release.files) : undefined;
    room -= bytes?.length ?? 0;
    const metadata = bytes && legacyMetadata(bytes);
    if (release === latest) ofLatest = metadata;
    const body = renderLegacyRelease(name, release, metadata, base);
    made.set(legacyPath(name, `${release.version}/json`), Buffer.from(body));
  }
  made.set(legacyPath(name, 'json'), Buffer.from(renderLegacyProject(name, page, releases, ofLatest, base)));
  // It is sent with the others, so it never speaks of what is not there yet. A line end could not be sent.
  if (page.serial !== undefined) made.set(legacyPath(name, 'serial'), Buffer.from(String(page.serial)));
  return made;
}

/**
 * Publishes the legacy JSON of `name`, where the mirror serves that and it differs from what is there. What is there
 * of releases that are gone goes.
 */
export async function publishLegacyJson(
  { files, state }: Owner,
  name: ProjectName,
  page: SimplePage,
  published: readonly PublishedFile[],
): Promise<void> {
  const { legacyJson } = state.get(pageState);
  if (legacyJson === undefined) return;
  const made = await legacyFilesOf(files, name, page, published, legacyJson.base);
  const writes: Write[] = [];
  for (const [path, body] of made) if (!(await files.read(path))?.equals(body)) writes.push({ path, body });
  if (writes.length > 0) await files.publish(writes);
  const strays = await legacyStrays(files, name, made);
  if (strays.length > 0) await files.discard(strays);
}

/** What lies in `pypi/<project>` besides what belongs there. */
export async function legacyStrays(
  files: FileStore,
  name: ProjectName,
  made: ReadonlyMap<WebPath, Buffer>,
): Promise<WebPath[]> {
  const folder = legacyJsonFolder(name);
  const strays: WebPath[] = [];
  for await (const entry of files.entries(folder)) {
    const path = `${folder}/${entry.name}` as WebPath;
    if (!made.has(path) && !made.has(`${path}/json` as WebPath)) strays.push(path);
  }
  return strays;
}

/** The core metadata of the first file that has some here. */
async function readMetadata(
  files: FileStore,
  name: ProjectName,
  released: readonly LegacyFile[],
): Promise<Buffer | undefined> {
  for (const { file, url, metadataSha256 } of released) {
    const base = `https://mirror.invalid/simple/${name}/`;
    if (metadataSha256 === undefined || !url.startsWith('../../') || !URL.canParse(url, base)) continue;
    const path = blobPath(new URL(url, base), file.filename);
    const bytes = path && (await files.read(metadataPath(path)));
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}
