/** A proxy in front of an index that always requests HTML, so that every client appears to be an old one. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/**
 * Opens a proxy in front of `url` until `t` ends, and returns its address. The content type of each page is added to
 * `types`.
 */
export async function openHtmlOnly(t: Test, url: string, types: string[]): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, accept: 'text/html' };
    const passed = request(new URL(incoming.url ?? '/', url), { method: incoming.method ?? 'GET', headers });
    passed.on('response', (reply: IncomingMessage) => {
      if (incoming.url?.startsWith('/simple/')) types.push(reply.headers['content-type'] ?? '');
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    passed.end();
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.teardown(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}
