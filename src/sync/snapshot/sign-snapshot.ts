/** The signed snapshot of what is published (formats/mirror/snapshot.ts): the heir of PEP 381's `/serversig`. */
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
 * The files that say what is published at the end of a run which began at `startedMs`; none without a key, and none when
 * a page is missing. To be published together, and after everything that they speak of.
 */
export async function signedSnapshot(mirror: Mirror, startedMs: number): Promise<Write[]> {
  const { sign, files } = mirror;
  if (sign === undefined) {
    // Nobody renews it any more.
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

/** Pages that were published before hashes were remembered are read once. Resolves with whether all are there. */
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
    // There may be a million, and somebody may want to stop it.
    await clock.sleep(0, signal);
  }
  return isWhole;
}

/** Undefined when one of them is not there. */
async function hashPages({ files }: Mirror, name: ProjectName): Promise<PageHashes | undefined> {
  const json = await files.read(pagePath('index.v1_json', name));
  const html = await files.read(pagePath('index.html', name));
  return json && html && { json: sha256Hex(json), html: sha256Hex(html) };
}
