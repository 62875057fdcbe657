/** Tells a person about deletions that were held back, and the command that allows them. */
import { plural, showCount } from '../../core/counts.ts';
import type { MirrorEvent } from '../../core/report.ts';

const maxNamed = 100;

type HeldBack = Extract<MirrorEvent, { type: 'deletions-held-back' }>;

/**
 * Returns the text: several lines for each index, then the command. `waiting` is the number of all deletions that are
 * held back, also by earlier runs: the command allows them all.
 */
export function heldBackText(all: readonly HeldBack[], root: string, waiting: number): string {
  const count = all.reduce((sum, { deletions }) => sum + deletions.length, 0);
  const what = waiting > count ? `all ${showCount(waiting)} that wait` : 'them';
  const allowed = Math.max(count, waiting);
  return [...all.flatMap(linesOf), `To let ${what} go: pep381run --allow-deletions ${allowed} ${root}`].join('\n');
}

function linesOf({ deletions, gone, limit, source }: HeldBack): string[] {
  const projects = deletions.filter(({ isProject }) => isProject).length;
  const files = deletions.reduce((sum, { files }) => sum + files, 0);
  const named = deletions
    .slice(0, maxNamed)
    .map(({ name, isProject, files }) => `  ${name}: ${isProject ? 'the project with ' : ''}${plural(files, 'file')}`);
  const more = deletions.length - named.length;
  const before = gone === 0 ? '' : `, of which ${Math.round(gone * 100) / 100} went already`;
  return [
    `Held back: ${source ?? 'upstream'} removed ${plural(projects, 'project')} and ${plural(files, 'file')}, and a day may remove ` +
      `${plural(limit, 'project')}, some files of one being that part of it${before}: of more nothing goes. Everything else was done. They stay until you allow it:`,
    ...named,
    ...(more > 0 ? [`  and ${showCount(more)} more`] : []),
  ];
}
