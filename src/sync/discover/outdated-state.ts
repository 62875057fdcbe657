/**
 * Recovers from a state that is older than its tree, because it was restored from a backup, came from another machine,
 * or lost its last changes in a power failure, or all of them. Such a state does not know what was published since, and
 * no other step would look for that.
 */
import { adoptRemovals } from '../../adopt/adopt-removals.ts';
import { NonsenseError, throwIfPaused } from '../../core/errors.ts';
import { sha256Hex } from '../../core/hash.ts';
import { inPages } from '../../core/in-pages.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { blobPath, ownPath, pagePath, simpleRoot, type WebPath } from '../../core/paths.ts';
import { isJsonObject, parseJson } from '../../formats/json.ts';
import { parseLastModified } from '../../formats/mirror/last-modified.ts';
import type { IndexEntry } from '../../formats/simple/root-index.ts';
import { parseSimplePage } from '../../formats/simple/simple-json.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import { adoptionState, copyState, indexState, listState, serialState } from '../../state/mirror-state.ts';
import { change, join } from '../../state/state-section.ts';
import { restartChangeFeed } from '../index/publish-change-feed.ts';
import type { Mirror } from '../mirror.ts';

const projectsAtATime = 2000;
const treeBase = new URL('http://tree.invalid/simple/x/');

/**
 * Queues all projects in which state and tree differ if the state is older than the tree, or came from another machine,
 * and reports that. Throws StorageError, PausedError.
 */
export async function recoverOldState(mirror: Mirror): Promise<void> {
  const { state, files, report, signal } = mirror;
  await recoverRestored(mirror);
  await recoverLostState(mirror);
  const [ours, theirs] = [lastRunOf(mirror), await lastRunIn(files)];
  if (ours === undefined || theirs === undefined || theirs <= ours) return;
  const queued = (await enqueueUnknownPages(mirror, true)) + (await enqueueMissingPages(mirror, true));
  await adoptRemovals({ state, files, report, signal });
  restartChangeFeed(mirror);
  state.set(
    join(
      change(indexState, { completedAt: theirs, removalsListed: undefined }),
      change(listState, { listEtag: undefined, reconciledAt: undefined }),
    ),
  );
  const [then, now] = [ours, theirs].map((time) => new Date(time).toISOString());
  report({
    type: 'warning',
    message:
      `state.db: its last run began at ${then}, and that of the tree at ${now}: it was restored from a backup, or lost its ` +
      `end; all pages were compared with it, and ${queued} projects that differ are looked at again`,
  });
}

/**
 * Queues the projects whose pages are in a bucket if the state is new, because the one before is lost. Otherwise the
 * pages of a project that upstream removed meanwhile would be served for ever.
 */
async function recoverLostState(mirror: Mirror): Promise<void> {
  const { state, files, report } = mirror;
  const isNew = state.totals().projects === 0 && state.get(serialState).serial === undefined;
  if (!isNew || !files.isRemote(simpleRoot)) return;
  const queued = await enqueueUnknownPages(mirror, false);
  if (queued === 0) return;
  const message = `state.db: it is new, and the bucket has the pages of ${queued} projects: they are looked at again, and what is right of their files is kept`;
  report({ type: 'warning', message });
}

/**
 * Compares a state that came from another machine with the tree: with the pages if they are on this machine, and else
 * with the root index alone. If that is the one that the state knows, later runs of the other machine changed nothing.
 */
async function recoverRestored(mirror: Mirror): Promise<void> {
  const { state, files, report } = mirror;
  if (state.get(copyState).restored !== true) return;
  const { rootIndex } = state.get(indexState);
  if (!files.isRemote(simpleRoot)) {
    const queued = (await enqueueUnknownPages(mirror, false)) + (await enqueueMissingPages(mirror, false));
    const message = `state.db: it comes from another machine; the pages of ${queued} projects are made anew on this one`;
    report({ type: 'warning', message });
  } else if ((await files.digest(pagePath('index.v1_json')))?.sha256 === rootIndex?.json) {
    const completedAt = laterOf(lastRunOf(mirror), await lastRunIn(files));
    if (completedAt !== undefined) state.set(change(indexState, { completedAt }));
  }
  state.set(change(copyState, { restored: undefined }));
}

/**
 * Returns the start of the last run that the state knows of, in milliseconds since 1970. Returns undefined if the state
 * was adopted from a tree or never saw the end of a run.
 */
