/** Writes the metrics at the end of a program, if there is a file for them. */
import { messageOf } from '../../core/caught-error.ts';
import type { FileStore } from '../../files/file-store.ts';
import type { StateStore } from '../../state/state-store.ts';
import { loadPart } from '../program/load-part.ts';
import { version } from '../program/version.ts';

/** The mirror that the metrics are about. */
interface Measured {
  readonly root: string;
  readonly state: StateStore;
  readonly files: Pick<FileStore, 'room'>;
}

/** Writes the metrics into `path`, if it is given. Resolves with why that was not possible, in one line. */
export async function writeMetrics(
  path: string | undefined,
  { root, state, files }: Measured,
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    const { publishMetrics } = await loadPart('metrics.js', () => import('./publish-metrics.ts'));
    return publishMetrics(path, root, state, await files.room(), version);
  } catch (error) {
    return `metrics-file: ${path} cannot be written: ${messageOf(error, String(error))}`;
  }
}
