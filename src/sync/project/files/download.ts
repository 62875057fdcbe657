/** Downloads one file and its sidecars into `web/`: staged, hashed while streaming, verified, then published. */
import { minuteMs } from '../../../core/durations.ts';
import { MismatchError, NonsenseError, TooSlowError } from '../../../core/errors.ts';
import { sha256Hex } from '../../../core/hash.ts';
import type { ProjectName } from '../../../core/names.ts';
import { isSidecarNamePossible, sidecarPath, type WebPath } from '../../../core/paths.ts';
import { withRetries } from '../../../core/retry.ts';
import { sidecars } from '../../../core/sidecars.ts';
import type { Digest, SameFile, StagedFile, Write } from '../../../files/file-store.ts';
import type { HeldFile } from '../../../state/held-projects.ts';
import type { Mirror } from '../../mirror.ts';
import type { PlannedFile } from './plan-project.ts';
import { isProvenanceSettled, type ProvenanceResult, provenanceOf } from './provenance.ts';
import { entryDigestOf, type Rejection } from './rejected-files.ts';

/** Number of attempts for a file whose bytes are not what the index promises. */
const contentAttempts = 3;

/**
 * Milliseconds that a download may take, plus one second for each `bytesPerSecond` bytes that have arrived. Even at the
 * lowest speed allowed for any body, more than a megabyte arrives in that time. Smaller parts are not kept for the next
 * try, so every try makes progress.
 */
const minTimeLimitMs = 20 * minuteMs;
const bytesPerSecond = 20_000;

/** Returns true if nothing is left to fetch for `planned`. */
export function isComplete(planned: PlannedFile, mirror: Pick<Mirror, 'settings'>): boolean {
  return planned.held !== undefined && !lacksMetadata(planned) && isProvenanceSettled(planned, mirror);
}

/** The result of a download. `held` is undefined if the file's provenance does not allow it to be held. */
export interface Downloaded {
  readonly held: HeldFile | undefined;
  readonly provenance: ProvenanceResult;
  /**
   * The core metadata, if it differs from what the index promises. Only the metadata is left out then, not the file.
   */
  readonly rejection?: Rejection;
}

/**
 * Fetches the missing parts of `planned` and publishes them. `isPending` tells that an earlier run may have published
 * the file already. Throws MismatchError, NonsenseError, UnreachableError; what had arrived is dropped then.
 */
export async function download(
  mirror: Mirror,
  name: ProjectName,
  planned: PlannedFile,
  isPending: boolean,
): Promise<Downloaded> {
  const staged: StagedFile[] = [];
  try {
    return await fetchAndPublish(mirror, name, planned, isPending, staged);
  } catch (error) {
    // What cannot be dropped, the next run tidies up.
    await Promise.allSettled(staged.map((body) => body.drop()));
    throw error;
  }
}

/** Adds to `staged` what has arrived, and is to be dropped if the rest fails. */
async function fetchAndPublish(
  mirror: Mirror,
  name: ProjectName,
  planned: PlannedFile,
  isPending: boolean,
  staged: StagedFile[],
): Promise<Downloaded> {
  const { file, path, sha256, held } = planned;
  // A file that was left out before will most likely be left out again and may be large, so its provenance is fetched
  // first.
  const knownProvenance =
    planned.wasLeftOut === true ? await fetchProvenance(mirror, name, planned, staged) : undefined;
  if (knownProvenance?.result.unproven?.leftOut === true)
    return { held: undefined, provenance: knownProvenance.result };
  const { body, bytes } =
    (await findBlob(mirror, planned, isPending)) ?? (await fetchBlob(mirror, name, planned, staged));
  const { result, object } = knownProvenance ?? (await fetchProvenance(mirror, name, planned, staged));
  if (result.unproven?.leftOut === true) {
    if (body !== undefined && 'drop' in body) await body.drop();
    return { held: undefined, provenance: result };
  }
  if (held === undefined && file.size !== undefined && file.size !== bytes) reportWrongSize(mirror, planned, bytes);
  const lacks = lacksMetadata(planned);
  // Whoever put the file there has put its metadata beside it.
  const isThere =
    lacks && body === undefined && held === undefined && (await isMetadataThere(mirror, planned, isPending));
  const { metadata, rejection } = lacks && !isThere ? await fetchMetadata(mirror, name, planned, staged) : noMetadata;
  const writes: Write[] = [];
  if (body !== undefined) writes.push({ path, body, mtimeMs: file.uploadTimeMs });
  if (metadata !== undefined) writes.push({ path: sidecarPath(path, 'metadata'), body: metadata });
  if (object !== undefined) writes.push({ path: sidecarPath(path, 'provenance'), body: object });
  await mirror.files.publish(writes);
  const { verdict } = result;
  const now = {
    path,
    sha256,
    size: bytes,
    metadataSha256: metadata === undefined && !isThere ? held?.metadataSha256 : file.metadataSha256,
    provenance: object !== undefined || held?.provenance === true,
    ...(verdict && { verdict }),
  };
  return { held: now, provenance: result, ...(rejection && { rejection }) };
}

