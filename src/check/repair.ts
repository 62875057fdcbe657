/** Repairs damaged projects: the next run fetches them again, and with --repair the damage is removed at once. */
import type { ProjectName } from '../core/names.ts';
import { pathOnOwnPage, sidecarPath, urlPath, type WebPath } from '../core/paths.ts';
import { type SidecarKind, sidecarKinds } from '../core/sidecars.ts';
import { asPublished, type SimpleFile } from '../formats/simple/simple-json.ts';
import { publishLegacyJson } from '../pages/publish-legacy-json.ts';
import { publishPages } from '../pages/publish-pages.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import type { ProjectInspection } from './inspect-project.ts';

/** Queues `name`. With --repair, and if the lock of runs is held (`isLocked`), repairs it too. Throws StorageError. */
export async function enqueueRepair(
  check: Check,
  name: ProjectName,
  look: ProjectInspection,
  isLocked: boolean,
): Promise<void> {
  const { state, settings, report } = check;
  const repairs = settings.repair && isLocked;
  const curable = look.findings.filter(({ kind }) => isRepairable(kind, repairs));
  if (curable.length === 0) return;
  check.objects?.distrust(curable.filter(({ kind }) => kind.startsWith('bad-')).map(({ path }) => path));
  state.queue.requeue(name, [...new Set(curable.map(({ file }) => file).filter((file) => file !== undefined))]);
  report({ type: 'queued', name });
  if (repairs) await repairNow(check, name, look, curable);
}

/**
 * Returns false if a run cannot repair it: what the disk refuses to show, or without --repair a folder in the place of
 * a file.
 */
function isRepairable(kind: Finding['kind'], repairs: boolean): boolean {
  return kind !== 'unreadable' && (kind !== 'not-a-file' || repairs);
}

/** Removes the damage. Pages come first, because no page may link to a file that is moved into the trash. */
async function repairNow(
  check: Check,
  name: ProjectName,
  { page, findings }: ProjectInspection,
  curable: readonly Finding[],
): Promise<void> {
  // An unreadable page cannot be compared with what it should be.
  if (findings.some(({ kind, file }) => kind === 'unreadable' && file === undefined)) return;
  const inTheWay = curable.filter(({ kind, file }) => kind === 'not-a-file' && file === undefined);
  await discard(check, inTheWay);
  if (page === undefined) return;
  const damaged = curable.filter(({ file }) => file !== undefined);
  const paths = new Set(damaged.map(({ path }) => path));
  const published = page.files.flatMap((entry) => {
    const path = pathOnOwnPage(entry, name);
    if (path === undefined) return [asPublished(entry)];
    return paths.has(path) ? [] : [asPublished(without(entry, path, paths))];
  });
  const pages = await publishPages(check.files, name, page, published, false);
  await publishLegacyJson(check, name, page, published);
  check.state.pages.remember([{ name, pages }]);
  await discard(check, damaged);
}

/** The members that an entry loses with a sidecar of its file. */
const withoutSidecar: Readonly<Record<SidecarKind, (entry: SimpleFile, sidecar: WebPath) => Partial<SimpleFile>>> = {
  metadata: () => ({ metadataSha256: undefined }),
  // One that upstream serves stays.
  provenance: ({ provenance }, path) =>
    provenance?.endsWith(`/${urlPath(path)}`) === true ? { provenance: undefined } : {},
};

/** Returns the entry without the damaged sidecars of its file. */
function without(entry: SimpleFile, path: WebPath, damaged: ReadonlySet<WebPath>): SimpleFile {
  let left = entry;
  for (const kind of sidecarKinds) {
    const beside = sidecarPath(path, kind);
    if (damaged.has(beside)) left = { ...left, ...withoutSidecar[kind](entry, beside) };
  }
  return left;
}

async function discard({ files, report }: Check, findings: readonly Finding[]): Promise<void> {
  const there = findings.filter(({ kind }) => !kind.startsWith('missing-')).map(({ path }) => path);
  if (there.length === 0) return;
  // A folder may be in the place of a file.
  await files.discardFolders(there);
  for (const path of there) report({ type: 'discarded', path });
}
