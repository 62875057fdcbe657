/** What upstream's page does not list any more, and what becomes of it while the brake on deletions holds. */
import type { ProjectName } from '../core/names.ts';
import { filenameOf } from '../core/paths.ts';
import { isJsonObject } from '../formats/json.ts';
import { type SimplePage, simplePageFrom } from '../formats/simple-json.ts';
import type { HeldFile, HeldProject } from '../state/state-store.ts';
import { lastPage, pageToChooseFrom, type SourcePage } from './known-page.ts';
import type { Mirror } from './mirror.ts';

/** The held files that upstream took away. All of a project in quarantine are (PEP 792). */
export function lostFiles(page: SimplePage, held: readonly HeldFile[]): HeldFile[] {
  if (page.status === 'quarantined') return [...held];
  const listed = new Set(page.files.map(({ filename }) => filename));
  return held.filter(({ path }) => !listed.has(filenameOf(path)));
}

/** Those of `lost` that our page has: the others were lost before, and an archive keeps them. */
export async function newlyLost(
  mirror: Mirror,
  name: ProjectName,
  lost: readonly HeldFile[],
): Promise<readonly HeldFile[]> {
  const page = lost.length === 0 ? undefined : await pageToChooseFrom(mirror, name, undefined);
  if (page === undefined) return lost;
  const published = new Set(page.files.map(({ filename }) => filename));
  return lost.filter(({ path }) => published.has(filenameOf(path)));
}

/**
 * Upstream's page with the entries of `lost` as they are published, at the serial that is published: what is new appears,
 * and nothing goes. Undefined where they are not known.
 */
export async function withLostFiles(
  mirror: Mirror,
  name: ProjectName,
  { page, url }: SourcePage,
  held: HeldProject,
  lost: readonly HeldFile[],
): Promise<SourcePage | undefined> {
  const before = await lastPage(mirror, name);
  if (before === undefined) return undefined;
  const names = new Set(lost.map(({ path }) => filenameOf(path)));
  const kept = before.page.files.filter(({ filename }) => names.has(filename));
  const files = [...page.files, ...kept].map(({ json }) => json);
  const meta = isJsonObject(page.json.meta) ? page.json.meta : {};
  const json = {
    ...page.json,
    meta: { ...meta, '_last-serial': held.serial },
    versions: versionsOf(page, before.page),
    files,
  };
  return { page: simplePageFrom(json, page.name), url };
}

function versionsOf(now: SimplePage, before: SimplePage): unknown {
  const { versions } = now.json;
  if (!Array.isArray(versions) || !Array.isArray(before.json.versions)) return versions;
  return [...new Set<unknown>([...versions, ...before.json.versions])];
}
