/** Checks the list of all projects, which every run that changes something writes again. */
import { createHash } from 'node:crypto';
import { createGunzip } from 'node:zlib';
import { inPages } from '../core/in-pages.ts';
import { ownPath, type PageFile, pagePath } from '../core/paths.ts';
import type { Digest } from '../files/file-store.ts';
import { localJson, type RootIndexForm, rootIndexHtml, rootIndexJson } from '../formats/simple/root-index.ts';
import { indexState, pageState, rootIndexIsDamaged } from '../state/mirror-state.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { notAFile } from './inspect-file.ts';
import { readOrFinding } from './read-or-finding.ts';
import { isInSubset } from './subset.ts';

const entriesAtATime = 2000;
const headBytes = 100;

type PlainPage = PageFile & `index.${'html' | 'v1_json'}`;

/** Checks the list of projects, if it belongs to the subset and no run is about to write it. */
export async function checkRootIndex(check: Check): Promise<void> {
  const { state, lock, subset, report } = check;
  const isDue = (): boolean => state.get(indexState).rootIndexDue === true || state.totals().projects === 0;
  if (!isInSubset('simple', subset) || isDue() || (await inspectForms(check)).length === 0) return;
  const release = await lock.take();
  // The current run writes it at its end.
  if (release === undefined) return;
  try {
    const findings = isDue() ? [] : await inspectForms(check);
    for (const finding of findings) report({ type: 'finding', finding });
    if (!findings.some(({ kind }) => kind !== 'unreadable' && kind !== 'not-a-file')) return;
    state.set(rootIndexIsDamaged);
    report({ type: 'queued', name: undefined });
  } finally {
    release();
  }
}

async function inspectForms(check: Check): Promise<Finding[]> {
  const { legacyJson } = check.state.get(pageState);
  const isLegacy = legacyJson !== undefined && legacyJson.filledTo === undefined;
  return [
    ...(await inspectForm(check, 'index.html')),
    ...(await inspectForm(check, 'index.v1_json')),
    ...(isLegacy ? [...(await inspectShadowmireList(check)), ...(await lookAtLocalSerial(check))] : []),
  ];
}

/** Checks `local.json`, which shadowmire reads. It has no twin. */
async function inspectShadowmireList(check: Check): Promise<Finding[]> {
  const path = ownPath('local.json');
  const found = await readOrFinding(path, undefined, () => check.files.digest(path));
  if (found === undefined) return [{ kind: 'missing-page', path, project: undefined }];
  if ('kind' in found) return [found];
  if (found.sha256 === (await sha256Of(check, localJson))) return [];
  return [{ kind: 'bad-page', path, project: undefined, found: 'lists other projects than state.db' }];
}

/**
 * Checks that `local.db.serial` is a whole number. Its correct value is that of the list published with it, so it is
 * not compared.
 */
async function lookAtLocalSerial({ files }: Check): Promise<Finding[]> {
  const path = ownPath('local.db.serial');
  const found = await readOrFinding<Buffer | undefined>(path, undefined, () => files.read(path));
  if (found === undefined) return [{ kind: 'missing-page', path, project: undefined }];
  if ('kind' in found) return [found];
  if (/^\d{1,15}$/.test(found.toString())) return [];
  return [{ kind: 'bad-page', path, project: undefined, found: 'is no serial' }];
}

async function inspectForm(check: Check, page: PlainPage): Promise<Finding[]> {
  const path = pagePath(page);
  const twinPath = pagePath(`${page}.gz`);
  const found = await readOrFinding(path, undefined, () => digest(check, page));
  if ('kind' in found) return [found];
  if (found.sha256 !== (await expected(check, page, found.serial))) {
    return [{ kind: 'bad-page', path, project: undefined, found: 'lists other projects than state.db' }];
  }
  const twin = await readOrFinding(twinPath, undefined, () => inspectTwin(check, twinPath, found));
  return twin === undefined ? [] : [twin];
}

/** Returns the digest of the page, and the serial in it, which is that of the run that wrote it. */
async function digest(check: Check, page: PlainPage): Promise<(Digest & { serial: number | undefined }) | Finding> {
  const path = pagePath(page);
  const stat = await check.files.stat(path);
  if (stat !== undefined && stat.kind !== 'file') return { path, project: undefined, ...notAFile(stat.kind) };
  let head = '';
  const found = await check.files.digest(path, undefined, (piece) => {
    if (head === '') head = piece.toString('latin1', 0, headBytes);
    check.report({ type: 'read', bytes: piece.length });
  });
  if (found === undefined) return { kind: 'missing-page', path, project: undefined };
  const serial = /"_last-serial":(\d{1,15}),"api-version"/.exec(head)?.[1];
  return { ...found, serial: serial === undefined ? undefined : Number(serial) };
}

/** Returns the sha256 that the page should have. */
function expected(check: Check, page: PlainPage, serial: number | undefined): Promise<string> {
  return sha256Of(check, page === 'index.html' ? rootIndexHtml : rootIndexJson(serial));
}

async function sha256Of({ state, yielder }: Check, form: RootIndexForm): Promise<string> {
  const hash = createHash('sha256').update(form.head);
  let isFirst = true;
  for (const entries of inPages((after) => state.held.published(after, entriesAtATime))) {
    if (!isFirst) hash.update(form.separator);
    hash.update(entries.map((entry) => form.entry(entry)).join(form.separator));
    isFirst = false;
    await yielder.yieldIfDue();
  }
  return hash.update(form.tail).digest('hex');
}

async function inspectTwin(
  { files }: Check,
  path: ReturnType<typeof pagePath>,
  page: Digest,
): Promise<Finding | undefined> {
  const stat = await files.stat(path);
  if (stat !== undefined && stat.kind !== 'file') return { path, project: undefined, ...notAFile(stat.kind) };
  const twin = await files.read(path);
  if (twin === undefined) return { kind: 'bad-twin', path, project: undefined, found: 'missing' };
  const isRight = (await unpackedSha256(twin, page.bytes)) === page.sha256;
  return isRight ? undefined : { kind: 'bad-twin', path, project: undefined, found: 'not its page' };
}

/** Returns the sha256 of the unpacked twin, or undefined if it is not compressed or unpacks to more than `bytes`. */
async function unpackedSha256(twin: Buffer, bytes: number): Promise<string | undefined> {
  const hash = createHash('sha256');
  const gunzip = createGunzip();
  gunzip.end(twin);
  let unpacked = 0;
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      unpacked += piece.length;
      if (unpacked > bytes) return undefined;
      hash.update(piece);
    }
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}
