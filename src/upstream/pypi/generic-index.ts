/**
 * Reads the answers of indexes other than PyPI, which may know only HTML (PEP 503), no serials and no ETags. HTML is
 * accepted only if it looks like an index: a login page would otherwise mean that a project has no files.
 */
import { UnreachableError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/hash.ts';
import type { ProjectName } from '../../core/names.ts';
import { isFileName } from '../../core/paths.ts';
import { parseSimpleLinks } from '../../formats/simple/html-links.ts';
import { pageOfHtml } from '../../formats/simple/html-page.ts';
import { startTags } from '../../formats/simple/html-tags.ts';
import type { SimplePage } from '../../formats/simple/simple-json.ts';
import type { ProjectList } from '../upstream.ts';
import { textOf } from './body-text.ts';
import type { HttpResponse } from './http-client.ts';

/** Accept header for such an index: JSON is preferred. */
export const genericAccept =
  'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';

/** Returns true if the answer is HTML. */
export function isHtml(headers: HttpResponse['headers']): boolean {
  return /^\s*(?:text\/html|application\/vnd\.pypi\.simple\.v1\+html|application\/xhtml\+xml)\s*(?:;|$)/i.test(
    headers['content-type'] ?? '',
  );
}

/** Parses `body` as the page of `name`. Throws UnreachableError if it is another page, and NonsenseError. */
export function htmlPage(body: Buffer, url: URL, name: ProjectName): SimplePage {
  const html = textOf(body, url.href);
  const hasFile = (): boolean => parseSimpleLinks(html, url).some(({ filename }) => isFileName(filename));
  if (isIndexPage(html) || hasFile()) return pageOfHtml(html, url, name);
  throw new UnreachableError(`${url}: expected the page of a project, found HTML that is none; is it a login page?`);
}

/** Parses the body as a list of projects. Throws as {@link htmlPage} does. */
export function htmlList({ body, headers }: HttpResponse, url: URL): ProjectList {
  const html = textOf(body, url.href);
  const names = [...startTags(html, 'a')].flatMap(({ attributes }) => nameIn(attributes.get('href'), url) ?? []);
  if (names.length === 0 && !isIndexPage(html)) {
    throw new UnreachableError(`${url}: expected a list of projects, found HTML that is none; is it a login page?`);
  }
  const pieces = async function* () {
    yield names.map((displayName) => ({ displayName, serial: undefined }));
  };
  return { etag: headers.etag, pieces: pieces(), serial: () => undefined, sha256: () => sha256Hex(body) };
}

/** Returns the ETag that stands for a page served without one. It is never sent: see {@link isOwnEtag}. */
export function ownEtag(sha256: string): string {
  return `"sha256-${sha256}"`;
}

/** Returns true if `etag` is one that {@link ownEtag} made. */
export function isOwnEtag(etag: string | undefined): boolean {
  return /^"sha256-[0-9a-f]{64}"$/.test(etag ?? '');
}

/** Returns true if `html` has the title or the meta tag that indexes and web servers write. */
function isIndexPage(html: string): boolean {
  if (/<(?:title|h1)\b[^>]*>[^<]*(?:links for|simple|index of|package index)\b/i.test(html)) return true;
  return [...startTags(html, 'meta')].some(({ attributes }) => attributes.get('name') === 'pypi:repository-version');
}

/** Returns the project whose page a link of the list at `url` leads to, or undefined if it leads elsewhere. */
function nameIn(href: string | undefined, url: URL): string | undefined {
  if (href === undefined || !URL.canParse(href, url.href)) return undefined;
  const { origin, pathname } = new URL(href, url);
  if (origin !== url.origin || !pathname.startsWith(url.pathname)) return undefined;
  return /^([A-Za-z0-9._-]+)\/?$/.exec(pathname.slice(url.pathname.length))?.[1];
}
