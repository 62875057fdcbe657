/** Publishes the list of removals, and deletes removed files for good once they were kept long enough. */
import { dayMs } from '../../core/durations.ts';
import { ownPath } from '../../core/paths.ts';
import { renderRemovedList } from '../../formats/mirror/removed-list.ts';
import { indexState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import { earliestNow } from '../clocks.ts';
import type { Mirror } from '../mirror.ts';

/** Milliseconds for which removals are listed. */
const listedForMs = 365 * dayMs;
const maxListed = 10_000;

/** Publishes the list of removals if there are new ones. */
export async function publishRemovals(mirror: Mirror): Promise<void> {
  const { state, files } = mirror;
  const last = state.removals.last();
  const { removalsListed } = state.get(indexState);
  const isThere = (await files.size(ownPath('removed.json'))) !== undefined;
  if (last === (isThere ? removalsListed : 0)) return;
  const before = earliestNow(mirror) - listedForMs;
  state.removals.forget(before);
  state.changelog.forgetBefore(before);
  const entries = state.removals.latest(maxListed + 1);
  const body = renderRemovedList(entries.slice(0, maxListed), entries.length <= maxListed);
  await files.publish([{ path: ownPath('removed.json'), body: Buffer.from(body) }]);
  state.set(change(indexState, { removalsListed: last }));
}

/** Deletes for good the files that have been in the trash for long enough. */
export async function emptyTrash(mirror: Mirror): Promise<void> {
  const { files, settings } = mirror;
  await files.emptyTrash(earliestNow(mirror) - settings.trashDays * dayMs);
}

/** Queues the projects of which removed files were kept, if the mirror does not keep them any more. */
export function applyKeepRemoved({ state, settings }: Mirror): void {
  const { keepRemoved } = settings;
  const { keepsRemoved = false } = state.get(indexState);
  if (keepRemoved === keepsRemoved) return;
  if (!keepRemoved) state.removals.enqueueKept();
  state.set(change(indexState, { keepsRemoved: keepRemoved || undefined }));
}
