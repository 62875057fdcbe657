/** PyPI's simple index, API 1.4: page models with keys in PyPI's sorted order, rendered as JSON and HTML. */

import { createHash } from 'node:crypto';
import type { SampleIndex } from './sample-index.ts';
import { type SampleFile, type SampleProject, visibleFiles } from './sample-model.ts';
import { compareVersions } from './versions.ts';

/** One file as a project page lists it. */
export interface FileEntry {
  readonly 'core-metadata': { readonly sha256: string } | false;
  readonly 'data-dist-info-metadata': { readonly sha256: string } | false;
  readonly filename: string;
  readonly hashes: { readonly sha256: string };
  readonly provenance: string | null;
  readonly 'requires-python': string | null;
  readonly size: number;
  readonly 'upload-time': string;
  readonly url: string;
  readonly yanked: boolean | string;
}

interface Meta {
  readonly '_last-serial': number;
  readonly 'api-version': string;
}

/** The page of one project. */
export interface ProjectPage {
  readonly files: readonly FileEntry[];
  readonly meta: Meta;
  readonly name: string;
  readonly 'project-status': { readonly status: 'active' | 'archived' | 'quarantined' };
  readonly versions: readonly string[];
}

/** The list of all projects; `name` is the display name. */
export interface ListPage {
  readonly meta: Meta;
  readonly projects: readonly { readonly '_last-serial': number; readonly name: string }[];
}

/** Returns the current page of a project. */
export const projectPage = (project: SampleProject, origin: string): ProjectPage => {
  const files = visibleFiles(project).sort(byVersionAndName);
  const status = project.quarantined ? 'quarantined' : project.archived ? 'archived' : 'active';
  return {
    files: files.map((file) => fileEntry(project, file, origin)),
    meta: { '_last-serial': project.serial, 'api-version': '1.4' },
    name: project.name,
    'project-status': { status },
    versions: [...new Set(files.map(({ version }) => version))],
  };
};

/** Returns the current list, without quarantined projects, but with projects without files. */
export const listPage = (index: SampleIndex): ListPage => ({
  meta: { '_last-serial': index.serial, 'api-version': '1.4' },
  projects: index
    .projects()
    .filter(({ quarantined }) => !quarantined)
    .map(({ serial, displayName }) => ({ '_last-serial': serial, name: displayName })),
});

/** Returns the JSON form of a page. */
export const renderJson = (page: ProjectPage | ListPage): string => `${JSON.stringify(page)}\n`;

/** Returns the HTML form of a project page, byte for byte as PyPI's template writes it. */
export const renderProjectHtml = (page: ProjectPage): string => `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta name="pypi:repository-version" content="${page.meta['api-version']}">
<meta name="pypi:project-status" content="${page['project-status'].status}">    <title>Links for ${page.name}</title>
  </head>
  <body>
    <h1>Links for ${page.name}</h1>
${page.files.map(fileLine).join('')}</body>
</html>
<!--SERIAL ${page.meta['_last-serial']}-->`;

/** Returns the HTML form of the list. */
export const renderListHtml = (page: ListPage, normalized: (name: string) => string): string => `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta name="pypi:repository-version" content="${page.meta['api-version']}">
    <title>Simple index</title>
  </head>
  <body>
${page.projects.map(({ name }) => `<a href="/simple/${normalized(name)}/">${escaped(name)}</a>\n`).join('')}</body>
</html>`;

const byVersionAndName = (left: SampleFile, right: SampleFile): number =>
  compareVersions(left.version, right.version) || (left.filename < right.filename ? -1 : 1);

const fileEntry = (project: SampleProject, file: SampleFile, origin: string): FileEntry => {
  const { filename, version, metadata } = file;
  const metadataHash = metadata !== undefined && { sha256: createHash('sha256').update(metadata).digest('hex') };
  const integrity = `${origin}/integrity/${project.name}/${version}/${filename}/provenance`;
  return {
    'core-metadata': metadataHash,
    'data-dist-info-metadata': metadataHash,
    filename,
    hashes: { sha256: file.sha256 },
    provenance: file.provenance === undefined ? null : integrity,
    'requires-python': file.requiresPython,
    size: file.content.length,
    'upload-time': uploadTime(file.uploadTime),
    url: origin + encodeURI(file.path),
    yanked: project.releases.get(version)?.yanked ?? false,
  };
};

// The format of Python's isoformat: six digits of a second, or none.
const uploadTime = (time: Date): string =>
  time.toISOString().replace(/\.(\d+)Z$/, (_, ms) => (ms === '000' ? 'Z' : `.${ms}000Z`));

const fileLine = (file: FileEntry): string => {
  const metadata = file['core-metadata'];
  const attributes = [
    file['requires-python'] ? `data-requires-python="${escaped(file['requires-python'])}" ` : '',
    file.yanked ? `data-yanked="${file.yanked === true ? '' : escaped(file.yanked)}" ` : '',
    metadata
      ? `data-dist-info-metadata="sha256=${metadata.sha256}" data-core-metadata="sha256=${metadata.sha256}"`
      : '',
    file.provenance ? ` data-provenance="${escaped(file.provenance)}"` : '',
  ];
  const href = `${escaped(file.url)}#sha256=${file.hashes.sha256}`;
  return `<a href="${href}" ${attributes.join('')}>${escaped(file.filename)}</a><br />\n`;
};

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (mark) => entities[mark] ?? mark);
