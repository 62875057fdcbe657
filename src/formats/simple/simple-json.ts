/**
 * The JSON project page of the simple API (PEP 691, 700, 714, 740, 792).
 *
 * Parsing loses nothing: the page and each file keep the JSON object they came from. Rendering changes only what a
 * mirror must change, which is file URLs and members about things that it does not hold. Unknown keys pass through.
 */
import { NonsenseError } from '../../core/errors.ts';
import { type SidecarKind, sidecarKinds } from '../../core/sidecars.ts';
import { isJsonObject, type JsonObject, parseJson, renderJson, serialOf } from '../json.ts';

/** One file of a project page, as upstream lists it. */
export interface SimpleFile {
  readonly filename: string;
  /** The URL as the page writes it: absolute, or relative to the page's URL. */
  readonly url: string;
  /** 64 lower-case hex digits. */
  readonly sha256: string | undefined;
  /** Bytes (PEP 700). */
  readonly size: number | undefined;
  /** Milliseconds since 1970 (PEP 700). */
  readonly uploadTimeMs: number | undefined;
  readonly requiresPython: string | undefined;
  /** False, or the reason, which may be empty (PEP 592). */
  readonly yanked: string | false;
  /** The sha256 of the `.metadata` file (PEP 658, 714), or undefined if there is none or its hash is not given. */
  readonly metadataSha256: string | undefined;
  /** The URL of the provenance object (PEP 740). */
  readonly provenance: string | undefined;
  readonly json: JsonObject;
}

/** An entry that is no usable file: without name, URL or hashes, or listed twice with different content. */
export interface UnusableEntry {
  /** The name in the entry, else the last part of its URL, else undefined. */
  readonly filename: string | undefined;
  /** The reason why the entry is unusable, for people. */
  readonly problem: string;
  readonly json: unknown;
}

/** A project page. */
export interface SimplePage {
  readonly name: string;
  readonly serial: number | undefined;
  /** `active`, `archived`, `quarantined`, `deprecated` (PEP 792), or a status that is not known yet. */
  readonly status: string;
  readonly statusReason: string | undefined;
  /** No two have the same name. */
  readonly files: readonly SimpleFile[];
  /** The entries that are unusable. They say nothing about the others. */
  readonly unusable: readonly UnusableEntry[];
  readonly json: JsonObject;
}

/** The URL and the sidecars under which the mirror publishes one file. */
export interface PublishedFile {
  readonly file: SimpleFile;
  readonly url: string;
  /** The sha256 of the `.metadata` file that is served, or undefined if none is. */
  readonly metadataSha256: string | undefined;
  readonly provenance: string | undefined;
}

/** Returns the entry of `file`, parsed from a page of a mirror, as that mirror published it. */
export function asPublished(file: SimpleFile): PublishedFile {
  const { url, metadataSha256, provenance } = file;
  return { file, url, metadataSha256, provenance };
}

/** More than five times as many as the largest project of PyPI has. */
const maxFiles = 200_000;

/**
 * Reads a project page. `source` names it in errors. Throws {@link NonsenseError} if the page as a whole is malformed.
 */
export function parseSimplePage(text: string, source: string): SimplePage {
  return simplePageFrom(parseObject(text, source), source);
}

/**
 * Reads a page that a mirror has published. `source` names it in errors. Throws {@link NonsenseError} if the page is
 * malformed or has an unusable entry.
 */
export function parsePublishedPage(text: string, source: string): SimplePage {
  const page = parseSimplePage(text, source);
  const [first] = page.unusable;
  if (first === undefined) return page;
  throw new NonsenseError(`${source}: ${JSON.stringify(first.filename ?? 'a file')}: ${first.problem}`);
}

/**
 * Returns the project page that `json` describes. `source` names it in errors. Throws {@link NonsenseError} if the page
 * as a whole is malformed.
 */
export function simplePageFrom(json: JsonObject, source: string): SimplePage {
  const meta = isJsonObject(json.meta) ? json.meta : {};
  checkApiVersion(meta['api-version'], source);
  if (typeof json.name !== 'string') throw new NonsenseError(`${source}: the page has no name`);
  if (!Array.isArray(json.files)) throw new NonsenseError(`${source}: the page has no list of files`);
  if (json.files.length > maxFiles) throw new NonsenseError(`${source}: more than ${maxFiles} files`);
  const status = isJsonObject(json['project-status']) ? json['project-status'] : {};
  return {
    name: json.name,
    serial: serialOf(meta['_last-serial']),
    status: textOf(status.status) ?? 'active',
    statusReason: textOf(status.reason),
    ...parseFiles(json.files),
    json,
  };
}

/** Returns `page` with another serial, or without one if `serial` is undefined. */
export function withSerial(page: SimplePage, serial: number | undefined): SimplePage {
  const meta = isJsonObject(page.json.meta) ? page.json.meta : {};
  const { '_last-serial': _serial, ...others } = meta;
  const newMeta = serial === undefined ? others : { ...meta, '_last-serial': serial };
  return { ...page, serial, json: { ...page.json, meta: newMeta } };
}

/**
 * Returns the JSON of the page as a mirror publishes it: compact and with a trailing newline, as PyPI writes it. Throws
 * {@link NonsenseError} if a member that passes through is nested too deeply.
 */
export function renderSimpleJson(page: SimplePage, files: readonly PublishedFile[]): string {
  // PEP 708 was rejected, so its keys must not be emitted any more.
  const { 'alternate-locations': _locations, meta, ...rest } = page.json;
  const { tracks: _tracks, ...keptMeta }: Record<string, unknown> = isJsonObject(meta) ? meta : {};
  if (page.serial !== undefined) keptMeta['_last-serial'] = page.serial;
  return `${renderJson({ ...rest, meta: keptMeta, files: files.map(publishedJson) }, `the page of ${page.name}`)}\n`;
}

