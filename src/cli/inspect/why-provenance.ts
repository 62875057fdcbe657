/** What provenance (PEP 740) has to do with it that a file is held or left out. */
import type { ProjectName } from '../../core/names.ts';
import { filenameOf } from '../../core/paths.ts';
import type { SimplePage } from '../../formats/simple/simple-json.ts';
import type { Reason } from '../../policy/reason.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { Reader } from './open-reader.ts';
import type { WhyFile } from './why-files.ts';

/** `files` of the project with what is known of their provenance, and those that only that is known of. */
export function withProvenance(
  { state, settings }: Pick<Reader, 'state' | 'settings'>,
  name: ProjectName,
  held: readonly HeldFile[],
  files: readonly WhyFile[],
  page: SimplePage | undefined,
): WhyFile[] {
  if (settings.provenance !== 'verify') return [...files];
  const verdicts = new Map(held.map((file) => [filenameOf(file.path), file.verdict]));
  const reasons = new Map(
    state.provenance.problemsOf(name).map(({ filename, why }) => [filename, policyReason(settings, why)]),
  );
  const announced = new Set(page?.files.flatMap(({ filename, provenance }) => (provenance ? [filename] : [])));
  const isAbsent = (file: WhyFile): boolean =>
    settings.provenancePolicy === 'require' && file.state === 'wanted' && !announced.has(file.filename);
  const known = files.map((file): WhyFile => {
    const reason = reasons.get(file.filename) ?? (isAbsent(file) ? policyReason(settings, 'it has none') : undefined);
    reasons.delete(file.filename);
    const verdict = verdicts.get(file.filename);
    if (file.state === 'wanted' && reason !== undefined) return { ...file, state: 'left out', because: reason };
    return { ...file, because: verdict === 'failed' ? reason : file.because, ...(verdict && { provenance: verdict }) };
  });
  const others = [...reasons].map(
    ([filename, because]) => ({ filename, size: undefined, state: 'left out', because }) as const,
  );
  return [...known, ...others];
}

function policyReason({ provenancePolicy }: Reader['settings'], detail: string): Reason {
  return { where: undefined, text: `provenance-policy = "${provenancePolicy}"`, detail };
}
