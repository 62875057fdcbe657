/** Adopts the mirror that another program has left in the target, before our first run. */
import { adoptRemovals } from '../../adopt/adopt-removals.ts';
import { adoptTree } from '../../adopt/adopt-tree.ts';
import { plural } from '../../core/counts.ts';
import { legacyRoot } from '../../core/paths.ts';
import type { Report } from '../../core/report.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { adoptionState, isInitialized, pageState, serialState } from '../../state/mirror-state.ts';
import { change, join } from '../../state/state-section.ts';
import { publishRootIndex } from '../../sync/index/root-index.ts';
import type { Mirror } from '../../sync/mirror.ts';
import { dropOldState, openOldTarget } from './open-old-target.ts';
import type { Target } from './target.ts';

/** The parts of a mirror that an adoption needs. */
export type AdoptingMirror = Pick<Mirror, 'state' | 'files' | 'report' | 'signal'>;

/** Adopts what lies in the target, unless that is done already. Throws StorageError, DamagedFileError, PausedError. */
export async function adoptTarget({ root }: Target, owner: AdoptingMirror): Promise<void> {
  const { state, files, report, signal } = owner;
  const { adopting } = state.get(adoptionState);
  if (adopting === undefined && isInitialized(state)) return;
  const old = openOldTarget(root);
  // The old program had left a state only. An earlier run put it aside and was then killed.
  if (old === undefined) return state.set(change(adoptionState, { adopting: undefined, adopted: adopting }));
  const from = adopting ?? old.from;
  report({ type: 'adopting', from });
  state.set(change(adoptionState, { adopting: from }));
  old.moveTree();
  const sums = new AdoptionTotals();
  const keepSerials = old.ownUpstream !== undefined;
  await adoptTree({ state, files, signal, keepSerials, report: sums.watch(report) });
  if (keepSerials) await adoptRemovals({ state, files, signal, report });
  // The tree of a mirror of ours has a root index already, which contains more than is known now.
  if (!keepSerials) await publishRootIndex(owner);
  old.setStateAside();
  // The next run finds out if the legacy JSON is right, and if it is still wanted.
  const hasLegacy = keepSerials && (await files.stat(legacyRoot)) !== undefined;
  if (hasLegacy) state.set(change(pageState, { legacyJson: { base: '', filledTo: '' } }));
  state.set(
    join(
      change(adoptionState, { adopting: undefined, adopted: from }),
      change(serialState, { upstream: old.ownUpstream }),
    ),
  );
  report({ type: 'adopted', summary: sums.summary() });
}

/** Discards the state of the old program once everything was compared with upstream: then it is of no use any more. */
export function discardOldStateIfComplete({ root }: Target, { state, clock }: Mirror): void {
  if (state.get(adoptionState).adopted === undefined || state.totals().queued > 0) return;
  dropOldState(root, clock.now());
  state.set(change(adoptionState, { adopted: undefined }));
}

class AdoptionTotals {
  #projects = 0;
  #files = 0;
  #bytes = 0;
  #lacking = 0;

  watch(report: Report): Report {
    return (event) => {
      if (event.type === 'project-adopted') {
        this.#projects += 1;
        this.#files += event.files;
        this.#bytes += event.bytes;
        this.#lacking += event.lacking;
      }
      report(event);
    };
  }

  summary(): string {
    const held = `Took over ${plural(this.#projects, 'project')} with ${plural(this.#files, 'file')}`;
    const lacking = this.#lacking === 0 ? '' : `; ${plural(this.#lacking, 'file')} missing or damaged`;
    return `${held} (${showBytes(this.#bytes)})${lacking}`;
  }
}
