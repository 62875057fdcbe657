/**
 * Repairs a project that a person restored. It cannot be fetched again because upstream does not have it. A missing or
 * damaged file is restored from the trash if the trash has the right bytes. Otherwise it leaves the page, and an alarm
 * is reported.
 */
import { andMore } from '../../core/and-more.ts';
import { filenameOf, listedPath, sidecarPath, sidecarPaths, type WebPath, withSidecars } from '../../core/paths.ts';
import { missingSidecars, type SidecarKind, sidecarKinds, sidecars, withoutSidecars } from '../../core/sidecars.ts';
import { isJsonObject, type JsonObject } from '../../formats/json.ts';
import { entryWithoutSidecars, type SimpleFile, simplePageFrom } from '../../formats/simple/simple-json.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { LostFile } from '../../state/removal-log.ts';
import type { FinishedProject } from '../../state/state-store.ts';
import type { Mirror } from '../mirror.ts';
import type { SelectedProject } from '../selection/selected-project.ts';
import { missingFiles } from './files/held-files.ts';
import { readAnyPage, type SourcePage } from './page/cached-page.ts';
import { classifyPage } from './page/classify-page.ts';
import { publishProject } from './publish-project.ts';

/** Publishes what is left of the project. Throws what {@link publishProject} throws. */
export async function repairRestored(mirror: Mirror, project: SelectedProject): Promise<FinishedProject> {
  const { state, files, settings, report } = mirror;
  const { due, held } = project;
  const { name } = due;
  if (settings.dryRun || settings.indexOnly) return { kind: 'unchanged', due };
  const gone = await missingFiles(files, held.files);
  if (gone.length > 0) {
    const paths = gone.map(({ path }) => path);
    state.queue.requeue(name, paths);
  }
  const remembered = await readAnyPage(mirror, project);
  if (remembered.from === 'held files') {
    report({ type: 'alarm', message: `${name}: was restored, and its page is lost: made anew of the files held` });
  }
  const { source, lost } = await restoreListedFiles(mirror, project, remembered);
  const away = state.held.pendingFiles(name).filter((path) => state.held.file(path) === undefined);
  if (away.length > 0) report({ type: 'alarm', message: `${name}: ${lossText(away.map(filenameOf))}` });
  const now = { ...project, held: state.held.project(name) };
  const finished = await publishProject(mirror, now, classifyPage(mirror, now, source), { ...held, etag: undefined });
  return finished.kind === 'published' ? { ...finished, lost } : finished;
}

function lossText([first = '', ...more]: readonly string[]): string {
  const files = `${first}${andMore(more.length, 'more files')}`;
  return `${files}: missing or damaged, and neither in the trash nor upstream any more: left out of the restored project`;
}

/**
 * Returns the page with the files that are there, and the files that are lost. A file that a check forgot is held again
 * if its bytes are right.
 */
async function restoreListedFiles(
  mirror: Mirror,
  { due: { name }, held }: SelectedProject,
  { page, url }: SourcePage,
): Promise<{ readonly source: SourcePage; readonly lost: readonly LostFile[] }> {
  const { state } = mirror;
  const suspects = new Set(state.held.pendingFiles(name).filter((path) => state.held.file(path) === undefined));
  const kept: JsonObject[] = [];
  const lost: LostFile[] = [];
  for (const file of page.files) {
    const path = listedPath(file, url.href);
    if (path === undefined || !suspects.has(path)) {
      kept.push(file.json);
      continue;
    }
    const back = await restoreFile(mirror, path, file);
    if (back !== undefined) {
      state.held.addFiles(name, [back]);
      kept.push(entryWithoutSidecars(file.json, missingSidecars(back)));
    } else if (file.sha256 !== undefined) lost.push({ path, sha256: file.sha256 });
  }
  // The held serial may be undefined because the page was of another index.
  const meta = { ...(isJsonObject(page.json.meta) ? page.json.meta : {}), '_last-serial': held.serial };
  const left = simplePageFrom({ ...page.json, meta, files: kept }, `the remembered page of ${name}`);
  return { source: { page: left, url }, lost };
}

/**
 * Returns the file at `path` if its bytes are right, restored from the trash if it is not in place. Returns undefined
 * otherwise.
 */
async function restoreFile({ files }: Mirror, path: WebPath, file: SimpleFile): Promise<HeldFile | undefined> {
  if ((await files.stat(path)) === undefined) await files.restore(withSidecars(path));
  const digest = await files.digest(path);
  if (digest === undefined || digest.sha256 !== file.sha256) return undefined;
  const wrong: SidecarKind[] = [];
  for (const kind of sidecarKinds) {
    const bytes = await files.read(sidecarPath(path, kind));
    if (bytes === undefined || sidecars[kind].differenceOf(bytes, file) !== undefined) wrong.push(kind);
  }
  await files.discard(sidecarPaths(path, wrong));
  const { metadataSha256 } = file;
  const whole = { path, size: digest.bytes, sha256: digest.sha256, metadataSha256, provenance: true };
  return withoutSidecars(whole, wrong);
}
