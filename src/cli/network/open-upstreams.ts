/** Opens the upstream of a mirror and the other indexes in rules, each with its own connections and limit. */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../core/clock.ts';
import { UsageError } from '../../core/errors.ts';
import { isLoopback } from '../../core/index-address.ts';
import type { MemoryBudget } from '../../core/memory-budget.ts';
import type { Report } from '../../core/report.ts';
import { Throttle } from '../../core/throttle.ts';
import type { OtherIndex, Policy } from '../../policy/policy.ts';
import type { ConnectionRange } from '../../upstream/pypi/connection-limit.ts';
import { guardedLookup } from '../../upstream/pypi/guarded-lookup.ts';
import { HttpClient } from '../../upstream/pypi/http-client.ts';
import { PypiUpstream } from '../../upstream/pypi/pypi-upstream.ts';
import { RequestLimiter } from '../../upstream/pypi/request-limiter.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import type { Settings } from '../config/settings.ts';
import { loadPart } from '../program/load-part.ts';
import { version } from '../program/version.ts';
import type { Target } from '../target/target.ts';
import { type GetSecureContext, readSecureContext } from './certificates.ts';
import { type Authorization, readCredentials } from './credentials.ts';
import { explainCertificate, isCertificateError } from './explain-certificate.ts';

/** Number of connections to each host that a run begins with if it finds the right number by itself. */
const firstWorkers = 10;

/** The credentials and certificates for indexes. */
export interface Access {
  readonly authorization: Authorization;
  readonly secureContext: GetSecureContext;
}

/**
 * Reads the files with credentials and certificates. Throws UsageError, so that a run fails before it does anything.
 */
export function readAccess(settings: Settings, policy: Policy | undefined, target: Target): Access {
  const others = otherIndexes(policy);
  for (const { url, where } of others) refuseUnsafe(new URL(url), where, settings.allowHttp);
  const hosts = [...settings.fileHosts, ...others.flatMap(({ fileHosts }) => fileHosts)];
  const addresses = [...others.map(({ url }) => url), ...hosts.map((host) => `https://${host}`)];
  return {
    authorization: readCredentials(settings, addresses, target),
    secureContext: readSecureContext(settings, target, process.env),
  };
}

function refuseUnsafe(url: URL, where: string, allowHttp: boolean): void {
  if (url.protocol === 'https:' || allowHttp || isLoopback(url)) return;
  throw new UsageError(
    `${where}: upstream: expected https, found ${url.href}: anyone on the way could change the files; allow-http = true accepts that`,
  );
}

/** The parts of a run that all upstreams share. */
export interface UpstreamContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly memory: MemoryBudget;
  readonly access: Access | undefined;
  readonly report: Report;
}

/** Returns the upstream, the other indexes by address, and a function that closes them. */
export async function openUpstreams(
  settings: Settings,
  policy: Policy | undefined,
  surroundings: UpstreamContext,
): Promise<{ upstream: PypiUpstream; sources: ReadonlyMap<string, Upstream>; close(): Promise<void> }> {
  const { openDispatcher } = await loadPart('http.js', () => import('./open-dispatcher.ts'));
  const dispatchers: Dispatcher[] = [];
  const range = connectionRange(settings);
  const throttle = settings.rateLimit === undefined ? undefined : new Throttle(settings.rateLimit, surroundings.clock);
  const open = (address: string, fileHosts: readonly string[], plain?: string): PypiUpstream => {
    const { clock, signal, memory, access, report } = surroundings;
    const network = { noProxy: settings.noProxy, secureContext: access?.secureContext };
    const connect = (rejectUnauthorized: boolean): Dispatcher => {
      const lookup = guardedLookup({ upstream: new URL(address).hostname, fileHosts });
      const connections = { connections: range.max, pipelining: 1, connect: { timeout: 10_000, lookup } };
      const timeouts = { headersTimeout: 30_000, bodyTimeout: 60_000, keepAliveTimeout: 10_000 };
      const options = { ...connections, ...timeouts };
      return openDispatcher(options, settings.proxy, process.env, { ...network, rejectUnauthorized });
    };
    const dispatcher = connect(true);
    dispatchers.push(dispatcher);
    const userAgent = userAgents(address, settings.contact);
    const explain = explainOnce(() => connect(false));
    const http = new HttpClient({
      dispatcher,
      clock,
      signal,
      userAgent,
      explain,
      throttle,
      authorization: access?.authorization,
    });
    const limiter = new RequestLimiter(range, clock, signal, (host, connections) =>
      report({ type: 'connections', host, connections }),
    );
    const common = { base: address, fileHosts, http, limiter, clock, signal, memory, changelogTimeoutMs: 120_000 };
    return new PypiUpstream(plain === undefined ? common : { ...common, genericSimpleUrl: plain });
  };
  const others = otherIndexes(policy);
  return {
    upstream: open(settings.upstream, settings.fileHosts),
    sources: new Map(others.map(({ url, fileHosts }) => [url, open(new URL(url).origin, fileHosts, url)])),
    close: async () => {
      await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/** Returns the number of connections to each host to begin with, and the largest one. */
function connectionRange({ workers, maxWorkers }: Settings): ConnectionRange {
  return workers === 'auto'
    ? { start: Math.min(firstWorkers, maxWorkers), max: maxWorkers }
    : { start: workers, max: workers };
}

/** Returns each other index once, with the file hosts of all rules that name it and the location of the first one. */
function otherIndexes(policy: Policy | undefined): (OtherIndex & { readonly where: string })[] {
  const found = new Map<string, OtherIndex & { readonly where: string }>();
  for (const { index, because } of policy?.rules ?? []) {
    if (index === undefined) continue;
    const { where = because.where ?? 'mirror.toml', fileHosts = [] } = found.get(index.url) ?? {};
    found.set(index.url, { url: index.url, where, fileHosts: [...new Set([...fileHosts, ...index.fileHosts])] });
  }
  return [...found.values()];
}

/** Returns a function that explains certificate errors, and connects to each host only once for that. */
function explainOnce(open: () => Dispatcher): (url: URL, error: Error) => Promise<string> | undefined {
  const known = new Map<string, Promise<string>>();
  return (url, error) => {
    if (!isCertificateError(error)) return undefined;
    const explained = known.get(url.host) ?? explainCertificate(url, error, open);
    known.set(url.host, explained);
    return explained;
  };
}

/**
 * Returns the User-Agent for a URL. File hosts receive exactly `pep381client/<version>`, which PyPI's statistics
 * recognize as a mirror. The index also receives a contact, so that its operators can reach us.
 */
function userAgents(address: string, contact: string | undefined): (url: URL) => string {
  const short = `pep381client/${version}`;
  const long = contact === undefined ? short : `${short} (+${contact})`;
  const { host } = new URL(address);
  return (url) => (url.host === host && !url.pathname.includes('/packages/') ? long : short);
}
