/**
 * Writes the file with the metrics. It is a part of its own, as few mirrors have one.
 *
 * Each program stores in the state what it has to tell, and then renders the whole file from there. If another one has
 * stored something meanwhile, it may have replaced the file before: so after replacing it each looks again, until the
 * file shows all that is stored.
 */
import { closeSync, fchmodSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../core/caught-error.ts';
import type { Room } from '../../files/file-store.ts';
import { renderMetrics } from '../../formats/prometheus.ts';
import { checkResultsState, logsResultsState, runResultsState } from '../../state/mirror-state.ts';
import type { StateStore } from '../../state/state-store.ts';
import { removeDead } from '../target/remove-dead.ts';
import type { StandbyRecord } from '../target/standby-record.ts';
import { metricsOf, standbyMetrics } from './metrics.ts';

/** Number of tries. Each further one needs another program that ended within the last. */
const maxTries = 10;

/**
 * Writes the metrics of the mirror at `root` into the file at `path`. Returns why that was not possible, in one line;
 * undefined if it was.
 */
export function publishMetrics(
  path: string,
  root: string,
  state: StateStore,
  room: Room,
  version: string,
): string | undefined {
  return problemOf(path, () => {
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const before = storedBy(state);
      replace(path, renderMetrics(metricsOf(state, room, version), { mirror: root }));
      if (storedBy(state) === before) break;
    }
  });
}

/** Writes the metrics of a machine that stands by. Returns as {@link publishMetrics} does. */
export function publishStandbyMetrics(
  path: string,
  root: string,
  standby: StandbyRecord,
  version: string,
): string | undefined {
  return problemOf(path, () => replace(path, renderMetrics(standbyMetrics(standby, version), { mirror: root })));
}

function problemOf(path: string, write: () => void): string | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    return `metrics-file: ${path} cannot be written: ${messageOf(error, String(error))}; see README.md, "Metrics"`;
  }
}

/** Returns a text that is another one as soon as a program has stored its results. */
function storedBy(state: StateStore): string {
  return JSON.stringify([runResultsState, checkResultsState, logsResultsState].map((of) => state.get<object>(of)));
}

/** Replaces the file at once. Its readers take no name that begins with a dot or ends otherwise than in `.prom`. */
function replace(path: string, text: string): void {
  const prefix = join(dirname(path), `.${basename(path)}.`);
  const temporary = `${prefix}${process.pid}`;
  // Nothing else is overwritten: others may write to this folder.
  removeDead(prefix);
  const fd = openSync(temporary, 'wx', 0o644);
  try {
    writeFileSync(fd, text);
    // The user of the collector reads it, whatever the umask of the mirror is.
    fchmodSync(fd, 0o644);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