const noMetadata: { readonly metadata?: StagedFile; readonly rejection?: Rejection } = {};

/**
 * Fetches and judges the provenance of a file. Returns the result, and the staged provenance object if it is to be
 * stored.
 */
async function fetchProvenance(
  mirror: Mirror,
  name: ProjectName,
  planned: PlannedFile,
  staged: StagedFile[],
): Promise<{ readonly result: ProvenanceResult; readonly object?: StagedFile }> {
  const { body, ...result } = await provenanceOf(mirror, name, planned);
  if (body === undefined || result.unproven?.leftOut === true) return { result };
  // A sidecar whose name is too long to be stored beside its file is served by upstream only.
  if (!isSidecarNamePossible(sidecarPath(planned.path, 'provenance'))) return { result };
  const object = await stageBytes(mirror, name, sidecarPath(planned.path, 'provenance'), body);
  staged.push(object);
  return { result, object };
}

/** Writes `bytes` to staging at once to free the memory: thousands of files may wait for the same flush. */
async function stageBytes({ files }: Mirror, name: ProjectName, path: WebPath, bytes: Buffer): Promise<StagedFile> {
  const body = await files.stage(stagingKey(name, path), path, { bytes: bytes.length });
  body.begin(false, undefined);
  await body.write(bytes);
  await body.finish();
  return body;
}

/**
 * Returns the staging key, which is not the file's hash: the same bytes may be listed twice and be fetched at the same
 * time.
 */
function stagingKey(name: ProjectName, path: WebPath): string {
  return sha256Hex(Buffer.from(`${name} ${path}`));
}

function lacksMetadata({ file, path, held }: PlannedFile): boolean {
  if (file.metadataSha256 === undefined || held?.metadataSha256 === file.metadataSha256) return false;
  return isSidecarNamePossible(sidecarPath(path, 'metadata'));
}

/** Returns true if the right metadata is in place although the state does not hold the file. */
async function isMetadataThere({ files }: Mirror, { file, path }: PlannedFile, isPending: boolean): Promise<boolean> {
  const found = await files.findVerified(sidecarPath(path, 'metadata'), isPending);
  return found?.sha256 === file.metadataSha256;
}

/** The size of a file, and its body unless the bytes are in place already. */
interface Blob {
  readonly body?: SameFile | StagedFile;
  readonly bytes: number;
}

/**
 * Returns the blob of a file that needs no fetch: held, already in place, or at another path. Returns undefined
 * otherwise.
 */
async function findBlob(mirror: Mirror, planned: PlannedFile, isPending: boolean): Promise<Blob | undefined> {
  const bytes = planned.held?.size ?? (await adoptedSize(mirror, planned, isPending));
  return bytes === undefined ? movedBlob(mirror, planned) : { bytes };
}

/**
 * Returns the size of a file that is in place although the state does not hold it, because a run was killed before it
 * could remember the file. Returns undefined if there is no such file.
 */
async function adoptedSize(
  { files }: Mirror,
  { path, sha256 }: PlannedFile,
  isPending: boolean,
): Promise<number | undefined> {
  const found = await files.findVerified(path, isPending);
  return found?.sha256 === sha256 ? found.bytes : undefined;
}

/** Returns the blob of a file whose bytes are held at another path, so that a moved file is not fetched again. */
async function movedBlob({ files }: Mirror, { elsewhere, sha256 }: PlannedFile): Promise<Blob | undefined> {
  if (elsewhere === undefined) return undefined;
  const found = await files.findVerified(elsewhere, true);
  return found?.sha256 === sha256 ? { body: { sameAs: elsewhere }, bytes: found.bytes } : undefined;
}

async function fetchBlob(mirror: Mirror, name: ProjectName, planned: PlannedFile, staged: StagedFile[]): Promise<Blob> {
  const { files, report } = mirror;
  const { path } = planned;
  const body = await files.stage(stagingKey(name, path), path, {
    bytes: planned.file.size,
    sha256: planned.sha256,
    mtimeMs: planned.file.uploadTimeMs,
  });
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { bytes } = await transferAndVerify(mirror, name, planned, body);
        report({ type: 'file-done', path });
        staged.push(body);
        return { body, bytes };
      } catch (error) {
        if (!(error instanceof MismatchError)) throw error;
        await body.drop();
        if (attempt === contentAttempts) throw error;
      }
    }
  } catch (error) {
    await body.interrupt();
    report({ type: 'file-failed', path });
    throw error;
  }
}

