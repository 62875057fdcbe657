/** The pages about the mirror, made from its state. A part of the programs: loaded when pages are due. */
import { ownPath, type WebPath } from '../core/paths.ts';
import { siteState } from '../state/mirror-state.ts';
import { change } from '../state/state-section.ts';
import { collectFacts, type SiteSource } from './collect-facts.ts';
import { renderHomePage, renderNotFoundPage } from './home-page.ts';
import { publishSite } from './publish-site.ts';
import { renderEmptyStatistics } from './statistics/empty-page.ts';
import { renderStatusPage } from './status/status-page.ts';

/** Makes and publishes the pages. Resolves with the paths of what lies in the way of some. Throws StorageError. */
export async function publishMirrorPages(source: SiteSource): Promise<readonly WebPath[]> {
  const facts = await collectFacts(source);
  const statistics = ownPath('local-stats/index.html');
  const hasStatistics = (await source.files.size(statistics)) !== undefined;
  const blocked = await publishSite(source.files, [
    ...(hasStatistics ? [] : [{ path: 'local-stats/index.html', text: renderEmptyStatistics() } as const]),
    { path: 'status/index.html', text: renderStatusPage(facts) },
    { path: 'not-found.html', text: renderNotFoundPage(facts) },
    { path: 'index.html', text: renderHomePage(facts) },
  ]);
  const exitCode = source.isRunning ? undefined : facts.runs[0]?.exitCode;
  source.state.set(change(siteState, { pages: { at: facts.now, exitCode } }));
  return blocked;
}