function publishedJson(entry: PublishedFile): JsonObject {
  const { file, url } = entry;
  const { 'gpg-sig': _signature, ...kept } = file.json;
  const published: Record<string, unknown> = { ...kept, url };
  for (const kind of sidecarKinds) writeSidecar[kind](published, entry);
  if (kept['requires-python'] === '') published['requires-python'] = null;
  if (file.sha256 !== undefined && isJsonObject(kept.hashes) && kept.hashes.sha256 !== file.sha256) {
    published.hashes = { ...kept.hashes, sha256: file.sha256 };
  }
  if ('size' in kept && file.size !== undefined) published.size = file.size;
  return published;
}

const metadataKeys = ['core-metadata', 'data-dist-info-metadata'] as const;

/** Writes into the JSON of an entry what it tells of each sidecar of its file. */
const writeSidecar: Readonly<Record<SidecarKind, (json: Record<string, unknown>, entry: PublishedFile) => void>> = {
  metadata: (json, { metadataSha256 }) => {
    const metadata = metadataSha256 === undefined ? false : { sha256: metadataSha256 };
    for (const key of metadataKeys) if (metadata !== false || key in json) json[key] = metadata;
    // The misspelling of PEP 691 that PyPI never sent.
    if ('dist-info-metadata' in json) json['dist-info-metadata'] = metadata;
  },
  provenance: (json, { provenance }) => {
    if ('provenance' in json) json.provenance = provenance ?? null;
  },
};

/** The members of an entry for each sidecar that is missing. */
const noSidecar: Readonly<Record<SidecarKind, JsonObject>> = {
  metadata: { 'core-metadata': false, 'data-dist-info-metadata': false },
  provenance: { provenance: null },
};

/** The entry of a file beside which those of these kinds do not lie. */
export function entryWithoutSidecars(json: JsonObject, gone: readonly SidecarKind[]): JsonObject {
  let left = json;
  for (const kind of gone) left = { ...left, ...noSidecar[kind] };
  return left;
}

function parseObject(text: string, source: string): JsonObject {
  const value = parseJson(text, source);
  if (!isJsonObject(value)) throw new NonsenseError(`${source}: expected a JSON object`);
  return value;
}

/**
 * Throws unless the major version is 1. A higher minor version adds keys, which pass through; another major version may
 * mean anything (PEP 629).
 */
function checkApiVersion(version: unknown, source: string): void {
  if (typeof version !== 'string' || !/^1\.\d+$/.test(version)) {
    throw new NonsenseError(
      `${source}: expected simple API version 1.x, found ${renderJson(version, source) ?? 'none'}`,
    );
  }
}

function parseFiles(entries: readonly unknown[]): Pick<SimplePage, 'files' | 'unusable'> {
  const files = new Map<string, SimpleFile>();
  const unusable: UnusableEntry[] = [];
  const ambiguous = new Set<string>();
  for (const entry of entries) {
    const file = parseFile(entry);
    const earlier = 'problem' in file ? undefined : files.get(file.filename);
    if ('problem' in file) unusable.push(file);
    else if (earlier === undefined) files.set(file.filename, file);
    else if (earlier.url !== file.url || earlier.sha256 !== file.sha256) {
      ambiguous.add(file.filename);
      unusable.push({ filename: file.filename, problem: 'it is listed twice, and not as the same', json: file.json });
    } else if (earlier.yanked === false) files.set(file.filename, file);
  }
  for (const filename of ambiguous) {
    const json = files.get(filename)?.json;
    files.delete(filename);
    unusable.push({ filename, problem: 'it is listed twice, and not as the same', json });
  }
  return { files: [...files.values()], unusable };
}

function parseFile(json: unknown): SimpleFile | UnusableEntry {
  if (!isJsonObject(json)) return { filename: undefined, problem: 'its entry is not an object', json };
  const { url } = json;
  const filename = textOf(json.filename);
  if (filename === undefined) return { filename: lastPartOf(url), problem: 'it has no filename', json };
  if (typeof url !== 'string' || url === '') return { filename, problem: 'it has no url', json };
  if (!isJsonObject(json.hashes)) return { filename, problem: 'it has no hashes', json };
  const metadata = json['core-metadata'] ?? json['data-dist-info-metadata'] ?? json['dist-info-metadata'];
  return {
    filename,
    url,
    sha256: sha256Of(json.hashes),
    size: serialOf(json.size),
    uploadTimeMs: timeOf(json['upload-time']),
    requiresPython: textOf(json['requires-python']),
    yanked: yankedOf(json.yanked),
    metadataSha256: isJsonObject(metadata) ? sha256Of(metadata) : undefined,
    provenance: textOf(json.provenance),
    json,
  };
}

/** Returns the file name in a URL. */
function lastPartOf(url: unknown): string | undefined {
  if (typeof url !== 'string') return undefined;
  const [path = ''] = url.split(/[?#]/, 1);
  return textOf(path.slice(path.lastIndexOf('/') + 1));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function sha256Of(hashes: JsonObject): string | undefined {
  const hex = hashes.sha256;
  return typeof hex === 'string' && /^[0-9a-f]{64}$/i.test(hex) ? hex.toLowerCase() : undefined;
}

/** The last upload time that is accepted. Later ones cannot be written as dates, and some file systems refuse them. */
const lastTime = Date.UTC(9999, 11, 31);

function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return time >= 0 && time <= lastTime ? time : undefined;
}

/** Returns the reason of a yanked file, or false. PEP 691 treats an empty text like false. */
function yankedOf(value: unknown): string | false {
  return value === true ? '' : (textOf(value) ?? false);
}
