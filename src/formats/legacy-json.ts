/**
 * The JSON that PyPI served before the simple API: `/pypi/NAME/json` and `/pypi/NAME/VERSION/json`. Other mirror
 * programs and dependency updaters still read it. It is made from a published page and the core metadata beside the
 * files. Members that only PyPI knows are left empty. The description is left out because it is long; the metadata has
 * it.
 */
import { type ProjectName, projectName } from '../core/names.ts';
import { resolveOwnLink } from '../core/paths.ts';
import { metadataFields } from '../packaging/core-metadata.ts';
import { type DistributionName, parseDistributionName } from '../packaging/distribution-name.ts';
import type { DistributionKind } from '../packaging/distribution-name-kinds.ts';
import { compareVersions, parseVersion, type Version } from '../packaging/version.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import type { PublishedFile, SimplePage } from './simple/simple-json.ts';

/** A release and the files that a page lists for it. */
export interface LegacyRelease {
  /** The version as the page spells it, which is a part of a path. */
  readonly version: string;
  readonly files: readonly LegacyFile[];
}

/** A file that the legacy JSON can describe. */
export interface LegacyFile extends PublishedFile {
  readonly sha256: string;
  readonly parsed: DistributionName;
}

/** The fields of core metadata by their lower-case names. */
export type MetadataFields = ReadonlyMap<string, readonly string[]>;

/** Returns the fields in `bytes`, a core metadata file. */
export function legacyMetadata(bytes: Uint8Array): MetadataFields {
  return metadataFields(bytes);
}

/**
 * A version that can be a folder name. `json` and `serial` cannot, because files beside the releases have these names.
 */
const partOfPath = /^(?!(?:json|serial)$)[A-Za-z0-9][A-Za-z0-9._+!-]{0,199}$/;

const packageTypes: Readonly<Partial<Record<DistributionKind, string>>> = {
  wheel: 'bdist_wheel',
  sdist: 'sdist',
  egg: 'bdist_egg',
  wininst: 'bdist_wininst',
  msi: 'bdist_msi',
  rpm: 'bdist_rpm',
  deb: 'bdist_deb',
  dmg: 'bdist_dmg',
  dumb: 'bdist_dumb',
};

/**
 * Returns the releases of a page, the oldest first. Files without a hash, and files whose release cannot be named, are
 * left out.
 */
export function legacyReleases(name: ProjectName, page: SimplePage, files: readonly PublishedFile[]): LegacyRelease[] {
  const spelled = spellings(page);
  const releases = new Map<string, LegacyFile[]>();
  for (const published of files) {
    const { filename, sha256 } = published.file;
    const parsed = parseDistributionName(filename, name);
    if (parsed?.version === undefined || sha256 === undefined || packageTypes[parsed.kind] === undefined) continue;
    const version = spelled.get(parseVersion(parsed.version)?.text ?? parsed.version) ?? parsed.version;
    if (!partOfPath.test(version)) continue;
    const beside = releases.get(version);
    const file = { ...published, sha256, parsed };
    if (beside === undefined) releases.set(version, [file]);
    else beside.push(file);
  }
  const all = [...releases].map(([version, beside]) => ({ version, files: beside, order: parseVersion(version) }));
  return all.sort(byOrder).map(({ version, files: beside }) => ({ version, files: beside }));
}

/** Returns the versions as the page spells them, by their normalized text. */
function spellings({ json }: SimplePage): Map<string, string> {
  const versions: readonly unknown[] = Array.isArray(json.versions) ? json.versions : [];
  const texts = versions.filter((text): text is string => typeof text === 'string');
  return new Map(texts.map((text) => [parseVersion(text)?.text ?? text, text]));
}

/** Orders releases by version. Texts that are not versions by PEP 440 come first. */
function byOrder(one: { order: Version | undefined }, other: { order: Version | undefined }): number {
  if (one.order === undefined || other.order === undefined) {
    return Number(one.order !== undefined) - Number(other.order !== undefined);
  }
  return compareVersions(one.order, other.order);
}

/**
 * Returns the latest release by PyPI's rule: not yanked before yanked, then final before prerelease, then the highest
 * version.
 */
export function latestRelease(releases: readonly LegacyRelease[]): LegacyRelease | undefined {
  const rank = (release: LegacyRelease): number =>
    (isYanked(release) ? 0 : 2) + (parseVersion(release.version)?.isPrerelease === false ? 1 : 0);
  let latest: LegacyRelease | undefined;
  for (const release of releases) if (latest === undefined || rank(release) >= rank(latest)) latest = release;
  return latest;
}

function isYanked({ files }: LegacyRelease): boolean {
  return files.every(({ file }) => file.yanked !== false);
}

/**
 * Returns the text of `/pypi/NAME/json`. `metadata` is that of the latest release. URLs of files on this mirror begin
 * with `base`, which has no trailing slash.
 */
