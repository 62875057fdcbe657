/** Connects through a SOCKS 5 proxy, which resolves host names itself. */
import { connect, type Socket } from 'node:net';
import type { buildConnector } from 'undici';
import makeConnector from 'undici/lib/core/connect.js';
import socks5 from 'undici/lib/core/socks5-client.js';

const defaultPort = 1080;
const connectTimeoutMs = 10_000;

/** Returns true if `proxy` is the address of a SOCKS proxy. */
export function isSocks(proxy: string): boolean {
  return /^socks(?:5h?)?:/i.test(proxy);
}

/**
 * Returns a connector through the SOCKS proxy at `proxy`. Hosts in `noProxy` are connected to directly, with the
 * options `direct`; `tls` has the options for TLS through the proxy.
 */
export function connectBySocks(
  proxy: string,
  noProxy: string,
  direct: buildConnector.BuildOptions,
  tls: buildConnector.BuildOptions,
): buildConnector.connector {
  const address = new URL(proxy);
  const directly = makeConnector(direct);
  const secure = makeConnector(tls);
  return (options, callback) => {
    const { hostname, protocol, port } = options;
    const toPort = Number(port) || (protocol === 'https:' ? 443 : 80);
    if (isExempt(hostname, toPort, noProxy)) return directly(options, callback);
    tunnel(address, hostname, toPort).then(
      (socket) =>
        protocol === 'https:' ? secure({ ...options, httpSocket: socket }, callback) : callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

/** Returns true if `noProxy`, a list as in the environment, contains the host or a domain above it. */
export function isExempt(hostname: string, port: number, noProxy: string): boolean {
  const host = hostname.toLowerCase();
  return noProxy.split(/[,\s]+/).some((entry) => {
    const [, domain = '', only] = /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (entry === '*') return true;
    if (domain === '' || (only !== undefined && Number(only) !== port)) return false;
    return host === domain || host.endsWith(`.${domain}`);
  });
}

/** Opens a connection to a host through the proxy. Rejects after a timeout. */
function tunnel({ hostname, port, username, password }: URL, toHost: string, toPort: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const proxyHost = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host: proxyHost, port: Number(port) || defaultPort });
    const login = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
    const client = new socks5.Socks5Client(socket, login);
    const fail = (why: string, cause?: Error): void => {
      clearTimeout(timer);
      reject(new Error(`the SOCKS proxy ${proxyHost}: ${why}`, { cause }));
      socket.destroy();
    };
    const timer = setTimeout(() => fail(`no answer within ${connectTimeoutMs / 1000} s`), connectTimeoutMs);
    // The client keeps its listeners for as long as the connection lasts, so these handlers may run later too.
    client.on('error', (error: Error) => fail(error.message || 'cannot be reached', error));
    client.on('close', () => fail('closed the connection'));
    client.once('authenticated', () => client.connect(toHost.replace(/^\[|\]$/g, ''), toPort));
    client.once('connected', () => {
      clearTimeout(timer);
      socket.pause();
      resolve(socket);
    });
    socket.once('connect', () => client.handshake());
  });
}
