/** What upstream's page does not list any more, and what becomes of it while the brake on deletions holds. */
import type { ProjectName } from '../../../core/names.ts';
import { filenameOf } from '../../../core/paths.ts';
import { type SimplePage, withSerial } from '../../../formats/simple/simple-json.ts';
import { readPublishedPage } from '../../../pages/read-page.ts';
import type { HeldFile, HeldProject } from '../../../state/held-projects.ts';
import type { Mirror } from '../../mirror.ts';
import { readCachedPage } from './cached-page.ts';
import type { ClassifiedPage } from './classify-page.ts';

/** Those of `lost` that our page has: the others were lost before, and an archive keeps them. */
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
 * Upstream's page with the entries of `lost` as they are published, at the serial that is published: what is new appears,
 * and nothing goes. Undefined where they are not known.
 */
export async function withDelistedFiles(
  mirror: Mirror,
  name: ProjectName,
  judged: ClassifiedPage,
  held: HeldProject,
  lost: readonly HeldFile[],
): Promise<ClassifiedPage | undefined> {
  const { page, url, odd, quarantined, broken } = judged;
  const before = await readCachedPage(mirror, name);
  if (before === undefined) return undefined;
  const names = new Set(lost.map(({ path }) => filenameOf(path)));
  const kept = before.page.files.filter(({ filename }) => names.has(filename));
  const { json } = withSerial(page, held.serial);
  const versions = versionsOf(page, before.page);
  const files = [...page.files, ...kept];
  // With what is odd: a plan keeps the page, too.
  const listed = [...files, ...odd].map((entry) => entry.json);
  const whole = { ...page, serial: held.serial, files, json: { ...json, versions, files: listed } };
  return { page: whole, url, odd, lost: judged.lost.filter((file) => !lost.includes(file)), quarantined, broken };
}

function versionsOf(now: SimplePage, before: SimplePage): unknown {
  const { versions } = now.json;
  if (!Array.isArray(versions) || !Array.isArray(before.json.versions)) return versions;
  return [...new Set<unknown>([...versions, ...before.json.versions])];
}
