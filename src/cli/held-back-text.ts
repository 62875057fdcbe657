/** What a person has to know about deletions that were held back, and the command that allows them. */
import type { MirrorEvent } from '../core/report.ts';
import { plural, showCount } from './units.ts';

const mostNamed = 100;

/** Several lines, the command at last. */
export function heldBackText(
  { deletions, gone, limit }: Extract<MirrorEvent, { type: 'deletions-held-back' }>,
  root: string,
): string {
  const projects = deletions.filter(({ isProject }) => isProject).length;
  const files = deletions.reduce((sum, { files }) => sum + files, 0);
  const named = deletions
    .slice(0, mostNamed)
    .map(({ name, isProject, files }) => `  ${name}: ${isProject ? 'the project with ' : ''}${plural(files, 'file')}`);
  const more = deletions.length - named.length;
  const before =
    gone.projects + gone.files === 0
      ? ''
      : `, of which ${plural(gone.projects, 'project')} and ${plural(gone.files, 'file')} went already`;
  return [
    `Held back: upstream removed ${plural(projects, 'project')} and ${plural(files, 'file')}, and a day may remove ` +
      `${showCount(limit.projects)} projects or ${showCount(limit.files)} files${before}. Everything else was done. They stay until you allow it:`,
    ...named,
    ...(more > 0 ? [`  and ${showCount(more)} more`] : []),
    `To let them go: pep381run --allow-deletions ${Math.max(projects, files)} ${root}`,
  ].join('\n');
}