function lastRunOf({ state }: Mirror): number | undefined {
  const { completedAt } = state.get(indexState);
  const { adopted } = state.get(adoptionState);
  return adopted !== undefined ? undefined : laterOf(completedAt, state.history.latest(1)[0]?.startedMs);
}

/** Returns the start of the last run that the tree knows of, in milliseconds since 1970. */
export async function lastRunIn(files: Mirror['files']): Promise<number | undefined> {
  const texts = await Promise.all(
    (['last-modified', 'mirror-status.json'] as const).map((file) => files.read(ownPath(file))),
  );
  const [modified = '', status = ''] = texts.map((bytes) => bytes?.toString());
  return laterOf(parseLastModified(modified), startedIn(status));
}

/** Returns the later of two times. One or both may be unknown. */
function laterOf(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}

function startedIn(status: string): number | undefined {
  try {
    const json = status === '' ? undefined : parseJson(status, 'mirror-status.json');
    const time = isJsonObject(json) && typeof json.started === 'string' ? Date.parse(json.started) : Number.NaN;
    return Number.isNaN(time) ? undefined : time;
  } catch (error) {
    // A damaged file says nothing about the state.
    if (error instanceof NonsenseError) return undefined;
    throw error;
  }
}

/**
 * Queues the projects whose page in the tree is not the one that the state remembers. If `areDoubted`, forgets those of
 * their files that are no longer there. Returns their number.
 */
async function enqueueUnknownPages(mirror: Mirror, areDoubted: boolean): Promise<number> {
  const { state, files, signal } = mirror;
  let queued = 0;
  for await (const { name: text, kind } of files.entries(simpleRoot)) {
    throwIfPaused(signal);
    const name = kind === 'folder' ? projectName(text) : undefined;
    if (name === undefined || name !== text) continue;
    const page = await files.read(pagePath('index.v1_json', name));
    const { json } = state.pages.hashesOf(name);
    if (page !== undefined && sha256Hex(page) === json) continue;
    // Files that the page links to and the state does not hold are discarded unless upstream lists them.
    const strays = page === undefined ? [] : linkedBy(page).filter((path) => state.held.holderOf(path) === undefined);
    // The page was published before hashes of pages were remembered.
    if (page !== undefined && json === undefined && strays.length === 0 && state.held.project(name).published) continue;
    state.held.addPendingFiles(name, strays);
    state.queue.requeue(name, areDoubted ? await lostFiles(mirror, name) : []);
    queued += 1;
  }
  return queued;
}

/** Queues the published projects whose pages are missing, in the same way. Returns their number. */
async function enqueueMissingPages(mirror: Mirror, areDoubted: boolean): Promise<number> {
  const { state, files, signal } = mirror;
  let queued = 0;
  const read = (after: ProjectName | undefined): readonly IndexEntry[] => {
    throwIfPaused(signal);
    return state.held.published(after, projectsAtATime);
  };
  for (const piece of inPages(read)) {
    for (const { name } of piece) {
      if ((await files.size(pagePath('index.v1_json', name))) !== undefined) continue;
      state.queue.requeue(name, areDoubted ? await lostFiles(mirror, name) : []);
      queued += 1;
    }
  }
  return queued;
}

/**
 * Returns the held files of the project that are not in place, where nothing looks before a page links to them: what
 * was removed after the backup has left the store.
 */
async function lostFiles({ state, files }: Mirror, name: ProjectName): Promise<WebPath[]> {
  const held = state.held.project(name).files.filter(({ path }) => files.isRemote(path));
  const isLost = async ({ path, size }: HeldFile): Promise<boolean> => (await files.size(path)) !== size;
  const lost = await Promise.all(held.map(isLost));
  return held.filter((_, at) => lost[at]).map(({ path }) => path);
}

/** Returns the paths of the files that a page of ours links to. */
function linkedBy(page: Buffer): WebPath[] {
  try {
    return parseSimplePage(page.toString(), 'a page of the tree').files.flatMap(({ url, filename }) => {
      if (!URL.canParse(url, treeBase.href)) return [];
      const link = new URL(url, treeBase);
      const path = link.origin === treeBase.origin ? blobPath(link, filename) : undefined;
      return path === undefined ? [] : [path];
    });
  } catch (error) {
    // The page is made anew in any case.
    if (error instanceof NonsenseError) return [];
    throw error;
  }
}
