/** What is wrong with files that alone are left out of their project. */
import type { Reason } from '../../policy/reason.ts';
import type { RejectedFile } from '../../state/rejected-files.ts';
import { isoTime, plural, shortTime } from '../output/units.ts';
import type { WhyFile } from './why-files.ts';

/** `files` with what is wrong with those of `odd`, and those that only that is known of. */
export function withRejectedFiles(files: readonly WhyFile[], odd: readonly RejectedFile[]): WhyFile[] {
  const reasons = new Map(odd.map((file) => [file.filename, reasonOf(file)]));
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
