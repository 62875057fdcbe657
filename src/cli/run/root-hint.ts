/** What a person who runs everything as root should know, once. */
import { runState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';

/** The hint for the target at `root`, the first time that it is due; undefined otherwise. */
export function rootHint(state: StateStore, root: string, uid: number | undefined): string | undefined {
  if (uid !== 0 || state.get(runState).toldRoot === true) return undefined;
  state.set(change(runState, { toldRoot: true }));
  return `Root is not needed. Safer: useradd --system pypi && chown -R pypi ${root}, and run it as that user (said once)`;
}
