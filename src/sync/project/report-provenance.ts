/** Tells what a run found out about provenance. What was found before is not told again. */
import type { ProjectName } from '../../core/names.ts';
import type { ProvenanceProblem } from '../../state/provenance-records.ts';
import type { Mirror } from '../mirror.ts';
import type { Downloaded } from './files/download.ts';
import type { PlannedFile } from './files/plan-project.ts';

/** Reports what is new among `files` of `name`. Returns all that is wrong with them. */
export function reportProvenance(
  { state, report }: Mirror,
  name: ProjectName,
  files: readonly (readonly [PlannedFile, Downloaded])[],
): ProvenanceProblem[] {
  const unproven = files.flatMap(([, { provenance }]) => provenance.unproven ?? []);
  const told = new Set(unproven.length > 0 ? state.provenance.problemsOf(name).map(keyOf) : []);
  for (const file of unproven) {
    if (told.has(keyOf(file))) continue;
    const message = `${name}: ${file.filename}: ${file.why}${file.leftOut ? '; it is left out' : ''}`;
    report({ type: file.leftOut ? 'alarm' : 'warning', message });
  }
  for (const [{ file }, { provenance }] of files) {
    if (provenance.isLost === true) reportLostProvenance({ report }, name, file.filename);
  }
  return unproven;
}

/** Reports that a file had provenance, and that upstream announces none any more. */
export function reportLostProvenance({ report }: Pick<Mirror, 'report'>, name: ProjectName, filename: string): void {
  report({ type: 'alarm', message: `${name}: ${filename}: had provenance, and upstream has none of it any more` });
}

function keyOf({ filename, why, leftOut }: ProvenanceProblem): string {
  return JSON.stringify([filename, why, leftOut]);
}