export function renderLegacyProject(
  name: ProjectName,
  page: SimplePage,
  releases: readonly LegacyRelease[],
  metadata: MetadataFields | undefined,
  base: string,
): string {
  const latest = latestRelease(releases);
  return `${JSON.stringify({
    info: infoOf(name, latest, metadata),
    last_serial: page.serial ?? 0,
    releases: Object.fromEntries(
      releases.map(({ version, files }) => [version, files.map((file) => legacyFile(file, base))]),
    ),
    urls: (latest?.files ?? []).map((file) => legacyFile(file, base)),
    vulnerabilities: [],
  })}\n`;
}

/**
 * Returns the serial in the text of `/pypi/NAME/json`, as {@link renderLegacyProject} makes it; undefined if it has
 * none.
 */
export function serialOfLegacyProject(body: Buffer): number | undefined {
  // Within a string the quotes would be escaped.
  const serial = Number(/"last_serial":(\d+)[,}]/.exec(body.toString())?.[1] ?? 0);
  return serial > 0 ? serial : undefined;
}

/**
 * Returns the text of `/pypi/NAME/VERSION/json`. It has no serial, so that it does not change when other releases come
 * and go.
 */
export function renderLegacyRelease(
  name: ProjectName,
  release: LegacyRelease,
  metadata: MetadataFields | undefined,
  base: string,
): string {
  const urls = release.files.map((file) => legacyFile(file, base));
  return `${JSON.stringify({ info: infoOf(name, release, metadata), urls, vulnerabilities: [] })}\n`;
}

function infoOf(
  name: ProjectName,
  release: LegacyRelease | undefined,
  metadata: MetadataFields = new Map(),
): JsonObject {
  const one = (field: string): string | null => metadata.get(field)?.[0] ?? null;
  const text = (field: string): string => one(field) ?? '';
  const many = (field: string): readonly string[] | null => metadata.get(field) ?? null;
  const spelled = one('name');
  const [first] = release?.files ?? [];
  return {
    author: text('author'),
    author_email: text('author-email'),
    bugtrack_url: null,
    classifiers: many('classifier') ?? [],
    description: '',
    description_content_type: one('description-content-type'),
    docs_url: null,
    download_url: text('download-url'),
    downloads: { last_day: -1, last_month: -1, last_week: -1 },
    dynamic: many('dynamic'),
    home_page: text('home-page'),
    keywords: text('keywords'),
    license: one('license'),
    license_expression: one('license-expression'),
    license_files: many('license-file'),
    maintainer: text('maintainer'),
    maintainer_email: text('maintainer-email'),
    name: spelled !== null && projectName(spelled) === name ? spelled : name,
    package_url: null,
    platform: one('platform'),
    project_url: null,
    project_urls: labelled(many('project-url')),
    provides_extra: many('provides-extra'),
    release_url: null,
    requires_dist: many('requires-dist'),
    requires_python: one('requires-python') ?? first?.file.requiresPython ?? null,
    summary: text('summary'),
    version: release?.version ?? '',
    yanked: release !== undefined && isYanked(release),
    yanked_reason: release !== undefined && isYanked(release) ? reasonOf(first?.file.yanked) : null,
  };
}

/** Returns the URLs by their labels, or undefined if there are none: readers do not accept null. */
function labelled(urls: readonly string[] | null): JsonObject | undefined {
  const pairs = (urls ?? []).map((text) => [
    text.split(',', 1)[0]?.trim() ?? '',
    text.slice(text.indexOf(',') + 1).trim(),
  ]);
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

function legacyFile({ file, url, sha256, parsed, metadataSha256 }: LegacyFile, base: string): JsonObject {
  const hashes = isJsonObject(file.json.hashes) ? file.json.hashes : {};
  const uploaded = new Date(file.uploadTimeMs ?? 0).toISOString();
  return {
    comment_text: '',
    'core-metadata': metadataSha256 === undefined ? false : { sha256: metadataSha256 },
    digests: { ...hashes, sha256 },
    downloads: -1,
    filename: file.filename,
    has_sig: false,
    md5_digest: typeof hashes.md5 === 'string' ? hashes.md5 : null,
    packagetype: packageTypes[parsed.kind],
    python_version: parsed.kind === 'sdist' ? 'source' : (pythonsOf.exec(file.filename)?.[1] ?? 'any'),
    requires_python: file.requiresPython ?? null,
    size: file.size ?? 0,
    upload_time: uploaded.slice(0, 19),
    upload_time_iso_8601:
      typeof file.json['upload-time'] === 'string' && file.uploadTimeMs !== undefined
        ? file.json['upload-time']
        : uploaded,
    url: resolveOwnLink(url, `${base}/`),
    yanked: file.yanked !== false,
    yanked_reason: reasonOf(file.yanked),
  };
}

/** Matches the Python tags of a wheel. */
const pythonsOf = /-([^-]+)-[^-]+-[^-]+\.whl$/;

/** Returns the reason of a yanked file, or null if it has none or is not yanked. */
function reasonOf(yanked: string | false | undefined): string | null {
  return yanked === undefined || yanked === false || yanked === '' ? null : yanked;
}
