/** Looks at one project: its pages, its files, and whether both are what is remembered. Changes nothing. */
import type { ProjectName } from '../core/names.ts';
import { pagePath } from '../core/paths.ts';
import type { SimplePage } from '../formats/simple/simple-json.ts';
import { local } from '../policy/policy.ts';
import type { HeldProject } from '../state/held-projects.ts';
import { indexState } from '../state/mirror-state.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { type Comparison, comparePage, expectedHeld } from './compare-page.ts';
import { type ExpectedFile, inspectFile } from './inspect-file.ts';
import { inspectLegacyJson } from './inspect-legacy.ts';
import { inspectPages } from './inspect-pages.ts';

/** What a project looks like. */
export interface ProjectInspection {
  readonly findings: readonly Finding[];
  /** The JSON page, if it could be read. */
  readonly page: SimplePage | undefined;
  /** True when every page could be read, and the state knows of every file that they say is here. */
  readonly isProven: boolean;
}

/**
 * Looks at `name`. While the project is `queued`, pages and state may differ: a run that was stopped between two of its
 * steps leaves them so, and the next one puts it right. Then only what the page promises to its readers counts, and
 * what is held already: the next run fetches that no more.
 */
export async function inspectProject(
  check: Check,
  name: ProjectName,
  held: HeldProject,
  queued: boolean,
): Promise<ProjectInspection> {
  const { page, findings, transient } = await inspectPages(check, name);
  // What somebody has put there by hand is his: the page alone is ours.
  const isLocal = held.source === local;
  const comparison = isLocal
    ? undefined
    : page && comparePage(name, page, held, check.state.get(indexState).keepsRemoved === true);
  const found = [...findings, ...(queued ? [] : transient)];
  if (!queued && comparison !== undefined) for (const problem of disagreement(name, comparison)) found.push(problem);
  for (const file of comparison?.listed ?? []) for (const problem of await look(file)) found.push(problem);
  for (const file of comparison?.unlisted ?? held.files.map(expectedHeld)) {
    const wrong = await look(file);
    // The run that was stopped may have begun to remove it.
    const isGoing = queued && comparison !== undefined && wrong.some(({ kind }) => kind === 'missing-file');
    if (!isGoing) for (const problem of wrong) found.push(problem);
  }
  // It speaks of what the page does, and is made anew with that.
  const isToBeRead = !queued && found.length === 0 && page !== undefined;
  for (const problem of isToBeRead ? await inspectLegacyJson(check, name, page) : []) found.push(problem);
  const isRight = findings.length === 0 && (queued || transient.length === 0);
  return { findings: found, page, isProven: isRight && (isLocal || comparison?.isKnown === true) };

  async function look(file: ExpectedFile): Promise<Finding[]> {
    await check.yielder.yieldIfDue();
    return inspectFile(check, name, file);
  }
}

/** One line for a page, however many files it speaks of. */
function disagreement(project: ProjectName, { problems }: Comparison): Finding[] {
  const [first, ...more] = problems;
  if (first === undefined) return [];
  const found = more.length === 0 ? first : `${first} (and ${more.length} more)`;
  return [{ kind: 'bad-page', path: pagePath('index.v1_json', project), project, found }];
}
