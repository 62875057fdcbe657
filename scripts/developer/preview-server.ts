/**
 * Serves a mirror for `npm start` if Apache is not installed. It has the same addresses, types and choice between HTML
 * and JSON as the shipped virtual host, but is not meant for production.
 */
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, sep } from 'node:path';

const simpleJson = 'application/vnd.pypi.simple.v1+json';
const types: readonly (readonly [RegExp, string])[] = [
  [/\.provenance$/, 'application/vnd.pypi.integrity.v1+json'],
  [/^\/packages\//, 'application/octet-stream'],
  [/\.v1_json$/, simpleJson],
  [/\.html$/, 'text/html; charset=utf-8'],
  [/\.json$/, 'application/json'],
  [/\.css$/, 'text/css; charset=utf-8'],
  [/\.js$/, 'text/javascript; charset=utf-8'],
  [/\.svg$/, 'image/svg+xml'],
];

/** Serves the folder `web` on a free port of this machine. */
export async function openPreviewServer(web: string): Promise<{ url: string; close(): Promise<void> }> {
  const root = realpathSync(web);
  const server = createServer((request, response) => answer(root, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const project = /^\/simple\/([\w.-]+)\/?$/.exec(pathname)?.[1];
  const address = project === undefined ? pathname : `/simple/${project.replace(/[-_.]+/g, '-').toLowerCase()}/`;
  if (address !== pathname) {
    response.writeHead(301, { location: address }).end();
    return;
  }
  const path = address.endsWith('/') ? `${address}${pageFor(address, request)}` : address;
  const file = fileOf(root, path);
  const found = file?.startsWith(root + sep) ? statSync(file, { throwIfNoEntry: false }) : undefined;
  if (file === undefined || !found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  const type = types.find(([pattern]) => pattern.test(path))?.[1] ?? 'text/plain; charset=utf-8';
  response.writeHead(200, { 'content-type': type, 'content-length': found.size, vary: 'accept' });
  if (request.method === 'HEAD') response.end();
  else createReadStream(file).pipe(response);
}

function fileOf(root: string, path: string): string | undefined {
  try {
    return join(root, decodeURIComponent(path));
  } catch {
    return undefined;
  }
}

function pageFor(address: string, { headers }: IncomingMessage): string {
  return address.startsWith('/simple/') && headers.accept?.includes(simpleJson) ? 'index.v1_json' : 'index.html';
}
