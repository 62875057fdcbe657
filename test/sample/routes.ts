/** The routes of the sample upstream without faults: one table of paths. */

import { normalizedName } from './names.ts';
import {
  type ListPage,
  listPage,
  type ProjectPage,
  projectPage,
  renderJson,
  renderListHtml,
  renderProjectHtml,
} from './pages.ts';
import {
  acceptsGzip,
  fileReply,
  pageReply,
  plainReply,
  qualities,
  type Reply,
  type SampleRequest,
  simpleType,
} from './reply.ts';
import type { SampleIndex } from './sample-index.ts';
import { visibleFiles } from './sample-model.ts';
import { answerXmlRpc } from './xml-rpc.ts';

/** A page kept by a cache in front of the index. `undefined` is a cached 404. */
export interface FrozenPage {
  readonly page: ListPage | ProjectPage | undefined;
  /** With `gzip` only the compressed variant is old. */
  readonly encoding?: 'gzip';
}

/** The content that the routes serve. */
export interface Site {
  readonly index: SampleIndex;
  readonly origin: string;
  readonly changelogPageSize: number;
  /** Old pages by path. */
  readonly frozen: ReadonlyMap<string, FrozenPage>;
}

type Route = (request: SampleRequest, site: Site, parts: readonly string[]) => Reply;

/** Returns the reply to a request. */
export const answer = (request: SampleRequest, site: Site): Reply => {
  const path = pathOf(request);
  for (const [method, pattern, route] of routes) {
    const match = pattern.exec(path);
    if (match === null) continue;
    return method.test(request.method) ? route(request, site, match.slice(1)) : plainReply(405);
  }
  return plainReply(404);
};

/** Returns the current page at a `/simple/` path. */
export const currentPage = (path: string, index: SampleIndex, origin: string): ListPage | ProjectPage | undefined => {
  const name = path.split('/')[2] ?? '';
  if (name === '') return listPage(index);
  const project = index.find(name);
  return project && projectPage(project, origin);
};

const pathOf = ({ target }: SampleRequest): string => {
  try {
    return decodeURIComponent(target.split('?')[0] ?? '');
  } catch {
    return '';
  }
};

const simple: Route = (request, site, [name = '']) => {
  const path = name === '' ? '/simple/' : `/simple/${normalizedName(name)}/`;
  if (path !== pathOf(request)) return plainReply(301, { Location: path });
  const frozen = site.frozen.get(path);
  const old = frozen && (frozen.encoding === undefined || acceptsGzip(request.headers['accept-encoding']));
  const page = old ? frozen.page : currentPage(path, site.index, site.origin);
  return page === undefined ? plainReply(404) : simplePage(request, page);
};

const simplePage = (request: SampleRequest, page: ListPage | ProjectPage): Reply => {
  const format = new URLSearchParams(request.target.split('?')[1]).get('format');
  const type = simpleType(request.headers.accept, format);
  const json = type.endsWith('json');
  const html = () => ('projects' in page ? renderListHtml(page, normalizedName) : renderProjectHtml(page));
  return pageReply(request, json ? renderJson(page) : html(), {
    'Content-Type': type,
    'Cache-Control': 'public, max-age=600',
    Vary: 'Accept, Accept-Encoding',
    'X-PyPI-Last-Serial': String(page.meta['_last-serial']),
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': 'X-PyPI-Last-Serial',
  });
};

const xmlRpc: Route = (request, site) => {
  const body = Buffer.from(answerXmlRpc(request.body, site.index, site.changelogPageSize));
  return { status: 200, headers: { 'Content-Type': 'text/xml; charset=UTF-8' }, body };
};

const immutable = 'max-age=365000000, immutable, public';

const packageFile: Route = (request, { index }) => {
  const path = pathOf(request);
  const file = index.blob(path);
  if (file === undefined) return packageMetadata(request, index, path);
  return fileReply(request, file.content, {
    'Content-Type': 'application/octet-stream',
    'Cache-Control': immutable,
    'Last-Modified': file.uploadTime.toUTCString(),
    'x-pypi-file-version': file.version,
  });
};

const packageMetadata = (request: SampleRequest, index: SampleIndex, path: string): Reply => {
  const metadata = path.endsWith('.metadata') ? index.blob(path.slice(0, -'.metadata'.length))?.metadata : undefined;
  if (metadata === undefined) return plainReply(404);
  const headers = { 'Content-Type': 'application/octet-stream', 'Cache-Control': immutable, Vary: 'Accept-Encoding' };
  return acceptsGzip(request.headers['accept-encoding'])
    ? pageReply(request, metadata.toString(), headers)
    : fileReply(request, metadata, headers);
};

const integrityType = 'application/vnd.pypi.integrity.v1+json';

const integrity: Route = (request, { index }, [name = '', version = '', filename = '']) => {
  const wishes = qualities(request.headers.accept ?? '*/*');
  if (![integrityType, 'application/json', '*/*'].some((type) => wishes.has(type))) return plainReply(406);
  const file = index.find(name)?.files.get(filename);
  if (file?.provenance === undefined || file.version !== version) return plainReply(404);
  return pageReply(request, file.provenance, {
    'Content-Type': integrityType,
    'Cache-Control': 'public, max-age=600',
    Vary: 'Accept, Accept-Encoding',
  });
};

const stats: Route = (request, { index }) => {
  const headers = { 'Content-Type': 'text/html', Vary: 'Accept' };
  if (!qualities(request.headers.accept ?? '').has('application/json')) {
    return pageReply(request, '<!DOCTYPE html>\n<title>Statistics</title>\n', headers);
  }
  const sizes = index.projects().map((project) => {
    const size = visibleFiles(project).reduce((sum, { content }) => sum + content.length, 0);
    return [project.displayName, { size }] as const;
  });
  const total = sizes.reduce((sum, [, { size }]) => sum + size, 0);
  const body = JSON.stringify({ top_packages: Object.fromEntries(sizes), total_packages_size: total });
  return pageReply(request, body, { ...headers, 'Content-Type': 'application/json' });
};

const read = /^(GET|HEAD)$/;

const routes: readonly (readonly [method: RegExp, path: RegExp, route: Route])[] = [
  [read, /^\/simple\/?$/, simple],
  [read, /^\/simple\/([^/]+)\/?$/, simple],
  [/^POST$/, /^\/(?:pypi\/?|RPC2)$/, xmlRpc],
  [read, /^\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/[^/]+$/, packageFile],
  [read, /^\/integrity\/([^/]+)\/([^/]+)\/([^/]+)\/provenance$/, integrity],
  [read, /^\/stats\/?$/, stats],
];
