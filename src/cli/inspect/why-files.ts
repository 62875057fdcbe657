/** Explains the state of each file of a project. */
import { plural } from '../../core/counts.ts';
import type { ProjectName } from '../../core/names.ts';
import { filenameOf } from '../../core/paths.ts';
import type { SimplePage } from '../../formats/simple/simple-json.ts';
import type { FileDecisions } from '../../policy/plan-files.ts';
import type { Reason } from '../../policy/reason.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { Verdict } from '../../state/provenance-records.ts';
import type { RejectedFile } from '../../state/rejected-files.ts';
import { isoTime, shortTime } from '../output/units.ts';
import type { Reader } from './open-reader.ts';

/** The state of a file. `linked` means that the page links to upstream. */
export type FileState = 'held' | 'wanted' | 'linked' | 'left out' | 'to be removed';

/** One file with its state and the reason. */
export interface WhyFile {
  readonly filename: string;
  /** Bytes, if upstream gives the size. */
  readonly size: number | undefined;
  readonly state: FileState;
  /** Undefined if upstream's page is not cached. */
  readonly because: Reason | undefined;
  /** The result of verifying the provenance of a held file; absent if it was never verified. */
  readonly provenance?: Verdict;
}

/** A file on this mirror. */
export type HeldPath = Pick<HeldFile, 'path' | 'size'>;

const unlisted: Reason = { where: undefined, text: 'upstream does not list it any more' };

/** Returns the files on upstream's page in its order, then other held files. */
export function filesOf(held: readonly HeldPath[], plan: FileDecisions | undefined, indexOnly: boolean): WhyFile[] {
  const rest = new Map(held.map((file) => [filenameOf(file.path), file]));
  const listed = (plan?.files ?? []).map(({ file, hold, because }): WhyFile => {
    const isHeld = rest.delete(file.filename);
    return { filename: file.filename, size: file.size, state: stateOf(isHeld, hold, indexOnly), because };
  });
  const state = plan === undefined ? 'held' : 'to be removed';
  const because = plan === undefined ? undefined : unlisted;
  return [...listed, ...[...rest].map(([filename, { size }]) => ({ filename, size, state, because }) as const)];
}

function stateOf(isHeld: boolean, hold: boolean, indexOnly: boolean): FileState {
  if (isHeld) return hold ? 'held' : 'to be removed';
  if (!hold) return 'left out';
  return indexOnly ? 'linked' : 'wanted';
}

/** Returns `files` with the problems of those that are rejected, and the rejected files that `files` lacks. */
export function withRejectedFiles(files: readonly WhyFile[], rejected: readonly RejectedFile[]): WhyFile[] {
  const reasons = new Map(rejected.map((file) => [file.filename, reasonOf(file)]));
  const known = files.map((file): WhyFile => {
    const because = reasons.get(file.filename);
    if (because === undefined) return file;
    reasons.delete(file.filename);
    // What is held stays as it is.
    return { ...file, state: file.state === 'held' || file.state === 'to be removed' ? 'held' : 'left out', because };
  });
  const others = [...reasons].map(
    ([filename, because]) => ({ filename, size: undefined, state: 'left out', because }) as const,
  );
  return [...known, ...others];
}

function reasonOf({ problem, since, attempts, nextTry }: RejectedFile): Reason {
  const found = `found ${shortTime(isoTime(since))}`;
  const next =
    nextTry === undefined ? '' : `, ${plural(attempts, 'time')}; not tried again before ${shortTime(isoTime(nextTry))}`;
  return { where: undefined, text: problem, detail: `${found}${next}` };
}

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
  const attested = new Set(page?.files.flatMap(({ filename, provenance }) => (provenance ? [filename] : [])));
  const isAbsent = (file: WhyFile): boolean =>
    settings.provenancePolicy === 'require' && file.state === 'wanted' && !attested.has(file.filename);
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
