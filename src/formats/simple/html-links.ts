/** Reads the links of an HTML project page (PEP 503), as indexes and mirror programs have written it since 2011. */
import { serialOf } from '../json.ts';
import { startTags } from './html-tags.ts';

/** The hashes that pages may name, with their lengths in hex digits. */
const hashLengths = {
  md5: 32,
  sha1: 40,
  sha224: 56,
  sha256: 64,
  sha384: 96,
  sha512: 128,
  blake2b_256: 64,
} as const;

export type HashName = keyof typeof hashLengths;

/** A file that a project page links to. */
export interface SimpleLink {
  /**
   * The last part of the URL's path, decoded. It may be any text but the empty one. The text of the link is not
   * trusted.
   */
  readonly filename: string;
  /** The absolute URL without its fragment. */
  readonly url: URL;
  /** Lower-case hex digits, from the fragment. */
  readonly hashes: Readonly<Partial<Record<HashName, string>>>;
  readonly requiresPython: string | undefined;
  /** False, or the reason, which may be empty (PEP 592). */
  readonly yanked: string | false;
  /** The sha256 of the `.metadata` file (PEP 658, 714), or true if there is one without a known hash. */
  readonly metadata: string | true | undefined;
  /** The URL of the provenance object (PEP 740), as the page writes it. */
  readonly provenance: string | undefined;
}

/**
 * Returns the files that the page at `pageUrl` links to. Accepts any text; links that cannot be links to files are
 * skipped.
 */
export function parseSimpleLinks(html: string, pageUrl: URL): SimpleLink[] {
  const links: SimpleLink[] = [];
  for (const { attributes } of startTags(html, 'a')) {
    const link = linkOf(attributes, pageUrl);
    if (link !== undefined) links.push(link);
  }
  return links;
}

/** Returns the serial that PyPI and mirrors write at the end of a page as `<!--SERIAL 123-->`, or undefined. */
export function serialOfHtml(html: string): number | undefined {
  const start = html.lastIndexOf('<!--SERIAL ');
  return start < 0 ? undefined : serialOf(/^<!--SERIAL (\d{1,15})-->/.exec(html.slice(start, start + 40))?.[1]);
}

/** Returns the status of the project and the reason for it (PEP 792), or undefined if the page has no status. */
export function projectStatusOfHtml(html: string): { status: string; reason: string | undefined } | undefined {
  const contents = new Map<string, string>();
  for (const { attributes } of startTags(html, 'meta')) {
    const [name, content] = [attributes.get('name'), attributes.get('content')];
    if (name !== undefined && content !== undefined) contents.set(name.toLowerCase(), content);
  }
  const status = contents.get('pypi:project-status') || undefined;
  return status === undefined ? undefined : { status, reason: contents.get('pypi:project-status-reason') || undefined };
}

function linkOf(attributes: ReadonlyMap<string, string>, pageUrl: URL): SimpleLink | undefined {
  const href = attributes.get('href');
  if (href === undefined || leadsElsewhere(attributes.get('rel'))) return undefined;
  const url = resolved(href, pageUrl);
  if (url === undefined) return undefined;
  const filename = decoded(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
  if (filename === '' || !['http:', 'https:', pageUrl.protocol].includes(url.protocol)) return undefined;
  const hashes = hashesOf(url.hash);
  url.hash = '';
  return {
    filename,
    url,
    hashes,
    requiresPython: attributes.get('data-requires-python') || undefined,
    yanked: attributes.get('data-yanked') ?? false,
    metadata: metadataOf(attributes.get('data-core-metadata') ?? attributes.get('data-dist-info-metadata')),
    provenance: attributes.get('data-provenance') || undefined,
  };
}

/** Returns true if the link does not lead to a file. Pages of 2011 also link to the project's own pages. */
function leadsElsewhere(rel: string | undefined): boolean {
  return rel !== undefined && /(?:^|\s)(?:homepage|download)(?:\s|$)/i.test(rel);
}

function resolved(href: string, pageUrl: URL): URL | undefined {
  try {
    return new URL(href, pageUrl);
  } catch {
    return undefined;
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Returns the hashes in a fragment such as `#sha256=…`; several are separated by `&`. */
function hashesOf(fragment: string): SimpleLink['hashes'] {
  const hashes: Partial<Record<HashName, string>> = {};
  for (const part of fragment.slice(1).split('&')) {
    const [name = '', hex = ''] = part.split('=', 2);
    if (isHashName(name) && hex.length === hashLengths[name] && /^[0-9a-f]+$/i.test(hex)) {
      hashes[name] ??= hex.toLowerCase();
    }
  }
  return hashes;
}

function isHashName(name: string): name is HashName {
  return Object.hasOwn(hashLengths, name);
}

function metadataOf(value: string | undefined): string | true | undefined {
  if (value === undefined || value === '' || value.toLowerCase() === 'false') return undefined;
  return /^sha256=([0-9a-f]{64})$/i.exec(value)?.[1]?.toLowerCase() ?? true;
}
