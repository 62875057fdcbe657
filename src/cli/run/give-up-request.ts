/**
 * A request that a run could not take. Whoever watches for requests, such as pep381run.path, would start the next run at
 * once, which would end as this one did, for ever. What was asked for is done by the next run that can.
 */
import { statSync } from 'node:fs';
import { messageOf } from '../../core/caught-error.ts';
import { exitCodes } from '../program/exit-codes.ts';
import { isThere, pathsOf, takeRequest } from '../target/target.ts';
import { isWrittenHere } from './sync-log.ts';

/** Whether the next run would most likely end as one with this exit code did. */
export function isLastingFailure(code: number): boolean {
  return code === exitCodes.usage || code === exitCodes.storage || code === exitCodes.bug;
}

/**
 * Gives up the request for a run of the mirror at `root` that ended with `code`, where it is this user's. If that fails,
 * `tell` hears it.
 */
export function dropRequest(root: string, code: number, tell: (line: string) => void): void {
  const { requestFlag, syncLog } = pathsOf(root);
  try {
    if (!isThere(requestFlag) || statSync(root).uid !== process.geteuid?.()) return;
    // Who is started by /sync is started again after ten minutes at the earliest.
    if (!isWrittenHere(syncLog)) takeRequest({ requestFlag }, tell);
  } catch (error) {
    // The disk that ended the run refuses this as well: one reason is enough.
    if (code === exitCodes.storage) return;
    tell(`pep381run: error: ${messageOf(error, String(error))}`);
  }
}
