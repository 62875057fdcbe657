import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import t, { type Test } from 'tap';
import { openDispatcher } from '../../../src/cli/network/open-dispatcher.ts';
import { HttpClient } from '../../../src/upstream/pypi/http-client.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

/** A proxy that notes which hosts it was asked to connect to, and with what password. */
async function openProxy(t: Test): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer();
  server.on('connect', (request, client, head) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
    const [host = '', port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [upstream, client]) socket.on('error', () => {});
  });
  t.teardown(() => server.close());
  return { address: await addressOf(server), asked };
}

async function addressOf(server: ReturnType<typeof createServer>): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The answer that comes through the dispatcher for `proxy` and `env`. */
async function fetched(t: Test, url: string, proxy: string | undefined, env: Record<string, string>): Promise<string> {
  const dispatcher = openDispatcher({ connections: 2 }, proxy, env);
  t.teardown(() => dispatcher.destroy());
  const { signal } = new AbortController();
  const http = new HttpClient({ dispatcher, clock: new FakeClock(), signal, userAgent: () => 'test' });
  return (await http.exchange({ url: new URL(url), headers: {} })).body.toString();
}

t.test('requests go through the proxy that the settings or the environment name', async (t) => {
  const index = createServer((_, response) => response.end('index'));
  t.teardown(() => index.close());
  const upstream = await addressOf(index);
  const url = `http://${upstream}/simple/`;
  for (const [what, proxy, env, expected] of [
    ['a setting', 'http://PROXY', {}, [upstream]],
    ['a setting beats the environment', 'http://PROXY', { http_proxy: 'http://127.0.0.1:9' }, [upstream]],
    ['a password', 'http://me:secret@PROXY', {}, [`${upstream} Basic bWU6c2VjcmV0`]],
    ['http_proxy', undefined, { http_proxy: 'http://PROXY' }, [upstream]],
    ['HTTP_PROXY', undefined, { HTTP_PROXY: 'http://PROXY' }, [upstream]],
    ['no_proxy', undefined, { http_proxy: 'http://PROXY', no_proxy: '127.0.0.1' }, []],
    ['another scheme', undefined, { https_proxy: 'http://PROXY' }, []],
    ['nothing', undefined, {}, []],
    ['a web server', undefined, { HTTP_PROXY: 'http://PROXY', GATEWAY_INTERFACE: 'CGI/1.1' }, []],
  ] as const) {
    const { address, asked } = await openProxy(t);
    const at = (text: string): string => text.replace('PROXY', address);
    const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, at(value)]));
    t.equal(await fetched(t, url, proxy && at(proxy), given), 'index', what);
    t.same(asked, expected, what);
  }
});
