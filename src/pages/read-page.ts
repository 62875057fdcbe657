/** Reads the page of a project that is published here. */
import { NonsenseError } from '../core/errors.ts';
import type { MemoryBudget } from '../core/memory-budget.ts';
import type { ProjectName } from '../core/names.ts';
import { pagePath } from '../core/paths.ts';
import type { FileStore } from '../files/file-store.ts';
import { jsonWeight } from '../formats/simple/json-weight.ts';
import { parsePublishedPage, type SimplePage } from '../formats/simple/simple-json.ts';

/**
 * The page of `name`; undefined when there is none, or one that is damaged. Where many are read at a time, it waits for
 * room in `memory` before it is parsed.
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

/** What `bytes` say, which are the page of `name` as it was published here; undefined where they are damaged or none. */
export function parseOwnPage(bytes: Buffer | undefined, name: ProjectName): SimplePage | undefined {
  try {
    return bytes && parsePublishedPage(bytes.toString(), `the page of ${name}`);
  } catch (error) {
    // Whatever it is, upstream has a better one, and a check finds it.
    if (error instanceof NonsenseError) return undefined;
    throw error;
  }
}
