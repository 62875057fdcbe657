/**
 * The headers that are stored with an object, so that whoever serves it answers as Apache does for a file of the tree
 * (`apache/pep381client.conf`): a test compares both.
 */
import { filenameOf, type WebPath } from '../../core/paths.ts';
import { serialOfLegacyProject } from '../../formats/legacy-json.ts';
import type { ObjectHeaders } from './bucket.ts';

const html = 'text/html; charset=utf-8';
const json = 'application/json';
const text = 'text/plain; charset=utf-8';
const binary = 'application/octet-stream';
const tenMinutes = 'public, max-age=600';
const forEver = 'public, max-age=31536000, immutable';
const askAgain = 'no-cache';

/** Files in which a mirror describes itself, and its pages for people: asked for again each time. */
const ownFile =
  /^(?:(?:last-modified|(?:mirror-status|removed|changes|local)\.json|local\.db\.serial|snapshot\.json(?:\.sig)?|changes\/\d+\.json)|(?:(?:status|local-stats)\/)?index\.html|not-found\.html|site\.(?:css|js|svg))$/;

const typesByEnd: readonly (readonly [end: RegExp, type: string])[] = [
  [/\.html$/, html],
  [/\.json$/, json],
  [/\.csv$/, 'text/csv; charset=utf-8'],
  [/\.bz2$/, 'application/x-bzip2'],
  [/\.css$/, 'text/css'],
  [/\.js$/, 'text/javascript'],
  [/\.svg$/, 'image/svg+xml'],
  [/(?:^|\/)(?:last-modified|local\.db\.serial|snapshot\.json\.sig)$/, text],
];

/** Returns the headers of the object at `path`. */
export function objectHeaders(path: WebPath): ObjectHeaders {
  if (path.startsWith('packages/')) return headersOfFile(path);
  if (path.startsWith('simple/')) return headersOfPage(path);
  if (path.startsWith('pypi/')) return { contentType: json, cacheControl: tenMinutes };
  const contentType = typesByEnd.find(([end]) => end.test(path))?.[1] ?? binary;
  return { contentType, cacheControl: ownFile.test(path) ? askAgain : tenMinutes };
}

/**
 * Returns what Apache reads in `serial` beside the legacy JSON of a project, and a host that serves a bucket in the
 * metadata of the object: the project's serial. Undefined for everything else.
 */
export function lastSerialOf(path: WebPath, body: Buffer): string | undefined {
  if (!/^pypi\/[^/]+\/json$/.test(path)) return undefined;
  return serialOfLegacyProject(body)?.toString();
}

function headersOfFile(path: WebPath): ObjectHeaders {
  const provenance = path.endsWith('.provenance');
  return {
    contentType: provenance ? 'application/vnd.pypi.integrity.v1+json' : binary,
    cacheControl: provenance || path.endsWith('-variants.json') ? tenMinutes : forEver,
  };
}

function headersOfPage(path: WebPath): ObjectHeaders {
  const isJson = filenameOf(path).startsWith('index.v1_json');
  const headers = {
    contentType: isJson ? 'application/vnd.pypi.simple.v1+json' : html,
    cacheControl: tenMinutes,
  };
  return path.endsWith('.gz') ? { ...headers, contentEncoding: 'gzip' } : headers;
}
