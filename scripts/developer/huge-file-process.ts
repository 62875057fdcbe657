/**
 * An upstream with one project that has one file, of as many bytes as its argument says, in a process of its own. The
 * file is made while it is sent. It prints its address.
 */
import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pseudoRandomBytes } from '../../test/sample/pseudo-random.ts';

const json = 'application/vnd.pypi.simple.v1+json';
const size = Number(process.argv[2]);
const block = pseudoRandomBytes('huge', 1 << 20);
const hash = createHash('sha256');
for (const piece of pieces()) hash.update(piece);
const sha256 = hash.digest('hex');
const filename = 'huge-1.0.tar.gz';
const path = `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`;
const meta = { 'api-version': '1.4', '_last-serial': 1 };

const server = createServer(({ url, method }, answer) => {
  const { port } = server.address() as AddressInfo;
  const file = { filename, url: `http://127.0.0.1:${port}${path}`, hashes: { sha256 }, size };
  const more = { 'upload-time': '2026-01-05T09:00:00Z', 'requires-python': null, yanked: false };
  const page = { meta, name: 'huge', versions: ['1.0'], files: [{ ...file, ...more }] };
  if (method !== 'GET') answer.writeHead(404).end();
  else if (url === path) void sendFile(answer);
  else if (url === '/simple/huge/') sendPage(answer, page);
  else if (url === '/simple/') sendPage(answer, { meta, projects: [{ name: 'huge', '_last-serial': 1 }] });
  else answer.writeHead(404).end();
}).listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on('disconnect', () => process.exit());

function sendPage(answer: ServerResponse, page: object): void {
  answer.writeHead(200, { 'content-type': json, 'x-pypi-last-serial': '1' }).end(JSON.stringify(page));
}

async function sendFile(answer: ServerResponse): Promise<void> {
  answer.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size, etag: '"1"' });
  for (const piece of pieces()) if (!answer.write(piece)) await new Promise((resolve) => answer.once('drain', resolve));
  answer.end();
}

function* pieces(): Iterable<Buffer> {
  for (let at = 0; at < size; at += block.length) yield block.subarray(0, Math.min(block.length, size - at));
}
