/**
 * One project, as a little transaction of its own: page, bytes, pages, deletions, state. Every step may be repeated,
 * so a run that is killed anywhere is continued by doing the same again.
 */
import { NonsenseError } from '../core/errors.ts';
import { projectName } from '../core/names.ts';
import { metadataPath, pagePath, projectFolder, provenancePath, type WebPath } from '../core/paths.ts';
import { staleDelayMs } from '../core/retry.ts';
import type { SimplePage } from '../formats/simple-json.ts';
import { publishPages } from '../pages/publish-pages.ts';
import type { Due, Finished, HeldFile, HeldProject, Obstacle } from '../state/state-store.ts';
import { download, isComplete } from './download.ts';
import type { Mirror } from './mirror.ts';
import { type PlannedFile, type ProjectPlan, planProject } from './plan.ts';
import { publishedFile } from './published-file.ts';

const minuteMs = 60_000;
/** A CDN keeps a 404 for a minute, so one alone does not mean that a project is gone. */
const absentAgainMs = 2 * minuteMs;
const absentForGoodMs = 60 * minuteMs;
/** Rarely PyPI's own serial of a project stays behind its changelog for ever: then the page is taken as it is. */
const staleForGoodMs = 24 * 60 * minuteMs;

/** What became of a project: what is to be remembered, or why only time can tell. */
export type SyncOutcome =
  | { readonly finished: Finished }
  | { readonly wait: string; readonly obstacle: Obstacle; readonly delayMs: number };

/** Brings one project up to date. Throws UnreachableError, NonsenseError, MismatchError, StorageError, PausedError. */
export async function syncProject(mirror: Mirror, due: Due): Promise<SyncOutcome> {
  const { state, upstream } = mirror;
  const held = state.held(due.name);
  const etag = (await isIntact(mirror, due, held)) ? held.etag : undefined;
  const answer = await upstream.project(due.name, etag, due.attempts % 2 === 1);
  if (answer.kind === 'absent') return absent(mirror, due, held);
  if (answer.kind === 'unchanged') return unchanged(mirror, due, held);
  const { page, url } = answer;
  if (projectName(page.name) !== due.name) {
    throw new NonsenseError(`${url}: expected the page of ${due.name}, found that of ${JSON.stringify(page.name)}`);
  }
  const stale = isStale(mirror, due, held, page.serial);
  if (stale !== undefined) return stale;
  const plan = planProject(page, url, held.files, (file) => upstream.allows(file));
  refuseForeignFiles(mirror, due, plan);
  announce(mirror, due, plan);
  if (!mirror.settings.dryRun) await publish(mirror, due, held, page, plan);
  const { serial, status } = page;
  return { finished: { kind: 'published', due, serial, etag: answer.etag, status, drop: plan.drop } };
}

/** A page may be kept by its ETag only while everything it links to is really there. */
async function isIntact({ files, settings }: Mirror, { name }: Due, held: HeldProject): Promise<boolean> {
  if (held.etag === undefined) return false;
  const pages = [pagePath('index.html', name), pagePath('index.v1_json', name)];
  if ((await Promise.all(pages.map((page) => files.size(page)))).includes(undefined)) return false;
  return settings.indexOnly || (await missing(files, held.files)).length === 0;
}

async function missing(files: Mirror['files'], held: readonly HeldFile[]): Promise<HeldFile[]> {
  const found = await Promise.all(held.map(async (file) => (await files.size(file.path)) === file.size));
  return held.filter((_, index) => found[index] !== true);
}

/** Why the page must not be published yet, if so. */
function isStale(
  { clock, report }: Mirror,
  due: Due,
  held: HeldProject,
  serial: number | undefined,
): SyncOutcome | undefined {
  if (serial === undefined) return undefined;
  const wait = (why: string): SyncOutcome => ({
    wait: why,
    obstacle: 'stale',
    delayMs: staleDelayMs(due.attempts + 1),
  });
  if (held.serial !== undefined && serial < held.serial) {
    return wait(`upstream's page went back from serial ${held.serial} to ${serial}`);
  }
  if (serial >= due.serial) return undefined;
  const staleMs = due.obstacle === 'stale' ? clock.now() - due.since : 0;
  if (staleMs < staleForGoodMs) return wait(`upstream's page has serial ${serial}, expected ${due.serial}`);
  report({
    type: 'warning',
    message: `${due.name}: serial ${due.serial} never arrived; took the page at ${serial}`,
  });
  return undefined;
}

