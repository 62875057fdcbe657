/** Plans upstream's page: which of its files are held, which are left out, and which stay as they are. */
import { filenameOf, type WebPath } from '../../../core/paths.ts';
import type { HeldFile } from '../../../state/held-projects.ts';
import type { Mirror } from '../../mirror.ts';
import type { SelectedProject } from '../../selection/selected-project.ts';
import { type PlannedFile, type ProjectPlan, planProject } from '../files/plan-project.ts';
import { withKnownProvenance, withoutUnattested } from '../files/provenance.ts';
import { entryDigestOf, type ProjectRejections, type Rejection } from '../files/rejected-files.ts';
import type { SourcePage } from './cached-page.ts';
import { type ChosenFiles, chooseFiles } from './choose-files.ts';
import type { ClassifiedPage } from './classify-page.ts';

/** The plan for upstream's page. */
export interface PlannedPage {
  /** The page without the rejected files. */
  readonly source: SourcePage;
  readonly chosen: ChosenFiles;
  readonly plan: ProjectPlan;
  /** The chosen files that are left out because of their provenance. */
  readonly leftOut: readonly PlannedFile[];
  /** The rejected files. */
  readonly rejected: readonly Rejection[];
  /** The held files that rejected entries list. They stay as they are published. */
  readonly retained: readonly HeldFile[];
}

/**
 * Plans the page `classified`. Rejected files and files that were fetched in vain and are not tried again yet are
 * hidden from the rules, so that they do not take the place of files that can be held. Files that are `gone` from their
 * paths do not count as held.
 */
export function planPage(
  mirror: Mirror,
  project: SelectedProject,
  classified: ClassifiedPage,
  rejections: ProjectRejections,
  gone: ReadonlySet<WebPath> = new Set(),
): PlannedPage {
  const { due, held, decision } = project;
  for (const found of classified.rejected) rejections.add(found);
  const source = withoutRejected(classified, rejections);
  const chosen = chooseFiles(mirror, decision, source.page);
  const { plan, foreign } = planChosen(mirror, project, classified, source, chosen);
  if (foreign.length > 0) {
    for (const found of foreign) rejections.add(found);
    return planPage(mirror, project, classified, rejections, gone);
  }
  const listed = new Set(source.page.files.map(({ filename }) => filename));
  const lost = new Set([...classified.lost, ...classified.quarantined]);
  const isListed = (file: HeldFile): boolean => listed.has(filenameOf(file.path)) || lost.has(file);
  const retained = rejections.count === 0 ? [] : held.files.filter((file) => !isListed(file) && !gone.has(file.path));
  const drop = plan.drop.filter((file) => !retained.includes(file));
  const recalled = withKnownProvenance(mirror, due.name, { ...plan, drop });
  const required = withoutUnattested(mirror, recalled);
  const files = required.plan.files.map((file) => (gone.has(file.path) ? { ...file, held: undefined } : file));
  const planned = {
    source,
    chosen,
    ...required,
    plan: { ...required.plan, files },
    rejected: rejections.all,
    retained,
  };
  return rejections.count === 0 ? planned : { ...planned, chosen: { ...chosen, hidden: true } };
}

function withoutRejected(classified: ClassifiedPage, rejections: ProjectRejections): SourcePage {
  const { page, url, linkedHere } = classified;
  const left = rejections.filenames;
  const files = page.files.filter(({ filename, json }) => !left.has(filename) && !rejections.isWaiting(filename, json));
  return {
    page: files.length === page.files.length ? page : { ...page, files },
    url,
    ...(linkedHere && { linkedHere }),
  };
}

/**
 * Compares the chosen files with the held ones. Returns the plan, and the files whose path belongs to another project.
 * An archive keeps the files that upstream removed, unless the project is in quarantine.
 */
function planChosen(
  { upstream, settings, state }: Mirror,
  { due, held }: SelectedProject,
  { lost }: ClassifiedPage,
  { page, url }: SourcePage,
  { wanted }: ChosenFiles,
): { readonly plan: ProjectPlan; readonly foreign: readonly Rejection[] } {
  const all = planProject({ ...page, files: wanted }, url, held.files, upstream);
  // Two projects cannot hold the same file: dropping it from one would take it from the other.
  const foreign = all.files.flatMap(({ file, path, held }): Rejection[] => {
    const holder = held === undefined ? state.held.holderOf(path) : due.name;
    if (holder === undefined || holder === due.name) return [];
    const { filename, json } = file;
    return [{ filename, json, entryDigest: entryDigestOf(json), problem: `${path} belongs to ${holder}` }];
  });
  const archived = new Set(settings.keepRemoved && page.status !== 'quarantined' ? lost : []);
  // With pages only, a file that upstream moved is not fetched, so the bytes that are held stay under all their paths.
  const moved = settings.indexOnly ? all.files.filter((file) => file.held === undefined) : [];
  const kept = new Set(moved.map(({ sha256 }) => sha256));
  const drop = all.drop.filter((file) => !archived.has(file) && !kept.has(file.sha256));
  return { plan: { files: all.files, drop }, foreign };
}
