/** Explains why files are rejected. */
import type { Reason } from '../../policy/reason.ts';
import type { RejectedFile } from '../../state/rejected-files.ts';
import { isoTime, plural, shortTime } from '../output/units.ts';
import type { WhyFile } from './why-files.ts';

/** Returns `files` with the problems of the rejected files in `odd`, and further files that only `odd` mentions. */
export function withRejectedFiles(files: readonly WhyFile[], odd: readonly RejectedFile[]): WhyFile[] {
  const reasons = new Map(odd.map((file) => [file.filename, reasonOf(file)]));
  const known = files.map((file): WhyFile => {
    const because = reasons.get(file.filename);
    if (because === undefined) return file;
    reasons.delete(file.filename);
    // A file that is held stays held.
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
