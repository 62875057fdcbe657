/**
 * Adopts one project of a tree that another program has made, or whose state was lost. Files that are present and
 * correct are held from now on, and the pages list only those. If a project has several spellings, they are merged.
 */
import type { ProjectName } from '../core/names.ts';
import { blobPath, childPath, linkToFile, projectFolder, type WebPath, withSidecars } from '../core/paths.ts';
import { isJsonObject } from '../formats/json.ts';
import type { PublishedFile, SimplePage } from '../formats/simple/simple-json.ts';
import { publishLegacyJson } from '../pages/publish-legacy-json.ts';
import { publishPages } from '../pages/publish-pages.ts';
import type { HeldFile } from '../state/held-projects.ts';
import type { Adoption } from './adoption.ts';
import { readTreePage, type TreePage } from './tree-page.ts';
import { verifyFile } from './verify-file.ts';

/** Pages of other programs, which our mirrors do not have. */
const foreignPages = ['index.v1_html', 'versions'];

/** The parts of a project that can be kept. */
interface Kept {
  readonly held: readonly HeldFile[];
  readonly published: readonly PublishedFile[];
  /** Number of files on its pages that are missing or damaged. */
  readonly lacking: number;
  /** Paths of damaged files, and of missing ones. */
  readonly gone: readonly WebPath[];
  /** False if a sidecar is missing or damaged. */
  readonly hasSidecars: boolean;
}

/** Adopts the project in `folder`, which is one of the spellings of `name`. */
export async function adoptProject(adoption: Adoption, name: ProjectName, folder: WebPath): Promise<void> {
  const { state, files, report, keepSerials, isLast = false } = adoption;
  const normal = projectFolder(name);
  // Published files must not end up where a link leads.
  if ((await files.stat(normal))?.kind === 'other') await files.discardFolders([normal]);
  if (folder === normal && state.held.isPublished(name)) return;
  const pages = await readPages(adoption, name, folder === normal ? [normal] : [normal, folder]);
  const foreign = foreignPages.map((file) => childPath(normal, file));
  const [first] = pages;
  if (first === undefined) {
    // Pages that are links to elsewhere tell nothing. The next run makes them anew.
    await files.discard(foreign);
    return;
  }
  const kept = await keep(adoption, pages);
  state.held.addFiles(name, kept.held);
  const isWhole = kept.lacking === 0 && kept.hasSidecars;
  const page = keepSerials && isWhole ? first.page : withoutSerial(first.page);
  const hashes = await publishPages(files, name, page, kept.published, false);
  await publishLegacyJson(adoption, name, page, kept.published);
  await files.discard(foreign);
  if (folder !== normal) await files.discardFolders([folder]);
  if (isLast) await files.discard(kept.gone.flatMap((path) => withSidecars(path)));
  const displayName = (folder === normal ? undefined : folder.split('/').at(-1)) ?? page.name;
  const { serial, status } = page;
  const drop = kept.gone.flatMap((path) => (state.held.holderOf(path) === name ? (state.held.file(path) ?? []) : []));
  const due = { name, displayName, serial: 0, isRemovedUpstream: false, obstacle: undefined, since: 0, attempts: 0 };
  state.finish([{ kind: 'published', due, serial, etag: undefined, status, drop, pages: hashes }]);
  const bytes = kept.held.reduce((sum, { size }) => sum + size, 0);
  report({ type: 'project-adopted', name, files: kept.held.length, bytes, lacking: kept.lacking });
}

/** Returns the pages that can be parsed. Throws StorageError: a page that cannot even be read must not be ignored. */
async function readPages({ files }: Adoption, name: ProjectName, folders: WebPath[]): Promise<TreePage[]> {
  const pages: TreePage[] = [];
  for (const folder of folders) {
    const page = await readTreePage(files, folder, name);
    if (page !== undefined) pages.push(page);
  }
  return pages;
}

async function keep(adoption: Adoption, pages: readonly TreePage[]): Promise<Kept> {
  const held = new Map<WebPath, HeldFile>();
  const published = new Map<string, PublishedFile>();
  const lacking = new Set<string>();
  const gone = new Set<WebPath>();
  let hasSidecars = true;
  for (const { page, url } of pages) {
    for (const file of page.files) {
      if (published.has(file.filename) || !URL.canParse(file.url, url.href)) continue;
      const link = new URL(file.url, url);
      link.hash = '';
      const found = await verifyFile(adoption.files, file, link);
      if (found.kind === 'damaged') {
        const fate = adoption.isLast === true ? 'is left out' : 'will be fetched again';
        adoption.report({ type: 'warning', message: `${found.path}: ${found.why}; it ${fate}` });
      }
      if (found.kind === 'held') {
        held.set(found.held.path, found.held);
        published.set(file.filename, publishedHere(file, found.held));
        hasSidecars &&= found.held.metadataSha256 === file.metadataSha256;
      } else if (found.kind === 'outside') {
        const { metadataSha256, provenance } = file;
        published.set(file.filename, { file, url: link.href, metadataSha256, provenance });
      } else {
        lacking.add(file.filename);
        const path = blobPath(link, file.filename);
        if (path !== undefined) gone.add(path);
      }
    }
  }
  const still = [...lacking].filter((filename) => !published.has(filename));
  return {
    held: [...held.values()],
    published: [...published.values()],
    lacking: still.length,
    gone: [...gone].filter((path) => !held.has(path)),
    hasSidecars,
  };
}

function publishedHere(file: PublishedFile['file'], { path, sha256, metadataSha256 }: HeldFile): PublishedFile {
  const hashes = isJsonObject(file.json.hashes) ? file.json.hashes : {};
  const json = { ...file.json, hashes: { ...hashes, sha256 } };
  const { provenance } = file;
  return { file: { ...file, sha256, json }, url: linkToFile(path), metadataSha256, provenance };
}

/**
 * Returns the page without its serial: a page that may lack files must not claim to be upstream's page at that serial.
 */
function withoutSerial(page: SimplePage): SimplePage {
  const { '_last-serial': _serial, ...meta } = isJsonObject(page.json.meta) ? page.json.meta : {};
  return { ...page, serial: undefined, json: { ...page.json, meta } };
}
