/** Reads the project pages that mirror programs leave in a tree: JSON where there is one, else HTML of any age. */
import { NonsenseError } from '../core/errors.ts';
import { type ProjectName, projectName } from '../core/names.ts';
import { childPath, type WebPath } from '../core/paths.ts';
import type { FileStore } from '../files/file-store.ts';
import { renderJson } from '../formats/json.ts';
import { pageOfHtml } from '../formats/simple/html-page.ts';
import { parsePublishedPage, type SimplePage } from '../formats/simple/simple-json.ts';

/** Stands for the tree itself: a link with this origin names a place in it. */
export const treeOrigin = 'http://tree.invalid';

/** A page, and the address that its links are relative to. */
export interface TreePage {
  readonly page: SimplePage;
  readonly url: URL;
}

/** The page of `name` in `folder`; undefined when there is none that can be understood. Throws StorageError. */
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
    // It will have to be written, too.
    renderJson(page.json, folder);
    return projectName(page.name) === name ? page : undefined;
  } catch (error) {
    if (error instanceof NonsenseError) return undefined;
    throw error;
  }
}
