/** Checks one project: its pages and files must match the state. Changes nothing. */
import { mapInOrder } from '../core/map-in-order.ts';
import type { ProjectName } from '../core/names.ts';
import { legacyJsonFolder, pagePath, type WebPath } from '../core/paths.ts';
import { asPublished, type SimplePage } from '../formats/simple/simple-json.ts';
import { legacyFilesOf, legacyStrays } from '../pages/publish-legacy-json.ts';
import { local } from '../policy/policy.ts';
import type { HeldProject } from '../state/held-projects.ts';
import { indexState, pageState } from '../state/mirror-state.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { type Comparison, comparePage } from './compare-page.ts';
import { type ExpectedFile, expectedHeld } from './expected-file.ts';
import { inspectFile } from './inspect-file.ts';
import { hasPublishedPages, inspectPages, type PageStats } from './inspect-pages.ts';
import { readOrFinding } from './read-or-finding.ts';

/** The result of inspecting a project. */
export interface ProjectInspection {
  readonly findings: readonly Finding[];
  /** The JSON page, if it was readable. */
  readonly page: SimplePage | undefined;
  /** True if every page was readable, and the state knows every file that they list as held here. */
  readonly isProven: boolean;
}

/** What is known of a project before it is inspected. */
export interface KnownProject {
  readonly held: HeldProject;
  readonly pages: PageStats;
  readonly isQueued: boolean;
  /** The files that seem damaged: only these are looked at. Undefined means all. */
  readonly suspects: ReadonlySet<WebPath> | undefined;
}

/**
 * Inspects `name`. While the project is queued, pages and state may differ, because a run that stopped between two
 * steps leaves them so until the next run. Then only files that the page lists or the state holds are checked, since
 * the next run will not fetch those again.
 */
export async function inspectProject(
  check: Check,
  name: ProjectName,
  { held, pages, isQueued: queued, suspects }: KnownProject,
): Promise<ProjectInspection> {
  if (check.settings.quick && !queued && suspects === undefined && (await hasPublishedPages(check, name))) {
    const findings = held.source === local ? [] : await inspectFiles(check, name, held.files.map(expectedHeld));
    return { findings: findings.flat(), page: undefined, isProven: true };
  }
  const { page, findings, transient, etags } = await inspectPages(check, name, pages);
  // Files that people put there by hand are theirs. Only the page is ours.
  const isLocal = held.source === local;
  const comparison = isLocal
    ? undefined
    : page && comparePage(name, page, held, check.state.get(indexState).keepsRemoved === true);
  const found = [...findings, ...(queued ? [] : transient)];
  if (!queued && comparison !== undefined) for (const problem of disagreement(name, comparison)) found.push(problem);
  const look = (files: readonly ExpectedFile[]): Promise<Finding[][]> =>
    inspectFiles(check, name, suspects === undefined ? files : files.filter(({ path }) => suspects.has(path)));
  for (const problem of (await look(comparison?.listed ?? [])).flat()) found.push(problem);
  for (const wrong of await look(comparison?.unlisted ?? held.files.map(expectedHeld))) {
    // The interrupted run may have begun to remove the file.
    const isBeingRemoved = queued && comparison !== undefined && wrong.some(({ kind }) => kind === 'missing-file');
    if (!isBeingRemoved) for (const problem of wrong) found.push(problem);
  }
  // The legacy JSON is derived from the page and written with it, so it is checked only if the page is right.
  const isToBeRead = !queued && found.length === 0 && page !== undefined;
  for (const problem of isToBeRead ? await inspectLegacyJson(check, name, page) : []) found.push(problem);
  if (found.length === 0 && !queued) for (const { path, etag } of etags) check.objects?.confirm(path, etag);
  const isRight = findings.length === 0 && (queued || transient.length === 0);
  return { findings: found, page, isProven: isRight && (isLocal || comparison?.isKnown === true) };
}

/** Returns the findings about each of the files, several of which are read at the same time. */
async function inspectFiles(check: Check, name: ProjectName, files: readonly ExpectedFile[]): Promise<Finding[][]> {
  const findings: Finding[][] = [];
  const looks = mapInOrder(await unread(check, name, files), check.objects?.readers ?? 1, async (file) => {
    await check.yielder.yieldIfDue();
    return inspectFile(check, name, file);
  });
  for await (const found of looks) findings.push(found);
  return findings;
}

/** Returns the files that are still to be read: all, or those that a helper has not found right. */
async function unread(
  { helper, report }: Check,
  project: ProjectName,
  files: readonly ExpectedFile[],
): Promise<readonly ExpectedFile[]> {
  if (helper === undefined || files.length === 0) return files;
  const wrong = new Set(await helper.readFiles({ project, files }, (bytes) => report({ type: 'read', bytes })));
  for (const { path } of files) if (!wrong.has(path)) report({ type: 'file-checked', path });
  return files.filter(({ path }) => wrong.has(path));
}

/** Returns the findings about the legacy JSON of `page`, if the mirror serves it and no run is about to write it. */
async function inspectLegacyJson(check: Check, project: ProjectName, page: SimplePage): Promise<Finding[]> {
  const { state, files } = check;
  const { legacyJson } = state.get(pageState);
  if (legacyJson === undefined || legacyJson.filledTo !== undefined) return [];
  const found = await readOrFinding(legacyJsonFolder(project), project, async () => {
    const findings: Finding[] = [];
    const made = await legacyFilesOf(files, project, page, page.files.map(asPublished), legacyJson.base);
    for (const [path, body] of made) {
      await check.yielder.yieldIfDue();
      const there = await files.read(path);
      if (there === undefined) findings.push({ kind: 'missing-page', path, project });
      else if (!there.equals(body))
        findings.push({ kind: 'bad-page', path, project, found: 'is not made of its page' });
    }
    for (const path of await legacyStrays(files, project, made)) {
      findings.push({ kind: 'bad-page', path, project, found: 'belongs to no release of its page' });
    }
    return findings;
  });
  return Array.isArray(found) ? found : [found];
}

/** Returns one finding for a page, however many problems it has. */
function disagreement(project: ProjectName, { problems }: Comparison): Finding[] {
  const [first, ...more] = problems;
  if (first === undefined) return [];
  const found = more.length === 0 ? first : `${first} (and ${more.length} more)`;
  return [{ kind: 'bad-page', path: pagePath('index.v1_json', project), project, found }];
}
