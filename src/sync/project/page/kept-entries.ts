/**
 * Makes the entries of files that stay on our page as they are because upstream's current entries for them cannot be
 * used.
 */
import type { ProjectName } from '../../../core/names.ts';
import { filenameOf, linkToFile } from '../../../core/paths.ts';
import { isJsonObject, type JsonObject } from '../../../formats/json.ts';
import { type PublishedFile, type SimplePage, simplePageFrom } from '../../../formats/simple/simple-json.ts';
import { readPublishedPage } from '../../../pages/read-page.ts';
import type { HeldFile } from '../../../state/held-projects.ts';
import type { Mirror } from '../../mirror.ts';
import type { Rejection } from '../files/rejected-files.ts';

/** Returns the published entries of `files`, marked as yanked (PEP 592) if a rejected entry says so. */
export async function keptEntries(
  mirror: Pick<Mirror, 'files'>,
  name: ProjectName,
  files: readonly HeldFile[],
  rejected: readonly Rejection[],
): Promise<PublishedFile[]> {
  if (files.length === 0) return [];
  const published = await readPublishedPage(mirror.files, name);
  const entries = new Map(published?.files.map((file) => [file.filename, file]));
  const yanked = new Map(rejected.flatMap(({ filename, json }) => (isYanked(json) ? [[filename, json.yanked]] : [])));
  return files.flatMap((held) => {
    const filename = filenameOf(held.path);
    const entry = entries.get(filename);
    // An archive may hold a file that its page does not list.
    if (entry === undefined && published !== undefined) return [];
    const json = entry?.sha256 === held.sha256 ? entry.json : jsonOfHeld(held);
    const [file] = pageOf(name, yanked.has(filename) ? { ...json, yanked: yanked.get(filename) } : json).files;
    if (file === undefined) return [];
    const { provenance } = file;
    return { file, url: file.url, metadataSha256: held.metadataSha256, provenance };
  });
}

/** Returns the JSON entry of a file of which nothing is known but that it is held. */
export function jsonOfHeld({ path, sha256, size, metadataSha256 }: HeldFile): JsonObject {
  return {
    filename: filenameOf(path),
    url: linkToFile(path),
    hashes: { sha256 },
    size,
    'core-metadata': metadataSha256 === undefined ? false : { sha256: metadataSha256 },
  };
}

function pageOf(name: ProjectName, entry: JsonObject): SimplePage {
  return simplePageFrom({ meta: { 'api-version': '1.0' }, name, files: [entry] }, `the page of ${name}`);
}

function isYanked(json: unknown): json is JsonObject {
  return isJsonObject(json) && (json.yanked === true || (typeof json.yanked === 'string' && json.yanked !== ''));
}