function unchanged(mirror: Mirror, due: Due, held: HeldProject): SyncOutcome {
  const stale = isStale(mirror, due, held, held.serial);
  if (stale !== undefined) return stale;
  return { finished: { kind: 'unchanged', due } };
}

async function absent(mirror: Mirror, due: Due, held: HeldProject): Promise<SyncOutcome> {
  const absentMs = due.obstacle === 'absent' ? mirror.clock.now() - due.since : 0;
  if (!due.removed && absentMs < absentForGoodMs) {
    return {
      wait: 'upstream answers that it does not exist, and did not say that it was removed',
      obstacle: 'absent',
      delayMs: due.obstacle === 'absent' ? absentForGoodMs - absentMs : absentAgainMs,
    };
  }
  const paths = held.files.map(({ path }) => path);
  mirror.report({ type: 'project-planned', name: due.name, fetch: [], bytes: 0, remove: paths });
  if (!mirror.settings.dryRun) await discardFiles(mirror, held.files, [projectFolder(due.name)]);
  return { finished: { kind: 'removed', due } };
}

/** Two projects cannot hold the same file: dropping it from one would take it from the other. */
function refuseForeignFiles({ state }: Mirror, { name }: Due, plan: ProjectPlan): void {
  for (const { path, held } of plan.files) {
    const holder = held === undefined ? state.holderOf(path) : name;
    if (holder !== undefined && holder !== name) {
      throw new NonsenseError(`${name}: lists ${path}, which belongs to ${holder}`);
    }
  }
}

function announce({ report, settings }: Mirror, { name }: Due, plan: ProjectPlan): void {
  const missing = settings.indexOnly ? [] : plan.files.filter((file) => (file.held ?? file.elsewhere) === undefined);
  report({
    type: 'project-planned',
    name,
    fetch: missing.map(({ path }) => path),
    bytes: missing.reduce((sum, { file }) => sum + (file.size ?? 0), 0),
    remove: plan.drop.map(({ path }) => path),
  });
}

async function publish(
  mirror: Mirror,
  due: Due,
  held: HeldProject,
  page: SimplePage,
  plan: ProjectPlan,
): Promise<void> {
  const { files, settings } = mirror;
  const gone = new Set(settings.indexOnly ? [] : (await missing(files, held.files)).map(({ path }) => path));
  const planned = plan.files.map((file) => (gone.has(file.path) ? { ...file, held: undefined } : file));
  const now = settings.indexOnly ? planned.map(() => undefined) : await downloadAll(due, mirror, planned);
  const published = planned.map((file, index) => publishedFile(file, now[index], settings));
  await publishPages(files, due.name, page, published, !held.published);
  await discardFiles(mirror, plan.drop);
}

/** All files of a project at the same time, under the run's one limit. When one fails the others are kept. */
async function downloadAll(
  { name }: Due,
  mirror: Mirror,
  planned: readonly PlannedFile[],
): Promise<(HeldFile | undefined)[]> {
  const results = await Promise.allSettled(
    planned.map((file) => (isComplete(file) ? file.held : download(mirror, name, file))),
  );
  const held = results.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
  const isNew = (file: HeldFile | undefined, index: number): boolean => file !== planned[index]?.held;
  mirror.state.hold(
    name,
    held.filter((file, index): file is HeldFile => file !== undefined && isNew(file, index)),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return held;
}

async function discardFiles(
  { files, report }: Mirror,
  held: readonly HeldFile[],
  first: WebPath[] = [],
): Promise<void> {
  const paths = held.flatMap(({ path, metadataSha256, provenance }) => [
    path,
    ...(metadataSha256 === undefined ? [] : [metadataPath(path)]),
    ...(provenance ? [provenancePath(path)] : []),
  ]);
  if (first.length + paths.length === 0) return;
  await files.discard([...first, ...paths]);
  for (const { path } of held) report({ type: 'file-removed', path });
}
