/** Has a damaged project healed: the next run fetches it anew, and with --repair nobody meets the damage until then. */
import type { ProjectName } from '../core/names.ts';
import { metadataPath, provenancePath, urlPath, type WebPath } from '../core/paths.ts';
import { asPublished, type SimpleFile } from '../formats/simple/simple-json.ts';
import { publishLegacyJson } from '../pages/publish-legacy-json.ts';
import { publishPages } from '../pages/publish-pages.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import type { ProjectInspection } from './inspect-project.ts';
import { pathOf } from './page-entry.ts';

/** Queues `name` and, if so wished and the lock of runs is held (`isLocked`), repairs it. Throws StorageError. */
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
  state.queue.requeue(name, [...new Set(curable.map(({ file }) => file).filter((file) => file !== undefined))]);
  report({ type: 'queued', name });
  if (repairs) await repairNow(check, name, look, curable);
}

/** A run can neither read what the disk refuses to show, nor put a file where a folder stands. */
function isRepairable(kind: Finding['kind'], repairs: boolean): boolean {
  return kind !== 'unreadable' && (kind !== 'not-a-file' || repairs);
}

/** Pages first: no page must link to what is on its way into the trash. */
async function repairNow(
  check: Check,
  name: ProjectName,
  { page, findings }: ProjectInspection,
  curable: readonly Finding[],
): Promise<void> {
  // A page that nobody can read cannot be compared with what it should be.
  if (findings.some(({ kind, file }) => kind === 'unreadable' && file === undefined)) return;
  const inTheWay = curable.filter(({ kind, file }) => kind === 'not-a-file' && file === undefined);
  await discard(check, inTheWay);
  if (page === undefined) return;
  const damaged = curable.filter(({ file }) => file !== undefined);
  const paths = new Set(damaged.map(({ path }) => path));
  const published = page.files.flatMap((entry) => {
    const path = pathOf(entry, name);
    if (path === undefined) return [asPublished(entry)];
    return paths.has(path) ? [] : [asPublished(without(entry, path, paths))];
  });
  const pages = await publishPages(check.files, name, page, published, false);
  await publishLegacyJson(check, name, page, published);
  check.state.pages.remember([{ name, pages }]);
  await discard(check, damaged);
}

/** The entry without what lies beside its file and is damaged. */
function without(entry: SimpleFile, path: WebPath, damaged: ReadonlySet<WebPath>): SimpleFile {
  const provenance = provenancePath(path);
  const isOwn = entry.provenance?.endsWith(`/${urlPath(provenance)}`) === true;
  return {
    ...entry,
    metadataSha256: damaged.has(metadataPath(path)) ? undefined : entry.metadataSha256,
    provenance: isOwn && damaged.has(provenance) ? undefined : entry.provenance,
  };
}

async function discard({ files, report }: Check, findings: readonly Finding[]): Promise<void> {
  const there = findings.filter(({ kind }) => !kind.startsWith('missing-')).map(({ path }) => path);
  if (there.length === 0) return;
  await files.discard(there);
  for (const path of there) report({ type: 'discarded', path });
}
