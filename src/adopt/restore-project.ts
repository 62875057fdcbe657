/** Restores a removed project from the trash: files first, then pages, then the state, so that it may be repeated. */
import { UsageError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import { blobPath, pageFiles, pagePath, projectFolder, sidecarPaths, type WebPath } from '../core/paths.ts';
import { parsePublishedPage, type SimpleFile } from '../formats/simple/simple-json.ts';
import { indexState } from '../state/mirror-state.ts';
import { change } from '../state/state-section.ts';
import { adoptProject } from './adopt-project.ts';
import type { Adoption } from './adoption.ts';
import { treeOrigin } from './tree-page.ts';
import { verifyFile } from './verify-file.ts';

/**
 * Publishes `name` as it was when it was removed. It stays until upstream has it again, or until the rules leave it
 * out. Throws UsageError if there is nothing to restore or none of its files is correct, NonsenseError if its page in
 * the trash is damaged, and StorageError.
 */
export async function restoreProject(adoption: Adoption, name: ProjectName): Promise<void> {
  const { state, files } = adoption;
  const { published, status } = state.held.project(name);
  if (published) {
    const why = status === 'quarantined' ? 'in quarantine upstream, so that it stays hidden' : 'on the mirror';
    throw new UsageError(`${name}: is ${why}; only what was removed can be restored`);
  }
  const listed = await listedFiles(adoption, name);
  const linked = listed.map(({ path }) => path);
  const back = await files.restore(linked);
  if (listed.length > 0 && !(await isAnyRight(adoption, listed))) {
    await files.discard(back);
    throw new UsageError(`${name}: its files are damaged, or in the trash no more, so that nothing was restored`);
  }
  const sizes = await Promise.all(linked.map((path) => files.size(path)));
  const there = linked.filter((_, at) => sizes[at] !== undefined);
  await files.restore(there.flatMap((path) => sidecarPaths(path)));
  await files.restore(pageFiles.map((file) => pagePath(file, name)));
  await adoptProject({ ...adoption, isLast: true }, name, projectFolder(name));
  state.removals.markRestored(name);
  state.set(change(indexState, { rootIndexDue: true, removalsListed: undefined }));
}

interface Listed {
  readonly file: SimpleFile;
  readonly url: URL;
  readonly path: WebPath;
}

/** Returns true if any file is correct. For most projects the first one is. */
async function isAnyRight({ files }: Adoption, listed: readonly Listed[]): Promise<boolean> {
  for (const { file, url } of listed) {
    const { kind } = await verifyFile(files, file, url);
    if (kind === 'held' || kind === 'outside') return true;
  }
  return false;
}

/** Returns the files on the removed page, with the paths where they belong. */
async function listedFiles({ files }: Adoption, name: ProjectName): Promise<Listed[]> {
  const json = pagePath('index.v1_json', name);
  const page = (await files.readTrash(json)) ?? (await files.read(json));
  if (page === undefined)
    throw new UsageError(`${name}: is not in the trash; it may be there no more (see trash-days)`);
  const url = new URL(`simple/${name}/`, treeOrigin);
  return parsePublishedPage(page.toString(), `the removed page of ${name}`).files.flatMap((file) => {
    if (!URL.canParse(file.url, url.href)) return [];
    const link = new URL(file.url, url);
    const path = blobPath(link, file.filename);
    return path === undefined ? [] : [{ file, url: link, path }];
  });
}
