/**
 * Finds damage that would harm a client, in a tree whose run was interrupted. It expects less than `readerProblems`
 * does: between two steps a page may be newer than its twin or than its other form, and a file may wait for its page.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { treeOf } from '../fixtures/reader-check.ts';
import type { SampleIndex } from '../sample/sample-index.ts';

/** Returns the problems of the tree in the folder `web`, mirrored from `index`; none if every path is complete. */
export function damage(web: string, index: SampleIndex): string[] {
  return (existsSync(web) ? treeOf(web) : []).flatMap((path) => {
    try {
      const body = readFileSync(join(web, path));
      if (path.startsWith('packages/')) return packageDamage(path, body, index);
      return path.startsWith('simple/') ? pageDamage(web, path, body) : ownDamage(path, body.toString());
    } catch (error) {
      return [`${path}: ${String(error)}`];
    }
  });
}

/** Returns a problem if the file or sidecar at `path` is not upstream's. The path of a file contains its hash. */
function packageDamage(path: string, body: Buffer, index: SampleIndex): string[] {
  const [, blobPath = '', sidecar] = /^(.*?)(\.metadata|\.provenance)?$/.exec(path) ?? [];
  const blob = index.blob(`/${blobPath}`);
  const wanted = { '.metadata': blob?.metadata, '.provenance': blob?.provenance }[sidecar ?? ''] ?? blob?.content;
  return wanted !== undefined && body.equals(Buffer.from(wanted)) ? [] : [`${path}: is not what upstream has`];
}

function pageDamage(web: string, path: string, body: Buffer): string[] {
  const text = (path.endsWith('.gz') ? gunzipSync(body) : body).toString();
  const [, project, form] = /^simple\/(?:([^/]+)\/)?index\.(html|v1_json)(?:\.gz)?$/.exec(path) ?? [];
  if (form === undefined) return [`${path}: does not belong here`];
  if (form === 'html' && !/^<!DOCTYPE html>.*<\/html>\n?(?:<!--SERIAL \d+-->)?$/s.test(text))
    return [`${path}: is cut`];
  const json: unknown = form === 'html' ? undefined : JSON.parse(text);
  if (project === undefined) return [];
  const links = form === 'html' ? htmlLinks(text) : jsonLinks(json as JsonPage);
  return links.flatMap((link) => linkDamage(web, path, link));
}

interface Link {
  readonly url: string;
  readonly sha256: string | undefined;
  readonly metadata: string | undefined;
}

interface JsonPage {
  readonly files: readonly {
    readonly url: string;
    readonly hashes: { readonly sha256?: string };
    readonly 'core-metadata'?: false | { readonly sha256?: string };
  }[];
}

function jsonLinks({ files }: JsonPage): Link[] {
  return files.map(({ url, hashes, 'core-metadata': metadata }) => ({
    url,
    sha256: hashes.sha256,
    metadata: metadata ? metadata.sha256 : undefined,
  }));
}

function htmlLinks(text: string): Link[] {
  return [...text.matchAll(/<a href="([^"#]+)#sha256=(\w+)"([^>]*)>/g)].map(
    ([, url = '', sha256, attributes = '']) => ({
      url,
      sha256,
      metadata: /data-core-metadata="sha256=(\w+)"/.exec(attributes)?.[1],
    }),
  );
}

function linkDamage(web: string, page: string, { url, sha256, metadata }: Link): string[] {
  const [, path] = /^\.\.\/\.\.\/(packages\/.+)$/.exec(url) ?? [];
  if (path === undefined) return [`${page}: links to ${url}`];
  const file = join(web, decodeURIComponent(path));
  if (hashOf(file) !== sha256) return [`${page}: ${path} is missing or wrong`];
  if (metadata !== undefined && hashOf(`${file}.metadata`) !== metadata) {
    return [`${page}: ${path}.metadata is missing or wrong`];
  }
  return [];
}

function ownDamage(path: string, text: string): string[] {
  const form = {
    'last-modified': /^\d{8}T\d\d:\d\d:\d\d\n$/,
    'mirror-status.json': /^\{.*\}\n$/s,
    'removed.json': /^\{.*\}\n$/s,
    'changes.json': /^\{.*\}\n$/s,
    'index.html': /^<!DOCTYPE html>.*<\/html>\n$/s,
    'status/index.html': /^<!DOCTYPE html>.*<\/html>\n$/s,
    'local-stats/index.html': /^<!DOCTYPE html>.*<\/html>\n$/s,
    'not-found.html': /^<!DOCTYPE html>.*<\/html>\n$/s,
    'site.css': /^\/\* .*\}\n$/s,
    'site.js': /^\/\/ .*\(\);\n$/s,
    'site.svg': /^<!-- .*<\/svg>\n$/s,
  }[path];
  return form?.test(text) ? [] : [`${path}: is cut or does not belong here`];
}

function hashOf(path: string): string | undefined {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : undefined;
}