/**
 * Streams the file into `body` and verifies its hash. Retries if the connection breaks, and asks only for the missing
 * bytes.
 */
async function transferAndVerify(
  mirror: Mirror,
  name: ProjectName,
  planned: PlannedFile,
  body: StagedFile,
): Promise<Digest> {
  const { upstream, clock, signal, report } = mirror;
  const { url, path, file, sha256 } = planned;
  const { size } = file;
  const startedMs = clock.now();
  let arrived = 0;
  let fetched = 0;
  let isStarted = false;
  const sink = {
    begin: (resumed: boolean, etag: string | undefined): void => {
      if (!isStarted) report({ type: 'file-started', path, bytes: size });
      isStarted = true;
      const kept = resumed ? (body.resumable?.bytes ?? 0) : 0;
      if (kept !== arrived) report({ type: 'bytes', path, bytes: kept - arrived });
      arrived = kept;
      body.begin(resumed, etag);
    },
    write: (chunk: Buffer): void | Promise<void> => {
      arrived += chunk.length;
      fetched += chunk.length;
      report({ type: 'bytes', path, bytes: chunk.length });
      expectProgress(url, clock.now() - startedMs, fetched);
      return body.write(chunk);
    },
  };
  const transfer = async (): Promise<void> => {
    const { resumable } = body;
    const from = resumable !== undefined && size !== undefined && resumable.bytes <= size ? resumable : undefined;
    if (from !== undefined && from.bytes === size) return sink.begin(true, from.etag);
    try {
      const outcome = await upstream.file(url, size, from, sink, name);
      if (outcome === 'absent') throw new NonsenseError(`${url}: listed, but upstream answers that it does not exist`);
    } catch (error) {
      await body.interrupt();
      throw error;
    }
  };
  try {
    await withRetries(clock, signal, transfer);
    const found = await body.finish();
    if (found.sha256 === sha256) return found;
    throw mismatch(planned, found);
  } catch (error) {
    if (error instanceof MismatchError) report({ type: 'bytes', path, bytes: -arrived });
    throw error;
  }
}

/** Throws TooSlowError if a transfer takes longer than it may. The more bytes have arrived, the longer it may take. */
function expectProgress(url: URL, ms: number, bytes: number): void {
  if (ms <= minTimeLimitMs + (bytes / bytesPerSecond) * 1000) return;
  const speed = `${bytes} bytes in ${Math.round(ms / 1000)} s`;
  throw new TooSlowError(`${url}: too slow: ${speed}; they are kept, and a later try goes on from there`);
}

/**
 * Fetches and stages the core metadata. If upstream does not have the metadata that it announces, reports a warning and
 * returns none, and our page will not announce it.
 */
async function fetchMetadata(
  mirror: Mirror,
  name: ProjectName,
  { file, path, url }: PlannedFile,
  staged: StagedFile[],
): Promise<typeof noMetadata> {
  const { upstream, report } = mirror;
  const { suffix } = sidecars.metadata;
  const source = new URL(`${url}${suffix}`);
  const wrong = ({ message: problem }: Error): typeof noMetadata => {
    const filename = `${file.filename}${suffix}`;
    return { rejection: { filename, problem, entryDigest: entryDigestOf(file.json), json: file.json, mayPass: true } };
  };
  try {
    const body = await upstream.sidecar(source, 'metadata', name);
    if (body === undefined || body === 'off') {
      report({ type: 'warning', message: `${source}: announced, but upstream answers that it does not exist` });
      return noMetadata;
    }
    const difference = sidecars.metadata.differenceOf(body, file);
    if (difference === undefined) {
      const metadata = await stageBytes(mirror, name, sidecarPath(path, 'metadata'), body);
      staged.push(metadata);
      return { metadata };
    }
    return wrong(new MismatchError(`${source}: expected sha256 ${difference.expected}, found ${difference.found}`));
  } catch (error) {
    if (error instanceof NonsenseError) return wrong(error);
    throw error;
  }
}

/** Reports a wrong size as a warning only: the hash identifies a file, and an index may be wrong about the size. */
function reportWrongSize({ report }: Mirror, { url, file }: PlannedFile, found: number): void {
  report({ type: 'warning', message: `${url}: expected ${file.size} bytes, found ${found} with the right sha256` });
}

function mismatch({ url, file, sha256 }: PlannedFile, found: Digest): MismatchError {
  const size = file.size === undefined ? '' : `${file.size} bytes with `;
  return new MismatchError(`${url}: expected ${size}sha256 ${sha256}, found ${found.bytes} bytes with ${found.sha256}`);
}
