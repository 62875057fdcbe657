/** Reads the project pages that mirror programs leave in a tree: JSON if there is any, otherwise HTML of any age. */
import { NonsenseError } from '../core/errors.ts';
import { type ProjectName, projectName } from '../core/names.ts';
import { childPath, type WebPath } from '../core/paths.ts';
import type { FileStore } from '../files/file-store.ts';
import { renderJson } from '../formats/json.ts';
import { pageOfHtml } from '../formats/simple/html-page.ts';
import { parsePublishedPage, type SimplePage } from '../formats/simple/simple-json.ts';

/** Stands for the tree itself: a link with this origin names a path in the tree. */
export const treeOrigin = 'http://tree.invalid';

/** A page, and the address that its links are relative to. */
export interface TreePage {
  readonly page: SimplePage;
  readonly url: URL;
}

/** Returns the page of `name` in `folder`, or undefined if there is none that can be parsed. Throws StorageError. */
export async function readTreePage(
  files: FileStore,
  folder: WebPath,
  name: ProjectName,
): Promise<TreePage | undefined> {
  const url = new URL(`${treeOrigin}/${folder}/`);
  const json = await read(files, folder, 'index.v1_json');
  const page = json === undefined ? undefined : understood(json, folder, name);
  if (page !== undefined) return { page, url };
  const html = (await read(files, folder, 'index.html')) ?? (await read(files, folder, 'index.v1_html'));
  return html === undefined ? undefined : { page: pageOfHtml(html, url, name), url };
}

async function read(files: FileStore, folder: WebPath, file: string): Promise<string | undefined> {
  return (await files.read(childPath(folder, file)))?.toString();
}

function understood(json: string, folder: WebPath, name: ProjectName): SimplePage | undefined {
  try {
    const page = parsePublishedPage(json, folder);
    // The page is written later, so it must also be possible to render it.
    renderJson(page.json, folder);
    return projectName(page.name) === name ? page : undefined;
  } catch (error) {
    if (error instanceof NonsenseError) return undefined;
    throw error;
  }
}
