/** Compares the list of all projects with what is held. */
import { NonsenseError } from '../../core/errors.ts';
import { projectName } from '../../core/names.ts';
import type { Report } from '../../core/report.ts';
import { listState } from '../../state/mirror-state.ts';
import type { QueueRequest } from '../../state/queue.ts';
import { type Change, change, join } from '../../state/state-section.ts';
import type { Mirror } from '../mirror.ts';

const maxReported = 10;
const maxShownLength = 200;

/**
 * Queues the projects that differ from the list, and remembers the state that `next` returns for the list's serial.
 * Throws UnreachableError, NonsenseError, PausedError.
 */
export async function enqueueListDifferences(
  mirror: Mirror,
  etag: string | undefined,
  next: (listSerial: number | undefined) => Change,
): Promise<void> {
  const { upstream, state, clock, report, settings, selection } = mirror;
  const list = await upstream.listProjects(etag);
  if (list === undefined) return state.set(change(listState, { reconciledAt: clock.now() }));
  const takeover = state.queue.compareList();
  try {
    let listed = 0;
    const invalidNames = new InvalidNames(report);
    for await (const piece of list.pieces) {
      const requests: QueueRequest[] = [];
      for (const { displayName, serial } of piece) {
        const name = projectName(displayName);
        if (name === undefined) invalidNames.add(displayName);
        else if (selection.sourceOf(name) === undefined && selection.includes(name))
          requests.push({ name, displayName, serial: serial ?? 0, isRemovedUpstream: false });
      }
      takeover.add(requests);
      listed += piece.length;
    }
    invalidNames.report();
    if (listed === 0 && state.totals().projects > 0) {
      throw new NonsenseError(`${settings.upstream}/simple/: the list is empty, which would remove the whole mirror`);
    }
    const serial = list.serial();
    const known = { listEtag: list.etag, listSha256: list.sha256(), reconciledAt: clock.now() };
    const stateChange = join(next(serial), change(listState, known));
    takeover.commit(serial, stateChange, settings.reconcile);
    report({ type: 'learned', source: 'list', serial });
  } catch (error) {
    takeover.abandon();
    throw error;
  }
}

/**
 * Reports names in the list of projects that are not valid project names. A hostile list may have a million of them.
 */
class InvalidNames {
  readonly #report: Report;
  #count = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Reports the name unless many were reported already. */
  add(name: string): void {
    this.#count += 1;
    if (this.#count > maxReported) return;
    this.#warn(`the list names ${JSON.stringify(name.slice(0, maxShownLength))}, which is no project name`);
  }

  /** Reports how many more names were invalid. */
  report(): void {
    const more = this.#count - maxReported;
    if (more > 0) this.#warn(`the list has ${more} more names that are no project names`);
  }

  #warn(message: string): void {
    this.#report({ type: 'warning', message });
  }
}
