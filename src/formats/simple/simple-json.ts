/**
 * The project page of the simple API in JSON (PEP 691, 700, 714, 740, 792).
 *
 * Lossless: the page and each file keep the object they were parsed from, and rendering changes only what a mirror
 * must change (file URLs and what it does not hold), so keys that are not known yet pass through.
 */
import { NonsenseError } from '../../core/errors.ts';
import { type SidecarKind, sidecarKinds } from '../../core/sidecars.ts';
import { isJsonObject, type JsonObject, parseJson, renderJson, serialOf } from '../json.ts';

/** One file of a project page, as upstream lists it. */
export interface SimpleFile {
  readonly filename: string;
  /** As written on the page: absolute, or relative to the page's URL. */
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
  /** sha256 of the `.metadata` file (PEP 658, 714); undefined when there is none or its hash is not told. */
  readonly metadataSha256: string | undefined;
  /** URL of the provenance object (PEP 740). */
  readonly provenance: string | undefined;
  readonly json: JsonObject;
}

/** An entry of a page that names no file, or not one. */
export interface UnusableEntry {
  /** As the page has it, or the last part of the URL where it has none; undefined where neither is told. */
  readonly filename: string | undefined;
  /** What is wrong with it, for people. */
  readonly problem: string;
  readonly json: unknown;
}

/** A project page. */
export interface SimplePage {
  readonly name: string;
  readonly serial: number | undefined;
  /** PEP 792: `active`, `archived`, `quarantined`, `deprecated`, or one not known yet. */
  readonly status: string;
  readonly statusReason: string | undefined;
  /** No two have the same name. */
  readonly files: readonly SimpleFile[];
  /** What else the page lists: nothing of it is a file, and it says nothing about the others. */
  readonly unusable: readonly UnusableEntry[];
  readonly json: JsonObject;
}

/** Where and how the mirror publishes one file. */
export interface PublishedFile {
  readonly file: SimpleFile;
  readonly url: string;
  /** sha256 of the `.metadata` file that is served, or undefined when none is. */
  readonly metadataSha256: string | undefined;
  readonly provenance: string | undefined;
}

/** The entry of a page that a mirror has published, as it was published. */
export function asPublished(file: SimpleFile): PublishedFile {
  const { url, metadataSha256, provenance } = file;
  return { file, url, metadataSha256, provenance };
}

/** The largest project of PyPI has less than a fifth of that. */
const maxFiles = 200_000;

/** Reads a project page; `source` names it in errors. Throws {@link NonsenseError}. */
export function parseSimplePage(text: string, source: string): SimplePage {
  return simplePageFrom(parseObject(text, source), source);
}

/**
 * Reads a page that a mirror has published, which lists nothing odd; `source` names it in errors.
 * Throws {@link NonsenseError}.
 */
export function parsePublishedPage(text: string, source: string): SimplePage {
  const page = parseSimplePage(text, source);
  const [first] = page.unusable;
  if (first === undefined) return page;
  throw new NonsenseError(`${source}: ${JSON.stringify(first.filename ?? 'a file')}: ${first.problem}`);
}

/** The project page that `json` describes; `source` names it in errors. Throws {@link NonsenseError}. */
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

/** `page` as if it were of another serial; undefined for none. */
export function withSerial(page: SimplePage, serial: number | undefined): SimplePage {
  const meta = isJsonObject(page.json.meta) ? page.json.meta : {};
  const { '_last-serial': _serial, ...others } = meta;
  const told = serial === undefined ? others : { ...meta, '_last-serial': serial };
  return { ...page, serial, json: { ...page.json, meta: told } };
}

/**
 * The page as a mirror publishes it: compact, with a newline at its end, as PyPI writes it.
 * Throws {@link NonsenseError} when something that passes through is nested without end.
 */
export function renderSimpleJson(page: SimplePage, files: readonly PublishedFile[]): string {
  // PEP 708 was rejected: nobody may emit its keys any more.
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

/** What an entry tells of a sidecar that is not there. */
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

/** A higher minor version adds keys, which pass through; another major version may mean anything (PEP 629). */
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
    const twin = 'problem' in file ? undefined : files.get(file.filename);
    if ('problem' in file) unusable.push(file);
    else if (twin === undefined) files.set(file.filename, file);
    else if (twin.url !== file.url || twin.sha256 !== file.sha256) {
      ambiguous.add(file.filename);
      unusable.push({ filename: file.filename, problem: 'it is listed twice, and not as the same', json: file.json });
    } else if (twin.yanked === false) files.set(file.filename, file);
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

/** What a URL says of the name of its file. */
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

/** The end of the years that dates are written in: what lies beyond cannot be told, and some disks refuse it. */
const lastTime = Date.UTC(9999, 11, 31);

function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return time >= 0 && time <= lastTime ? time : undefined;
}

/** By PEP 691 an empty text is as good as false. */
function yankedOf(value: unknown): string | false {
  return value === true ? '' : (textOf(value) ?? false);
}
