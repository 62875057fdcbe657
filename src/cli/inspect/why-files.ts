/** What becomes of each file of a project. */
import { filenameOf } from '../../core/paths.ts';
import type { FilesPlan } from '../../policy/plan-files.ts';
import type { Reason } from '../../policy/reason.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { Verdict } from '../../state/provenance-records.ts';

/** What becomes of a file. `linked` ones are left where upstream has them. */
export type FileState = 'held' | 'wanted' | 'linked' | 'left out' | 'to be removed';

/** One file, and why. */
export interface WhyFile {
  readonly filename: string;
  /** Bytes, where upstream tells. */
  readonly size: number | undefined;
  readonly state: FileState;
  /** Undefined where upstream's page is not known here. */
  readonly because: Reason | undefined;
  /** What is known of the provenance of a held file; absent where nobody looked. */
  readonly provenance?: Verdict;
}

/** What is here. */
export type HeldPath = Pick<HeldFile, 'path' | 'size'>;

const unlisted: Reason = { where: undefined, text: 'upstream does not list it any more' };

/** First what upstream's page lists, in its order, then what is held besides. */
export function filesOf(held: readonly HeldPath[], plan: FilesPlan | undefined, indexOnly: boolean): WhyFile[] {
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
