/** Explains the state of each file of a project. */
import { filenameOf } from '../../core/paths.ts';
import type { FilesPlan } from '../../policy/plan-files.ts';
import type { Reason } from '../../policy/reason.ts';
import type { Verdict } from '../../state/provenance-records.ts';
import type { HeldFile } from '../../state/state-store.ts';

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
