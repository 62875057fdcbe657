/** Writes the metrics at the end of a program, if there is a file for them. */
import { messageOf } from '../../core/caught-error.ts';
import type { FileStore } from '../../files/file-store.ts';
import type { StateStore } from '../../state/state-store.ts';
import { loadPart } from '../program/load-part.ts';
import { version } from '../program/version.ts';
import type { StandbyRecord } from '../target/standby-record.ts';

/** The mirror that the metrics are about. */
interface Measured {
  readonly root: string;
  readonly state: StateStore;
  readonly files: Pick<FileStore, 'room'>;
}

/** Writes the metrics into `path`, if it is given. Resolves with why that was not possible, in one line. */
export function writeMetrics(path: string | undefined, { root, state, files }: Measured): Promise<string | undefined> {
  return withPart(path, async ({ publishMetrics }, path) =>
    publishMetrics(path, root, state, await files.room(), version),
  );
}

/**
 * Writes the metrics of a machine that stands by in place of those of the time when it published: nobody is to be woken
 * because they get old. Resolves as {@link writeMetrics} does.
 */
export function writeStandbyMetrics(
  path: string | undefined,
  root: string,
  standby: StandbyRecord,
): Promise<string | undefined> {
  return withPart(path, async ({ publishStandbyMetrics }, path) => publishStandbyMetrics(path, root, standby, version));
}

async function withPart(
  path: string | undefined,
  write: (part: typeof import('./publish-metrics.ts'), path: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await write(await loadPart('metrics.js', () => import('./publish-metrics.ts')), path);
  } catch (error) {
    return `metrics-file: ${path} cannot be written: ${messageOf(error, String(error))}`;
  }
}
