/** Writes the legacy JSON (formats/legacy-json.ts) of a project, if the mirror serves it. */
import type { ProjectName } from '../core/names.ts';
import {
  childPath,
  isOwnLink,
  legacyJsonFolder,
  legacyPath,
  pathOnOwnPage,
  sidecarPath,
  type WebPath,
} from '../core/paths.ts';
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

/**
 * Limit in bytes for the metadata of all releases of a project, far above real ones. Releases beyond it get no fields
 * of their own.
 */
const maxMetadataBytes = 64 << 20;

interface Owner {
  readonly files: FileStore;
  readonly state: Pick<StateStore, 'get'>;
}

/** Returns the files that belong into `pypi/<project>`, in the order in which they are published. */
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
  // The serial is published last: it is sent as a header of the JSON, and must not be newer. A line end would break
  // that header.
  if (page.serial !== undefined) made.set(legacyPath(name, 'serial'), Buffer.from(String(page.serial)));
  return made;
}

/**
 * Publishes the legacy JSON of `name` if the mirror serves it, as far as it differs from the tree. Files of releases
 * that are gone are removed.
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
  for (const [path, body] of made) {
    if (files.isRemote(path) || !(await files.read(path))?.equals(body)) writes.push({ path, body });
  }
  if (writes.length > 0) await files.publish(writes);
  const strays = await legacyStrays(files, name, made);
  if (strays.length > 0) await files.discardFolders(strays);
}

/** Returns the entries of `pypi/<project>` that do not belong there. */
export async function legacyStrays(
  files: FileStore,
  name: ProjectName,
  made: ReadonlyMap<WebPath, Buffer>,
): Promise<WebPath[]> {
  const folder = legacyJsonFolder(name);
  const strays: WebPath[] = [];
  for await (const entry of files.entries(folder)) {
    const path = childPath(folder, entry.name);
    if (!made.has(path) && !made.has(childPath(path, 'json'))) strays.push(path);
  }
  return strays;
}

/** Returns the core metadata of the first file whose metadata is held. */
async function readMetadata(
  files: FileStore,
  name: ProjectName,
  released: readonly LegacyFile[],
): Promise<Buffer | undefined> {
  for (const { file, url, metadataSha256 } of released) {
    if (metadataSha256 === undefined || !isOwnLink(url)) continue;
    const path = pathOnOwnPage({ url, filename: file.filename }, name);
    const bytes = path && (await files.read(sidecarPath(path, 'metadata')));
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}
