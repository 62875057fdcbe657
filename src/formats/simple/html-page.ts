/** Converts an HTML page of the simple API (PEP 503) to the form of a JSON page. */
import type { JsonObject } from '../json.ts';
import { parseSimpleLinks, projectStatusOfHtml, type SimpleLink, serialOfHtml } from './html-links.ts';
import { type SimplePage, simplePageFrom } from './simple-json.ts';

/**
 * Returns the page of the project `name`, which has the address `url`. Of two links with the same file name the later
 * one counts.
 */
export function pageOfHtml(html: string, url: URL, name: string): SimplePage {
  const links = new Map(parseSimpleLinks(html, url).map((link) => [link.filename, link]));
  const serial = serialOfHtml(html);
  const status = projectStatusOfHtml(html);
  const json = {
    meta: { 'api-version': '1.0', ...(serial === undefined ? {} : { '_last-serial': serial }) },
    name,
    ...(status === undefined ? {} : { 'project-status': status }),
    files: [...links.values()].map(jsonOfLink),
  };
  return simplePageFrom(json, url.href);
}

function jsonOfLink({ filename, url, hashes, requiresPython, yanked, metadata, provenance }: SimpleLink): JsonObject {
  return {
    filename,
    url: url.href,
    hashes,
    'requires-python': requiresPython ?? null,
    yanked: yanked === '' ? true : yanked,
    'core-metadata': typeof metadata === 'string' ? { sha256: metadata } : false,
    ...(provenance === undefined ? {} : { provenance }),
  };
}
