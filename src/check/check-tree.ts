/** Checks the tree for files and folders that belong to no project, which the check of the projects cannot find. */
import { projectName } from '../core/names.ts';
import {
  changesRoot,
  childPath,
  legacyRoot,
  packagesRoot,
  pageFiles,
  simpleRoot,
  type WebPath,
} from '../core/paths.ts';
import type { EntryKind } from '../files/file-store.ts';
import { pageState } from '../state/mirror-state.ts';
import type { Check } from './check-job.ts';
import type { PackagesWalk } from './packages-walk.ts';
import { isAccountedFor, isKnownProject, isLocalFile } from './path-owner.ts';
import { readOrFinding } from './read-or-finding.ts';
import { isInSubset } from './subset.ts';
import { UnreferencedPaths } from './unreferenced-paths.ts';

/** Apache's own file. */
const settingsName = '.htaccess';
/**
 * Number of files in a folder of `packages/` up to which they are looked up together: a full mirror has 62,500 in each.
 * Their paths take about 20 MB.
 */
const maxFilesInMemory = 100_000;
const pageNames: ReadonlySet<string> = new Set(pageFiles);

/**
 * Finds unreferenced paths; `ahead` is the walk that a helper has begun. With a `doubt` none are deleted. Throws
 * StorageError or PausedError.
 */
export async function checkTree(check: Check, doubt: string | undefined, ahead: PackagesWalk): Promise<void> {
  const candidates = new UnreferencedPaths(check, doubt);
  check.report({ type: 'folder-started', path: simpleRoot });
  await eachIn(check, simpleRoot, (name, kind) => inspectSimple(check, candidates, name, kind));
  await candidates.settle();
  await eachIn(check, packagesRoot, async (name, kind) => {
    const path = childPath(packagesRoot, name);
    check.report({ type: 'folder-started', path });
    if (await ahead.isAccountedFor(name)) return;
    await inspectPackages(check, candidates, path, kind);
    await candidates.settle();
  });
  if (check.state.get(pageState).legacyJson !== undefined) {
    await eachIn(check, legacyRoot, (name, kind) => inspectLegacy(check, candidates, name, kind));
    await candidates.settle();
  }
  // Pieces are checked with the feed, or belong to an older feed.
  await eachIn(check, changesRoot, async (name, kind) => {
    const isPiece = /^\d{1,3}\.json$/.test(name);
    if (!isPiece && kind !== 'folder') await candidates.add(candidateOf({ path: childPath(changesRoot, name), kind }));
  });
  await candidates.settle();
  reportLeftovers(check, await leftovers(check));
}

/** Receives paths that seem unreferenced. */
type Candidates = Pick<UnreferencedPaths, 'add'>;

/** Calls `look` for each entry of `folder` that belongs to the subset. */
async function eachIn(
  check: Check,
  folder: WebPath,
  look: (name: string, kind: EntryKind) => Promise<void>,
): Promise<void> {
  const refused = await readOrFinding(folder, undefined, async () => {
    for await (const { name, kind } of check.files.entries(folder)) {
      await check.yielder.yieldIfDue();
      if (isInSubset(name, check.subset)) await look(name, kind);
    }
  });
  if (refused !== undefined) check.report({ type: 'finding', finding: refused });
}

async function inspectSimple(check: Check, candidates: Candidates, name: string, kind: EntryKind): Promise<void> {
  const path = childPath(simpleRoot, name);
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
    // Pages, and anything in their place, are left to the check of the projects.
    const isPage = pageNames.has(met.path.slice(path.length + 1));
    if (!isPage && met.path !== path) await candidates.add(candidateOf(met));
  });
}

/** Checks the folder names. The content of known projects' folders is left to the check of the projects. */
async function inspectLegacy(check: Check, candidates: Candidates, name: string, kind: EntryKind): Promise<void> {
  const path = childPath(legacyRoot, name);
  const project = kind === 'folder' ? projectName(name) : undefined;
  if (kind !== 'folder') await candidates.add(candidateOf({ path, kind }));
  else if (project !== name || !isKnownProject(check.state, project)) {
    await candidates.add({ path, kind: 'unknown-project' });
  }
}

/** Adds to the candidates what lies at `path`, an entry of `packages/`, and may belong to nothing. */
export async function inspectPackages(
  check: Check,
  candidates: Candidates,
  path: WebPath,
  kind: EntryKind,
): Promise<void> {
  if (path.endsWith(`/${settingsName}`)) return;
  if (kind !== 'folder') {
    if (kind === 'other' || !isLocalFile(check.isLocal, path)) await candidates.add(candidateOf({ path, kind }));
    return;
  }
  const held = check.state.held.pathsBelow(path, maxFilesInMemory);
  await walk(check, path, async (met) => {
    if (held?.has(met.path) === true) return;
    const isLeftAlone = met.kind === 'file' && isLocalFile(check.isLocal, met.path);
    if (!isLeftAlone && !isAccountedFor(check.state, met.path)) await candidates.add(candidateOf(met));
  });
}

/** An entry of the tree. Folders are entries only if they are empty. */
interface WalkedEntry {
  readonly path: WebPath;
  readonly kind: 'file' | 'other' | 'empty-folder';
}

/** Meets everything below `folder`. What the disk refuses to show is reported, and the walk goes on beside it. */
async function walk(check: Check, folder: WebPath, meet: (met: WalkedEntry) => Promise<void>): Promise<void> {
  await check.yielder.yieldIfDue();
  let isEmpty = true;
  const refused = await readOrFinding(folder, undefined, async () => {
    for await (const { name, kind } of check.files.entries(folder)) {
      isEmpty = false;
      const path = childPath(folder, name);
      if (kind === 'folder') await walk(check, path, meet);
      else await meet({ path, kind });
    }
  });
  if (refused !== undefined) check.report({ type: 'finding', finding: refused });
  else if (isEmpty) await meet({ path: folder, kind: 'empty-folder' });
}

function candidateOf({ path, kind }: WalkedEntry): Parameters<UnreferencedPaths['add']>[0] {
  return { path, kind: kind === 'file' ? 'unreferenced' : kind === 'other' ? 'not-a-file' : kind };
}

/** Returns leftovers in staging, but only between runs: during a run the files there are in use. */
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
