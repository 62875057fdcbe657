/** Renders the plan of the next run as text. */
import { plural, showCount } from '../../core/counts.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { renderTable } from '../output/table.ts';
import type { PlannedWork, PlanSums, ProjectWork } from './plan-totals.ts';

const width = 99;

/** Returns the lines of the text, each less than 100 columns wide. Paths below `root` are shown relative to it. */
export function renderPlan(sums: PlanSums, root: string): string[] {
  const shorten = (rule: string): string => rule.replaceAll(`${root}/`, '');
  const rules = sums.rules.map((work) => [showCount(work.projects), ...cells(work), shorten(work.rule)]);
  const header = ['projects', 'to fetch', 'bytes', 'to remove', 'bytes', 'rule'];
  return [
    ...totals(sums),
    ...(rules.length === 0 ? [] : ['', ...renderTable([header, ...rules], { right: [0, 1, 2, 3, 4], width })]),
    ...projectTable('Most to fetch', sums.mostToFetch, ({ fetch }) => fetch, shorten),
    ...projectTable('Most to remove', sums.mostToRemove, ({ remove }) => remove, shorten),
  ];
}

function totals({ publish, removed, fetch, remove, unknownRequires }: PlanSums): string[] {
  const unknown = `what ${plural(unknownRequires, 'project')} to fetch will require: not known before`;
  return renderTable([
    ['To publish', plural(publish, 'project')],
    ['To fetch', `${plural(fetch.files, 'file')}, ${showBytes(fetch.bytes)}`],
    ['To remove', `${plural(remove.files, 'file')}, ${showBytes(remove.bytes)}, and ${plural(removed, 'project')}`],
    ...(unknownRequires === 0 ? [] : [['And then', unknown]]),
  ]);
}

function cells({ fetch, remove }: PlannedWork): string[] {
  return [fetch, remove].flatMap(({ files, bytes }) =>
    files === 0 ? ['-', '-'] : [showCount(files), showBytes(bytes)],
  );
}

function projectTable(
  title: string,
  projects: readonly ProjectWork[],
  workOf: (work: PlannedWork) => PlannedWork['fetch'],
  shorten: (rule: string) => string,
): string[] {
  if (projects.length === 0) return [];
  const rows = projects.map((project) => {
    const { files, bytes } = workOf(project);
    return [project.name, showCount(files), showBytes(bytes), shorten(project.rule)];
  });
  return ['', ...renderTable([[title, 'files', 'bytes', 'rule'], ...rows], { right: [1, 2], width })];
}
