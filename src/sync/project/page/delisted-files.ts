/**
 * Finds the files that upstream's page no longer lists, and keeps them on our page while the deletion limit holds them
 * back.
 */
import type { ProjectName } from '../../../core/names.ts';
import { filenameOf } from '../../../core/paths.ts';
import { type SimplePage, withSerial } from '../../../formats/simple/simple-json.ts';
import { readPublishedPage } from '../../../pages/read-page.ts';
import type { HeldFile, HeldProject } from '../../../state/held-projects.ts';
import type { Mirror } from '../../mirror.ts';
import { readCachedPage } from './cached-page.ts';
import type { ClassifiedPage } from './classify-page.ts';

/** Returns those of `lost` that our page lists. The others were delisted before, and an archive keeps them. */
export async function newlyDelisted(
  mirror: Mirror,
  name: ProjectName,
  lost: readonly HeldFile[],
): Promise<readonly HeldFile[]> {
  const page = lost.length === 0 ? undefined : await readPublishedPage(mirror.files, name);
  if (page === undefined) return lost;
  const published = new Set(page.files.map(({ filename }) => filename));
  return lost.filter(({ path }) => published.has(filenameOf(path)));
}

/**
 * Returns upstream's page plus the published entries of `lost`, with the published serial: new files appear, and none
 * disappears. Returns undefined if the entries are not known.
 */
export async function withDelistedFiles(
  mirror: Mirror,
  name: ProjectName,
  classified: ClassifiedPage,
  held: HeldProject,
  lost: readonly HeldFile[],
): Promise<ClassifiedPage | undefined> {
  const { page, url, rejected, quarantined, broken } = classified;
  const before = await readCachedPage(mirror, name);
  if (before === undefined) return undefined;
  const names = new Set(lost.map(({ path }) => filenameOf(path)));
  const kept = before.page.files.filter(({ filename }) => names.has(filename));
  const { json } = withSerial(page, held.serial);
  const versions = versionsOf(page, before.page);
  const files = [...page.files, ...kept];
  // The rejected entries are included because a plan may keep this page.
  const listed = [...files, ...rejected].map((entry) => entry.json);
  const whole = { ...page, serial: held.serial, files, json: { ...json, versions, files: listed } };
  return {
    page: whole,
    url,
    rejected,
    lost: classified.lost.filter((file) => !lost.includes(file)),
    quarantined,
    broken,
  };
}

function versionsOf(now: SimplePage, before: SimplePage): unknown {
  const { versions } = now.json;
  if (!Array.isArray(versions) || !Array.isArray(before.json.versions)) return versions;
  return [...new Set<unknown>([...versions, ...before.json.versions])];
}
