/**
 * The HTML project page of the simple API, frozen at version 1.4 by PEP 833. White space and the order of attributes
 * are those of PyPI, because known consumers depend on them.
 */
import { type SidecarKind, sidecarKinds } from '../../core/sidecars.ts';
import type { PublishedFile, SimplePage } from './simple-json.ts';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

/** Returns `text` escaped for HTML text or an attribute value. */
export function escapeHtml(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (character) => escapes[character] ?? character) : text;
}

/** Returns the project page with links to `files`. */
export function renderSimpleHtml(page: SimplePage, files: readonly PublishedFile[]): string {
  const name = escapeHtml(page.name);
  const reason =
    page.statusReason === undefined
      ? ''
      : `<meta name="pypi:project-status-reason" content="${escapeHtml(page.statusReason)}">`;
  const serial = page.serial === undefined ? '' : `<!--SERIAL ${page.serial}-->`;
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta name="pypi:repository-version" content="1.4">
<meta name="pypi:project-status" content="${escapeHtml(page.status)}">${reason}    <title>Links for ${name}</title>
  </head>
  <body>
    <h1>Links for ${name}</h1>
${files.map(link).join('')}</body>
</html>
${serial}`;
}

function link(entry: PublishedFile): string {
  const { file, url } = entry;
  const hash = file.sha256 === undefined ? '' : `#sha256=${file.sha256}`;
  const python = file.requiresPython === undefined ? '' : `data-requires-python="${escapeHtml(file.requiresPython)}" `;
  const yanked = file.yanked === false ? '' : `data-yanked="${escapeHtml(file.yanked)}" `;
  const beside = sidecarKinds.map((kind) => sidecarAttributes[kind](entry)).join('');
  const text = escapeHtml(file.filename);
  return `<a href="${escapeHtml(url)}${hash}" ${python}${yanked}${beside}>${text}</a><br />\n`;
}

/** The attributes of a link for each sidecar of its file. */
const sidecarAttributes: Readonly<Record<SidecarKind, (entry: PublishedFile) => string>> = {
  metadata: ({ metadataSha256: sha256 }) =>
    sha256 === undefined ? '' : `data-dist-info-metadata="sha256=${sha256}" data-core-metadata="sha256=${sha256}"`,
  provenance: ({ provenance }) => (provenance === undefined ? '' : ` data-provenance="${escapeHtml(provenance)}"`),
};
