/** The pages about the mirror, made from its state. A part of the programs: loaded when pages are due. */
import { siteState } from '../state/mirror-state.ts';
import { change } from '../state/state-section.ts';
import { collectFacts, type SiteSource } from './collect-facts.ts';
import { renderHomePage, renderNotFoundPage } from './home-page.ts';
import { publishSite } from './publish-site.ts';
import { renderStatusPage } from './status/status-page.ts';

/** Makes and publishes the pages. Throws StorageError. */
export async function publishMirrorPages(source: SiteSource): Promise<void> {
  const facts = await collectFacts(source);
  await publishSite(source.files, [
    { path: 'status/index.html', text: renderStatusPage(facts) },
    { path: 'not-found.html', text: renderNotFoundPage(facts) },
    { path: 'index.html', text: renderHomePage(facts) },
  ]);
  const exitCode = source.isRunning ? undefined : facts.runs[0]?.exitCode;
  source.state.set(change(siteState, { pages: { at: facts.now, exitCode } }));
}
