/** The work of a thread that helps with a check. It looks at files and folders as the check does. */
import { childPath, packagesRoot, type WebPath } from '../core/paths.ts';
import { Semaphore } from '../core/semaphore.ts';
import { checkOf } from './check.ts';
import type { CheckJob } from './check-job.ts';
import { inspectPackages } from './check-tree.ts';
import type { CheckHelper } from './helper.ts';
import { inspectFile } from './inspect-file.ts';
import { Yielder } from './yielder.ts';

/** Milliseconds that files have to wait for a walk, at most. */
const maxWalkMs = 1;

/** Returns what helps with the check that `job` describes. */
export function helperFor(job: CheckJob): CheckHelper {
  const check = checkOf(job);
  const walking = new Semaphore(1);
  const reading = new Semaphore(Number.MAX_SAFE_INTEGER);
  const pause = new Yielder(job.clock, job.signal, maxWalkMs);
  // The head of a disk can be in one place only.
  const whenNotReading = async (): Promise<void> => {
    await pause.yieldIfDue();
    await reading.idle();
  };

  const read: CheckHelper['readFiles'] = async ({ project, files }, tell) => {
    const report: CheckJob['report'] = (event) => {
      if (event.type === 'read') tell(event.bytes);
    };
    const wrong: WebPath[] = [];
    for (const file of files) {
      if ((await inspectFile({ ...check, report }, project, file)).length > 0) wrong.push(file.path);
    }
    return wrong;
  };

  const walk: CheckHelper['isAccountedFor'] = async (folder) => {
    let isRight = true;
    const report: CheckJob['report'] = ({ type }) => {
      if (type === 'finding') isRight = false;
    };
    const candidates = {
      add: async (): Promise<void> => {
        isRight = false;
      },
    };
    const quietly = { ...check, report, yielder: { yieldIfDue: whenNotReading } };
    await inspectPackages(quietly, candidates, childPath(packagesRoot, folder), 'folder');
    return isRight;
  };

  return {
    readFiles: (files, tell) => reading.run(() => read(files, tell)),
    isAccountedFor: (folder) => walking.run(() => walk(folder)),
  };
}
