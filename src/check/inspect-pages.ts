/** Checks the pages of a project: they must exist, be readable and agree. */
import { NonsenseError } from '../core/errors.ts';
import type { ProjectName } from '../core/names.ts';
import { childPath, legacyJsonFolder, type PageFile, pageFiles, pagePath, type WebPath } from '../core/paths.ts';
import type { Stat } from '../files/file-store.ts';
import type { RememberedEtag } from '../files/object-journal.ts';
import { renderSimpleHtml } from '../formats/simple/simple-html.ts';
import { asPublished, parsePublishedPage, type SimplePage } from '../formats/simple/simple-json.ts';
import { hasTwin, isTwinOf } from '../pages/publish-pages.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { notAFile } from './inspect-file.ts';
import { readObject } from './read-object.ts';
import { readOrFinding } from './read-or-finding.ts';

/** The stat of each page, undefined if it is missing, or the finding that the disk refuses it. */
export type PageStats = Readonly<Record<PageFile, Stat | Finding | undefined>>;

/** The result of checking a project's pages. */
export interface PagesInspection {
  /** The JSON page, if it was readable. */
  readonly page: SimplePage | undefined;
  /** Findings that an interrupted run cannot explain. */
  readonly findings: readonly Finding[];
  /** Findings that a run stopped between two steps may have left, and that the next run corrects. */
  readonly transient: readonly Finding[];
  /** The ETags of the pages that lie in an object store, as they were read. */
  readonly etags: readonly RememberedEtag[];
}

/**
 * Returns true if all pages of `name` are those that were published, as an object store can tell without reading them.
 * Then they agree with the state.
 */
export async function hasPublishedPages(check: Check, name: ProjectName): Promise<boolean> {
  const { files } = check;
  for (const page of pageFiles) if ((await files.stat(pagePath(page, name)))?.content !== 'as-published') return false;
  return hasPublishedLegacy(check, legacyJsonFolder(name));
}

/** Returns true if nothing in the folder was replaced. What is missing there shows when the pages are read. */
async function hasPublishedLegacy(check: Check, folder: WebPath): Promise<boolean> {
  for await (const { name, kind } of check.files.entries(folder)) {
    const path = childPath(folder, name);
    if (kind === 'folder' && !(await hasPublishedLegacy(check, path))) return false;
    if (kind === 'file' && (await check.files.stat(path))?.content === 'other') return false;
  }
  return true;
}

/** Checks the four pages of `name`, of which `stats` were just taken. */
export async function inspectPages(check: Check, name: ProjectName, stats: PageStats): Promise<PagesInspection> {
  const etags: RememberedEtag[] = [];
  const read = (page: PageFile): Promise<Buffer | Finding> => readPage(check, name, page, stats[page], etags);
  const html = await read('index.html');
  const json = await read('index.v1_json');
  const findings = [html, json].filter(isFinding);
  const passing: Finding[] = [];
  let page: SimplePage | undefined;
  if (!isFinding(json)) {
    const parsed = parsePage(name, json);
    if (isFinding(parsed)) findings.push(parsed);
    else page = parsed;
    for (const finding of await inspectTwin(check, name, 'index.v1_json.gz', json, read)) passing.push(finding);
  }
  if (!isFinding(html)) {
    if (page !== undefined && !html.equals(htmlOf(page))) passing.push(notDerived(name));
    for (const finding of await inspectTwin(check, name, 'index.html.gz', html, read)) passing.push(finding);
  }
  return { page, findings, transient: passing, etags };
}

function isFinding(value: Buffer | SimplePage | Finding): value is Finding {
  return 'kind' in value;
}

function htmlOf(page: SimplePage): Buffer {
  return Buffer.from(renderSimpleHtml(page, page.files.map(asPublished)));
}

function notDerived(project: ProjectName): Finding {
  return { kind: 'bad-page', path: pagePath('index.html', project), project, found: 'differs from index.v1_json' };
}

/** Returns the bytes of a page, or a finding. Adds its ETag. */
async function readPage(
  check: Check,
  project: ProjectName,
  page: PageFile,
  stat: PageStats[PageFile],
  etags: RememberedEtag[],
): Promise<Buffer | Finding> {
  const path = pagePath(page, project);
  if (stat === undefined) return { kind: 'missing-page', path, project };
  if ('path' in stat) return stat;
  if (stat.kind !== 'file') return { path, project, ...notAFile(stat.kind) };
  return readOrFinding<Buffer | Finding>(path, project, async () => {
    const found = await readObject(check.files, path);
    if (found?.etag !== undefined) etags.push({ path, etag: found.etag });
    return found?.body ?? { kind: 'missing-page', path, project };
  });
}

function parsePage(project: ProjectName, body: Buffer): SimplePage | Finding {
  const path = pagePath('index.v1_json', project);
  try {
    return parsePublishedPage(body.toString(), path);
  } catch (error) {
    if (!(error instanceof NonsenseError)) throw error;
    return { kind: 'bad-page', path, project, found: error.message.replace(`${path}: `, '') };
  }
}

async function inspectTwin(
  check: Check,
  project: ProjectName,
  twin: PageFile,
  body: Buffer,
  read: (page: PageFile) => Promise<Buffer | Finding>,
): Promise<Finding[]> {
  const found = await read(twin);
  if (!isFinding(found))
    return isTwinOf(found, body, check.files.isRemote(pagePath(twin, project)))
      ? []
      : [badTwin(check, pagePath(twin, project), project, found, body)];
  if (found.kind !== 'missing-page') return [found];
  return hasTwin(body.length, check.files.isRemote(found.path))
    ? [badTwin(check, found.path, project, undefined, body)]
    : [];
}

function badTwin(
  { files }: Check,
  path: WebPath,
  project: ProjectName,
  twin: Buffer | undefined,
  body: Buffer,
): Finding {
  const why =
    twin === undefined
      ? 'missing'
      : hasTwin(body.length, files.isRemote(path))
        ? 'not its page'
        : 'its page is too small for one';
  return { kind: 'bad-twin', path, project, found: why };
}
