/** Hides what the changelog says is in quarantine while upstream has no page that says so, or only an older one. */
import { filenameOf } from '../../core/paths.ts';
import { isJsonObject } from '../../formats/json.ts';
import { simplePageFrom, withSerial } from '../../formats/simple/simple-json.ts';
import type { Mirror } from '../mirror.ts';
import type { SelectedProject } from '../selection/selected-project.ts';
import type { ChangelogStatus } from './changelog-status.ts';
import { readCachedPage, type SourcePage } from './page/cached-page.ts';
import { classifyPage } from './page/classify-page.ts';
import { pageUrl } from './page/project-source.ts';
import { publishProject } from './publish-project.ts';

/**
 * Publishes the page without what is in quarantine. The project stays queued, because upstream's page is still to come
 * and decides then.
 */
export async function hideQuarantined(
  mirror: Mirror,
  project: SelectedProject,
  changelog: ChangelogStatus,
): Promise<void> {
  const { held } = project;
  if (!changelog.hasQuarantine || !held.published || held.restored || held.status === 'quarantined') return;
  if (mirror.settings.dryRun) return;
  const source = changelog.isQuarantined
    ? quarantinedPage(mirror, project)
    : await withoutReleases(mirror, project, changelog);
  if (source === undefined) return;
  const { serial, status } = source.page;
  const known = { serial, status, etag: undefined };
  const finished = await publishProject(mirror, project, classifyPage(mirror, project, source), known);
  if (finished.kind === 'published') mirror.state.finish([{ ...finished, partly: true }]);
}

function quarantinedPage(mirror: Mirror, { due, held }: SelectedProject): SourcePage {
  const url = pageUrl(mirror, due.name);
  const json = {
    meta: { 'api-version': '1.4' },
    name: due.name,
    'project-status': { status: 'quarantined' },
    versions: [],
    files: [],
  };
  return { page: withSerial(simplePageFrom(json, url.href), held.serial), url };
}

/**
 * Returns the published page without the releases in quarantine, or undefined if none of their files is held or
 * upstream's page cannot be made of what is here.
 */
async function withoutReleases(
  mirror: Mirror,
  { due, held }: SelectedProject,
  { isQuarantinedFile }: ChangelogStatus,
): Promise<SourcePage | undefined> {
  const hidden = new Set(held.files.filter(isQuarantinedFile).map(({ path }) => filenameOf(path)));
  const cached = hidden.size === 0 ? undefined : await readCachedPage(mirror, due.name);
  if (cached === undefined) return undefined;
  const { page, url } = cached;
  const isShown = (entry: unknown): boolean => !isJsonObject(entry) || !hidden.has(String(entry.filename));
  const files = Array.isArray(page.json.files) ? page.json.files.filter(isShown) : [];
  return { page: withSerial(simplePageFrom({ ...page.json, files }, url.href), held.serial), url };
}
