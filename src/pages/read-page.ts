/** Reads the page of a project that is published here. */
import { NonsenseError } from '../core/errors.ts';
import type { MemoryBudget } from '../core/memory-budget.ts';
import type { ProjectName } from '../core/names.ts';
import { pagePath } from '../core/paths.ts';
import type { FileStore } from '../files/file-store.ts';
import { jsonWeight } from '../formats/simple/json-weight.ts';
import { parsePublishedPage, type SimplePage } from '../formats/simple/simple-json.ts';

/**
 * Returns the published page of `name`, or undefined if it is missing or damaged. With `memory` it is parsed once there
 * is room. Throws StorageError.
 */
export async function readPublishedPage(
  files: Pick<FileStore, 'read'>,
  name: ProjectName,
  memory?: MemoryBudget,
): Promise<SimplePage | undefined> {
  const bytes = await files.read(pagePath('index.v1_json', name));
  if (bytes !== undefined) await memory?.acquire(name, jsonWeight(bytes));
  return parseOwnPage(bytes, name);
}

/** Parses the published page of `name`. Returns undefined if there are no bytes or they are damaged. */
export function parseOwnPage(bytes: Buffer | undefined, name: ProjectName): SimplePage | undefined {
  try {
    return bytes && parsePublishedPage(bytes.toString(), `the page of ${name}`);
  } catch (error) {
    // Upstream has an intact page, and a check finds the damaged one.
    if (error instanceof NonsenseError) return undefined;
    throw error;
  }
}
