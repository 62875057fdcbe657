/**
 * Opens HTTP connections from this machine, directly or through a proxy. It is a bundle of its own with undici, because
 * what only reads the mirror does not need it.
 */
import { setFlagsFromString } from 'node:v8';
import type { buildConnector } from 'undici';
import connect from 'undici/lib/api/api-connect.js';
import makeConnector from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import type { GetSecureContext } from './certificates.ts';
import { connectBySocks, isSocks } from './socks.ts';

// V8 optimizes the HTTP parser, which is WebAssembly, after it has executed about so many bytes of it: with its default
// after the first answer. That takes 0.1 s and 40 MB, more than all the rest of a short run. The parser is one large
// loop, so that an answer counts for some ten million. This is the highest number, and means hundreds of answers.
setFlagsFromString('--wasm-tiering-budget=2147483647');

// The entry point of undici would do this. The proxy agent needs it for tunnels.
Dispatcher.prototype.connect = connect;

type Environment = Readonly<Record<string, string | undefined>>;

/** Further options of connections. */
export interface Network {
  /** Hosts that are connected to without the proxy in the settings. */
  readonly noProxy?: readonly string[];
  /** The trusted authorities; undefined for those of Node. */
  readonly secureContext?: GetSecureContext | undefined;
  /** False only to inspect a certificate that is not trusted. */
  readonly rejectUnauthorized?: boolean;
}

/** The proxies for requests. An empty text means no proxy. */
interface Proxies {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

/**
 * Returns a dispatcher that uses the setting `proxy`, or else `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`
 * of `env`. Under a web server the environment is ignored, because HTTP_PROXY may contain a header of the client there
 * (httpoxy).
 */
export function openDispatcher(
  { connect: direct, ...options }: Omit<Agent.Options, 'connect'> & { readonly connect?: buildConnector.BuildOptions },
  proxy: string | undefined,
  env: Environment,
  { noProxy = [], secureContext, rejectUnauthorized = true }: Network = {},
): Dispatcher {
  const tlsOptions = (): buildConnector.BuildOptions => {
    const context = secureContext?.();
    return { ...(context && { secureContext: context }), ...(rejectUnauthorized ? {} : { rejectUnauthorized }) };
  };
  const { httpProxy, httpsProxy, ...proxies } =
    proxy === undefined ? proxiesIn(env) : { httpProxy: proxy, httpsProxy: proxy, noProxy: noProxy.join(',') };
  const socks = [httpsProxy, httpProxy].find(isSocks);
  if (httpProxy === '' && httpsProxy === '') {
    return new Agent({ ...options, connect: connectDirectly(direct, tlsOptions) });
  }
  const tls = tlsOptions();
  const connect = { ...direct, ...tls };
  if (socks !== undefined)
    return new Agent({ ...options, connect: connectBySocks(socks, proxies.noProxy, connect, tls) });
  const agents = { ...options, connect, requestTls: tls, proxyTls: tls };
  return new EnvHttpProxyAgent({ ...agents, httpProxy, httpsProxy, ...proxies });
}

/** Returns a dispatcher that uses no proxy. It gives up a connection after `timeoutMs`. */
export function openDirectly(timeoutMs: number): Dispatcher {
  return new Agent({ connect: { timeout: timeoutMs } });
}

/** Returns a connector that asks for the options of TLS when the first connection needs them. */
function connectDirectly(
  options: buildConnector.BuildOptions | undefined,
  tlsOptions: () => buildConnector.BuildOptions,
): buildConnector.connector {
  const plain = makeConnector({ ...options });
  let secure: buildConnector.connector | undefined;
  return (to, callback) => {
    if (to.protocol !== 'https:') return plain(to, callback);
    secure ??= makeConnector({ ...options, ...tlsOptions() });
    secure(to, callback);
  };
}

/** Returns the proxies in the environment. Empty texts keep undici from reading the environment itself. */
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
