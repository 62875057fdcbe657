/** Fetches the files of a project. A file that fails does not affect the others. */
import { MismatchError, NonsenseError, UnfitFileError, UnreachableError } from '../../../core/errors.ts';
import type { ProjectName } from '../../../core/names.ts';
import type { WebPath } from '../../../core/paths.ts';
import type { Mirror } from '../../mirror.ts';
import { type Downloaded, download, isComplete } from './download.ts';
import type { PlannedFile } from './plan-project.ts';
import { entryDigestOf, type Rejection } from './rejected-files.ts';

/** Number of files requested at the same time. If most of the first ones fail, the others are not requested. */
const batchSize = 1000;

/** The results of downloads, by path. */
export type FetchedFiles = Map<WebPath, Downloaded>;

/** The failures of a fetch: the rejected files, and the error because of which others could not be reached. */
export interface FetchFailures {
  readonly rejected: readonly Rejection[];
  readonly unreachable: UnreachableError | undefined;
}

/**
 * Fetches the files that are not in `fetched` yet, all at the same time under the run's shared limit, and adds them to
 * it. A file that fails does not affect the others, but if more than half of the files requested so far are rejected,
 * the rest is not requested now. Throws StorageError, PausedError, once everything else of the batch has arrived.
 */
export async function fetchFiles(
  mirror: Mirror,
  name: ProjectName,
  planned: readonly PlannedFile[],
  fetched: FetchedFiles,
): Promise<FetchFailures> {
  const arriving = planned.filter((file) => !isComplete(file, mirror) && !fetched.has(file.path));
  const pending = new Set(arriving.length > 0 ? mirror.state.held.pendingFiles(name) : []);
  if (arriving.length > 0)
    mirror.state.held.addPendingFiles(
      name,
      arriving.map(({ path }) => path),
    );
  const rejected: Rejection[] = [];
  const others: unknown[] = [];
  for (let start = 0; start < arriving.length && !others.some(endsRun); ) {
    const batch = arriving.slice(start, start + batchSize);
    const results = await Promise.allSettled(batch.map((file) => download(mirror, name, file, pending.has(file.path))));
    for (const [at, file] of batch.entries()) {
      const result = results[at];
      if (result?.status === 'fulfilled') {
        fetched.set(file.path, result.value);
        if (result.value.rejection !== undefined) rejected.push(result.value.rejection);
      } else if (isFileError(result?.reason)) rejected.push(rejectionFrom(file, result.reason));
      else others.push(result?.reason);
    }
    start += batch.length;
    if (start === arriving.length || rejected.length <= start / 2) continue;
    others.push(new UnreachableError(tooManyFailuresText(rejected, start, arriving.length - start)));
    break;
  }
  const isNew = ({ held }: Downloaded, file: PlannedFile): boolean => held !== undefined && held !== file.held;
  mirror.state.held.addFiles(
    name,
    arriving.flatMap((file) => {
      const done = fetched.get(file.path);
      return done?.held !== undefined && isNew(done, file) ? [done.held] : [];
    }),
  );
  const fatal = others.find(endsRun);
  if (fatal !== undefined) throw fatal;
  return { rejected, unreachable: others.find((error) => error instanceof UnreachableError) };
}

/** Returns true if the error ends the run. A file that cannot be reached does not stop the others. */
function endsRun(error: unknown): boolean {
  return !(error instanceof UnreachableError);
}

/** Returns true if the error concerns only the file, not the network or the whole disk. */
function isFileError(error: unknown): error is NonsenseError | MismatchError | UnfitFileError {
  return [NonsenseError, MismatchError, UnfitFileError].some((kind) => error instanceof kind);
}

function rejectionFrom({ file: { filename, json } }: PlannedFile, { message }: Error): Rejection {
  return { filename, json, entryDigest: entryDigestOf(json), problem: message, mayPass: true };
}

/** Returns the reason why the rest of a page is not requested. */
function tooManyFailuresText(rejected: readonly Rejection[], asked: number, left: number): string {
  const { filename, problem } = rejected[0] ?? {};
  return `${rejected.length} of ${asked} files cannot be had, so that ${left} more are not asked for; the first: ${filename}: ${problem}`;
}
