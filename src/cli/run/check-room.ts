/**
 * Refuses a first run that would mirror all of an index that can never fit. All of PyPI is about 100 TB, and few
 * people who type `pep381run TARGET` mean that.
 */
import { TooLargeError } from '../../core/errors.ts';
import { packagesRoot } from '../../core/paths.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { choosesOfUpstream } from '../../policy/project-decision.ts';
import { type PageState, type PolicyState, pageState, policyState, serialState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import { policyKey } from '../../sync/discover/policy-changes.ts';
import type { Mirror } from '../../sync/mirror.ts';
import type { Target } from '../target/target.ts';

/** Help text: three ways to begin with a smaller mirror, ready to be copied into `mirror.toml`. */
export const smallerMirrors = `
A few projects, and what they require:

  projects = ["flask", "numpy"]
  dependencies = true

What an application needs; requirements.txt, pylock.toml, uv.lock, poetry.lock and Pipfile.lock are understood:

  requirements = ["/srv/app/requirements.txt"]
  dependencies = true

All project pages, with the files left where they are; everything can be installed, and little space is needed:

  index-only = true

pep381run --example-config prints every setting.
`;

/**
 * Throws TooLargeError if the whole index is wanted and can never fit. This is checked in the first run, and in a run
 * without rules that follows one with rules. It is not checked once `--all` was given.
 */
export async function expectSpace({ root, config }: Target, mirror: Mirror, all: boolean): Promise<void> {
  const { state, settings, selection, upstream, files } = mirror;
  const known = state.get(policyState);
  if (all && known.all !== true) state.set(change(policyState, { all: true }));
  const { policy } = selection;
  const isPart = policy !== undefined && (policy.rules.length === 0 || choosesOfUpstream(policy));
  const isChosen = all || known.all === true || isPart || settings.projects !== undefined;
  const wasChosen = hadRules(known, state.get(pageState)) && known.policy !== policyKey(mirror);
  if (isChosen || settings.indexOnly || (state.get(serialState).serial !== undefined && !wasChosen)) return;
  const bytes = await upstream.totalBytes();
  const { free } = await files.room();
  const isRemote = files.isRemote(packagesRoot);
  const room = free + state.totals().bytes;
  if (bytes === undefined || (bytes <= room && !isRemote)) return;
  const lost = wasChosen ? `; the last run had rules that ${config} has no more` : '';
  const limit = isRemote ? 'the bucket is paid for by size' : `${root} has room for ${showBytes(room)}`;
  throw new TooLargeError(
    `${settings.upstream} has ${showBytes(bytes)} of files, and ${limit}${lost}; write into ` +
      `${config} what to mirror, or add --all if you mean everything`,
  );
}

/**
 * Returns true if the last run held less than everything: it had rules, or it mirrored the pages only (`index-only`).
 * If `mirror.toml` is lost, those choices are lost with it.
 */
function hadRules({ policy = '' }: PolicyState, { pageForm = '' }: PageState): boolean {
  return policy !== '' || pageForm.startsWith('[true,');
}
