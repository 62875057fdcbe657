/** Brings a removed project back from the trash: bytes first, then pages, then the state, so that it may be repeated. */
import { UsageError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import { blobPath, metadataPath, pagePath, projectFolder, provenancePath, type WebPath } from '../core/paths.ts';
import { parseSimplePage } from '../formats/simple-json.ts';
import { adoptProject } from './adopt-project.ts';
import type { Adoption } from './adoption.ts';

/** Any address: links of our own pages are relative. */
const base = 'https://mirror.invalid';

/**
 * Publishes `name` as it was when it was removed; it stays until upstream has it again, or the rules leave it out.
 * Throws UsageError when there is nothing to restore, NonsenseError when its page in the trash is damaged, StorageError.
 */
export async function restoreProject(adoption: Adoption, name: ProjectName): Promise<void> {
  const { state, files } = adoption;
  const { published, status } = state.held(name);
  if (published) {
    const why = status === 'quarantined' ? 'in quarantine upstream, so that it stays hidden' : 'on the mirror';
    throw new UsageError(`${name}: is ${why}; only what was removed can be restored`);
  }
  const linked = await linkedFiles(adoption, name);
  await files.restore(linked);
  const sizes = await Promise.all(linked.map((path) => files.size(path)));
  const there = linked.filter((_, at) => sizes[at] !== undefined);
  await files.restore(there.flatMap((path) => [metadataPath(path), provenancePath(path)]));
  await files.restore([projectFolder(name)]);
  await adoptProject(adoption, name, projectFolder(name));
  state.removals.takeBack(name);
  state.remember({ rootIndexDue: true, removalsListed: undefined });
}

/** The files that its page has here. */
async function linkedFiles({ files }: Adoption, name: ProjectName): Promise<WebPath[]> {
  const json = pagePath('index.v1_json', name);
  const page = (await files.readTrash(json)) ?? (await files.read(json));
  if (page === undefined)
    throw new UsageError(`${name}: is not in the trash; it may be there no more (see trash-days)`);
  const url = new URL(`simple/${name}/`, base);
  return parseSimplePage(page.toString(), `the removed page of ${name}`).files.flatMap((file) => {
    const path = URL.canParse(file.url, url.href) ? blobPath(new URL(file.url, url), file.filename) : undefined;
    return path ?? [];
  });
}
