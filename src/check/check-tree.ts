/** The pass over the tree, for what the pass over the projects cannot see: what belongs to no project. */
import { projectName } from '../core/names.ts';
import { legacyRoot, type WebPath } from '../core/paths.ts';
import { pageState } from '../state/mirror-state.ts';
import type { Check } from './check-job.ts';
import { isAccountedFor, isKnownProject, isLocalFile } from './path-owner.ts';
import { readOrFinding } from './read-or-finding.ts';
import { isInSubset } from './subset.ts';
import { UnreferencedPaths } from './unreferenced-paths.ts';
import { childPath, type WalkedEntry, walk } from './walk-tree.ts';

const simple = 'simple' as WebPath;
const packages = 'packages' as WebPath;
const changes = 'changes' as WebPath;
/** Apache's own. */
const settingsName = '.htaccess';
const pageNames: ReadonlySet<string> = new Set(['index.html', 'index.html.gz', 'index.v1_json', 'index.v1_json.gz']);

/** Looks for what nothing accounts for. With a `doubt` nothing is deleted. Throws StorageError, PausedError. */
export async function checkTree(check: Check, doubt: string | undefined): Promise<void> {
  const candidates = new UnreferencedPaths(check, doubt);
  check.report({ type: 'folder-started', path: simple });
  await eachIn(check, simple, (name, kind) => inspectSimple(check, candidates, name, kind));
  await candidates.settle();
  await eachIn(check, packages, async (name, kind) => {
    await inspectPackages(check, candidates, childPath(packages, name), kind);
    await candidates.settle();
  });
  if (check.state.get(pageState).legacyJson !== undefined) {
    await eachIn(check, legacyRoot, (name, kind) => inspectLegacy(check, candidates, name, kind));
    await candidates.settle();
  }
  await eachIn(check, changes, async (name, kind) => {
    // What has its name is looked at with the feed, or is left from one before.
    const isPiece = /^\d{1,3}\.json$/.test(name);
    if (!isPiece && kind !== 'folder') await candidates.add(candidateOf({ path: childPath(changes, name), kind }));
  });
  await candidates.settle();
  reportLeftovers(check, await leftovers(check));
}

type Kind = 'file' | 'folder' | 'other';

/** Calls `look` for what lies in `folder` and belongs to the share. */
async function eachIn(check: Check, folder: WebPath, look: (name: string, kind: Kind) => Promise<void>): Promise<void> {
  const refused = await readOrFinding(folder, undefined, async () => {
    for await (const { name, kind } of check.files.entries(folder)) {
      await check.yielder.yieldIfDue();
      if (isInSubset(name, check.subset)) await look(name, kind);
    }
  });
  if (refused !== undefined) check.report({ type: 'finding', finding: refused });
}

async function inspectSimple(check: Check, candidates: UnreferencedPaths, name: string, kind: Kind): Promise<void> {
  const path = childPath(simple, name);
  if (name === settingsName) return;
  if (kind !== 'folder') {
    if (kind === 'other' || !pageNames.has(name)) await candidates.add(candidateOf({ path, kind }));
    return;
  }
  const project = projectName(name);
  if (project === undefined || project !== name || !isKnownProject(check.state, project)) {
    await candidates.add({ path, kind: 'unknown-project' });
    return;
  }
  await walk(check, path, async (met) => {
    // The pages themselves, and what stands in their place, are for the pass over the projects.
    const isPage = pageNames.has(met.path.slice(path.length + 1));
    if (!isPage && met.path !== path) await candidates.add(candidateOf(met));
  });
}

/** What is in the folders of known projects is for the pass over the projects. */
async function inspectLegacy(check: Check, candidates: UnreferencedPaths, name: string, kind: Kind): Promise<void> {
  const path = childPath(legacyRoot, name);
  const project = kind === 'folder' ? projectName(name) : undefined;
  if (kind !== 'folder') await candidates.add(candidateOf({ path, kind }));
  else if (project !== name || !isKnownProject(check.state, project)) {
    await candidates.add({ path, kind: 'unknown-project' });
  }
}

async function inspectPackages(check: Check, candidates: UnreferencedPaths, path: WebPath, kind: Kind): Promise<void> {
  check.report({ type: 'folder-started', path });
  if (path.endsWith(`/${settingsName}`)) return;
  if (kind !== 'folder') {
    if (kind === 'other' || !isLocalFile(check.isLocal, path)) await candidates.add(candidateOf({ path, kind }));
    return;
  }
  await walk(check, path, async (met) => {
    const isLeftAlone = met.kind === 'file' && isLocalFile(check.isLocal, met.path);
    if (!isLeftAlone && !isAccountedFor(check.state, met.path)) await candidates.add(candidateOf(met));
  });
}

function candidateOf({ path, kind }: WalkedEntry): Parameters<UnreferencedPaths['add']>[0] {
  return { path, kind: kind === 'file' ? 'unreferenced' : kind === 'other' ? 'not-a-file' : kind };
}

/** Only between runs: while one is at work, what lies in staging is its own. */
async function leftovers({ lock, files, state }: Check): Promise<readonly string[]> {
  const release = lock.tryTake();
  if (release === undefined) return [];
  try {
    return await files.leftovers(state.totals().queued === 0);
  } finally {
    release();
  }
}

function reportLeftovers({ report }: Check, names: readonly string[]): void {
  for (const name of names) report({ type: 'leftover', name });
}
