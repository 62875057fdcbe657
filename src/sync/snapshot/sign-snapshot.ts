/** Signs the snapshot of what is published (formats/mirror/snapshot.ts). It succeeds PEP 381's `/serversig`. */
import { sha256Hex } from '../../core/hash.ts';
import { inPages } from '../../core/in-pages.ts';
import type { ProjectName } from '../../core/names.ts';
import { ownPath, pagePath } from '../../core/paths.ts';
import type { Sign } from '../../core/signing.ts';
import type { Write } from '../../files/file-store.ts';
import { renderSignature, renderSnapshot } from '../../formats/mirror/snapshot.ts';
import { pageTree } from '../../pages/page-merkle-tree.ts';
import { indexState, serialState } from '../../state/mirror-state.ts';
import type { PageHashes } from '../../state/page-hashes.ts';
import type { Mirror } from '../mirror.ts';

const [snapshotPath, signaturePath] = [ownPath('snapshot.json'), ownPath('snapshot.json.sig')];
const projectsAtATime = 200;

/**
 * Returns the signature and the snapshot of what is published at the end of a run that began at `startedMs`. Returns
 * nothing without a key, or if a page is missing. They must be published together, and after everything that they speak
 * of. Throws TypeError if the root index was never published.
 */
export async function signedSnapshot(mirror: Mirror, startedMs: number): Promise<Write[]> {
  const { sign, files } = mirror;
  if (sign === undefined) {
    // Without a key the old snapshot would never be renewed.
    if ((await files.size(snapshotPath)) !== undefined) await files.discard([signaturePath, snapshotPath]);
    return [];
  }
  return (await hashUnknownPages(mirror)) ? render(mirror, sign, startedMs) : [];
}

function render({ state }: Mirror, sign: Sign, timeMs: number): Write[] {
  const { serial } = state.get(serialState);
  const { rootIndex } = state.get(indexState);
  if (rootIndex === undefined) throw new TypeError('signed before the root index was published');
  const { projects, queued } = state.totals();
  const [json, html] = [pageTree(state.pages, 'json'), pageTree(state.pages, 'html')];
  const pages = { json: json.root, html: html.root };
  const body = renderSnapshot({ timeMs, serial, projects, queued, index: rootIndex, pages, groups: json.groups });
  return [
    { path: signaturePath, body: renderSignature(sign(body)) },
    { path: snapshotPath, body },
  ];
}

/** Hashes the pages that were published before hashes were remembered. Resolves with true if no page is missing. */
async function hashUnknownPages(mirror: Mirror): Promise<boolean> {
  const { state, clock, signal, report } = mirror;
  let isWhole = true;
  for (const names of inPages((after) => state.pages.unknown('json', after, projectsAtATime))) {
    const found = [];
    for (const name of names) {
      const pages = await hashPages(mirror, name);
      if (pages !== undefined) found.push({ name, pages });
      else {
        isWhole = false;
        state.queue.requeue(name, []);
        report({ type: 'warning', message: `${name}: a page is missing, so that there is no new snapshot.json` });
      }
    }
    state.pages.remember(found);
    // There may be a million pages, so the run must be able to stop in between.
    await clock.sleep(0, signal);
  }
  return isWhole;
}

/** Returns the hashes of a project's pages, or undefined if one of them is missing. */
async function hashPages({ files }: Mirror, name: ProjectName): Promise<PageHashes | undefined> {
  const json = await files.read(pagePath('index.v1_json', name));
  const html = await files.read(pagePath('index.html', name));
  return json && html && { json: sha256Hex(json), html: sha256Hex(html) };
}
