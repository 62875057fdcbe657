/**
 * Fills in the legacy JSON (formats/legacy-json.ts). Usually it is written with the pages of each project that changes.
 * When it is switched on, or its addresses change, that of all projects is made from the published pages once.
 */
import { throwIfPaused } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import { legacyRoot, ownPath } from '../../core/paths.ts';
import { asPublished } from '../../formats/simple/simple-json.ts';
import { publishLegacyJson } from '../../pages/publish-legacy-json.ts';
import { readPublishedPage } from '../../pages/read-page.ts';
import { indexState, pageState } from '../../state/mirror-state.ts';
import { change, join } from '../../state/state-section.ts';
import type { Mirror } from '../mirror.ts';
import { fileBaseIn } from '../project/page/file-base.ts';

const projectsAtATime = 200;

/**
 * Applies the setting before anything is published: from then on all pages are written with the legacy JSON, or
 * without.
 */
export async function applyLegacySetting({ state, settings, files }: Mirror): Promise<void> {
  if (settings.dryRun) return;
  const { legacyJson } = state.get(pageState);
  if (!settings.legacyJson) {
    if (legacyJson === undefined) return;
    // The files that announce the legacy JSON are discarded first.
    await files.discard([ownPath('local.json'), ownPath('local.db.serial')]);
    await files.discardFolders([legacyRoot]);
    return state.set(change(pageState, { legacyJson: undefined }));
  }
  const base = settings.baseUrl ?? (fileBaseIn(state) || settings.upstream).replace(/\/$/, '');
  if (legacyJson?.base !== base) state.set(change(pageState, { legacyJson: { base, filledTo: '' } }));
}

/** Writes the missing legacy JSON of projects that did not change. Throws StorageError, PausedError. */
export async function fillLegacyJson(mirror: Mirror): Promise<void> {
  const { state, files, signal } = mirror;
  for (;;) {
    const { legacyJson } = state.get(pageState);
    if (legacyJson?.filledTo === undefined) return;
    const { base, filledTo } = legacyJson;
    const piece = state.held.published((filledTo || undefined) as ProjectName | undefined, projectsAtATime);
    for (const { name } of piece) {
      throwIfPaused(signal);
      // A damaged page is left to a check.
      const page = await readPublishedPage(files, name);
      if (page !== undefined) await publishLegacyJson(mirror, name, page, page.files.map(asPublished));
    }
    const last = piece.at(-1)?.name;
    state.set(
      join(
        change(pageState, { legacyJson: { base, filledTo: last } }),
        change(indexState, { ...(last === undefined && { rootIndexDue: true }) }),
      ),
    );
  }
}
