/**
 * What a machine that stands by remembers of the one that publishes the mirror, in a file of its target: its own state
 * is as old as the last run with which it published, or there is none, and its status must not call that a fault.
 */
import { closeSync, fchmodSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { errorCode } from '../../core/caught-error.ts';
import { NonsenseError } from '../../core/errors.ts';
import { isJsonObject, parseJson } from '../../formats/json.ts';
import { guardStorage } from './guard-storage.ts';
import type { Target } from './target.ts';

/** Times are in milliseconds since 1970. */
export interface StandbyRecord {
  /** The name of the machine that publishes. */
  readonly publisher: string;
  /** The time at which that machine last renewed its lease, by the clock of the store. */
  readonly heardMs: number;
  /** The time at which this machine last asked who publishes. */
  readonly askedMs: number;
}

/** Returns the record of a machine that stands by. Undefined if there is none, or none that can be read. */
export function readStandby({ standby: path }: Target): StandbyRecord | undefined {
  try {
    const json = parseJson(readFileSync(path, 'utf8'), path);
    const { publisher, heardMs, askedMs } = isJsonObject(json) ? json : {};
    if (typeof publisher === 'string' && typeof heardMs === 'number' && typeof askedMs === 'number')
      return { publisher, heardMs, askedMs };
  } catch (error) {
    if (!(error instanceof NonsenseError) && errorCode(error) === undefined) throw error;
  }
  // The next run writes it anew.
  return undefined;
}

/** Writes the record, which those may read who may read the state: `mode` is that of the state. Throws StorageError. */
export function writeStandby({ standby: path }: Target, record: StandbyRecord, mode: number): void {
  const written = `${path}.new`;
  guardStorage(path, () => {
    // A run that died left it, or somebody else put a link there: nothing is written through that.
    rmSync(written, { recursive: true, force: true });
    const file = openSync(written, 'wx', mode);
    try {
      fchmodSync(file, mode);
      writeFileSync(file, `${JSON.stringify(record)}\n`);
    } finally {
      closeSync(file);
    }
    renameSync(written, path);
  });
}

/** Removes the record: this machine publishes, or no lease says who does. Throws StorageError. */
export function removeStandby({ standby: path }: Target): void {
  guardStorage(path, () => rmSync(path, { force: true }));
}
