/** A proxy in front of an index that asks for HTML whatever its clients ask for: every client becomes an old one. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** Opens one in front of `url` until `t` ends, and returns its own address. `types` gets the type of every page. */
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
