/** How HTTP leaves this machine: directly, or through a proxy. */
import type { SecureContext } from 'node:tls';
import type { buildConnector } from 'undici';
import connect from 'undici/lib/api/api-connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import { connectBySocks, isSocks } from './socks.ts';

// What the whole of undici would do at its start: the proxy's agent tunnels by it.
Dispatcher.prototype.connect = connect;

type Environment = Readonly<Record<string, string | undefined>>;

/** What connections do besides. */
export interface Network {
  /** Hosts that are asked without the proxy of the settings. */
  readonly noProxy?: readonly string[];
  /** Whom TLS connections trust; undefined for whom Node does. */
  readonly secureContext?: SecureContext | undefined;
  /** False to look at a certificate that is not trusted, and at nothing else. */
  readonly rejectUnauthorized?: boolean;
}

/** Where requests go through; an empty text is no proxy. */
interface Proxies {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

/**
 * Connects as the setting `proxy` says, else as `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` of `env` say. Under a
 * web server these are not read: HTTP_PROXY may then be what a client has sent in a header (httpoxy).
 */
export function openDispatcher(
  { connect: direct, ...options }: Omit<Agent.Options, 'connect'> & { readonly connect?: buildConnector.BuildOptions },
  proxy: string | undefined,
  env: Environment,
  { noProxy = [], secureContext, rejectUnauthorized = true }: Network = {},
): Dispatcher {
  const tls = { ...(secureContext && { secureContext }), ...(rejectUnauthorized ? {} : { rejectUnauthorized }) };
  const { httpProxy, httpsProxy, ...proxies } =
    proxy === undefined ? proxiesIn(env) : { httpProxy: proxy, httpsProxy: proxy, noProxy: noProxy.join(',') };
  const socks = [httpsProxy, httpProxy].find(isSocks);
  const connect = { ...direct, ...tls };
  if (socks !== undefined)
    return new Agent({ ...options, connect: connectBySocks(socks, proxies.noProxy, connect, tls) });
  if (httpProxy === '' && httpsProxy === '') return new Agent({ ...options, connect });
  const agents = { ...options, connect, requestTls: tls, proxyTls: tls };
  return new EnvHttpProxyAgent({ ...agents, httpProxy, httpsProxy, ...proxies });
}

/** An empty text keeps undici from reading the environment by itself. */
function proxiesIn(env: Environment): Proxies {
  if (env.GATEWAY_INTERFACE !== undefined) return { httpProxy: '', httpsProxy: '', noProxy: '' };
  const all = env.all_proxy ?? env.ALL_PROXY ?? '';
  const httpProxy = env.http_proxy ?? env.HTTP_PROXY ?? all;
  return {
    httpProxy,
    httpsProxy: env.https_proxy ?? env.HTTPS_PROXY ?? all,
    noProxy: env.no_proxy ?? env.NO_PROXY ?? '',
  };
}
