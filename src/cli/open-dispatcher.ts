/** How HTTP leaves this machine: directly, or through a proxy. */
import connect from 'undici/lib/api/api-connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';

// What the whole of undici would do at its start: the proxy's agent tunnels by it.
Dispatcher.prototype.connect = connect;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Connects as the setting `proxy` says, else as `https_proxy`, `http_proxy` and `no_proxy` of `env` say. Under a web
 * server these are not read: HTTP_PROXY may then be what a client has sent in a header (httpoxy).
 */
export function openDispatcher(options: Agent.Options, proxy: string | undefined, env: Environment): Dispatcher {
  const proxies = proxy === undefined ? proxiesIn(env) : { httpProxy: proxy, httpsProxy: proxy };
  if (proxies.httpProxy === '' && proxies.httpsProxy === '') return new Agent(options);
  const noProxy = proxy === undefined ? (env.no_proxy ?? env.NO_PROXY ?? '') : '';
  return new EnvHttpProxyAgent({ ...options, ...proxies, noProxy });
}

/** An empty text keeps undici from reading the environment by itself. */
function proxiesIn(env: Environment): { readonly httpProxy: string; readonly httpsProxy: string } {
  if (env.GATEWAY_INTERFACE !== undefined) return { httpProxy: '', httpsProxy: '' };
  const httpProxy = env.http_proxy ?? env.HTTP_PROXY ?? '';
  return { httpProxy, httpsProxy: env.https_proxy ?? env.HTTPS_PROXY ?? '' };
}
