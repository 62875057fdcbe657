/**
 * Resolves the names of hosts before a connection. If a host with files of a public index has an address of this
 * machine or network, somebody has redirected its name, and the service there must not even see a connection.
 */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { NonsenseError } from '../../core/errors.ts';

/** Returns all addresses of a name. */
export type Resolve = (hostname: string, options: LookupOptions) => Promise<readonly LookupAddress[]>;

export interface GuardOptions {
  /** The host of the index. If it is local, the other hosts may be local too. */
  readonly upstream: string;
  /** Hosts of files. An address in this list may be connected to under any name. */
  readonly fileHosts: readonly string[];
}

const systemLookup = promisify(lookup);
const resolveBySystem: Resolve = (hostname, options) => systemLookup(hostname, { ...options, all: true });

/** Networks without public hosts (IANA's special-purpose registries). */
const localNetworks: readonly [network: string, bits: number, family: 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

const local = new BlockList();
for (const [network, bits, family] of localNetworks) local.addSubnet(network, bits, family);

/**
 * Returns a lookup function for connections. It fails with a NonsenseError for a name that must not be connected to.
 */
export function guardedLookup(options: GuardOptions, resolve: Resolve = resolveBySystem): LookupFunction {
  return (hostname, lookupOptions, callback) => {
    const { all, ...asked } = lookupOptions;
    permitted(options, resolve, hostname, asked).then(
      (addresses) => {
        const [first = { address: '', family: 0 }] = addresses;
        if (all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}

async function permitted(
  { upstream, fileHosts }: GuardOptions,
  resolve: Resolve,
  hostname: string,
  asked: LookupOptions,
): Promise<readonly LookupAddress[]> {
  const addresses = await resolve(hostname, asked);
  const open = addresses.filter((found) => !isLocal(found) || fileHosts.includes(found.address));
  if (open.length === addresses.length || hostname === upstream) return addresses;
  if (await isLocalHost(upstream, resolve, asked)) return addresses;
  if (open.length > 0) return open;
  const found = addresses.map(({ address }) => address).join(', ');
  throw new NonsenseError(
    `${hostname}: has an address of this machine or network only (${found}), and is not connected to; if that is right, ` +
      'add the address to file-hosts in mirror.toml',
  );
}

async function isLocalHost(hostname: string, resolve: Resolve, asked: LookupOptions): Promise<boolean> {
  const address = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  if (family !== 0) return isLocal({ address, family });
  return (await resolve(hostname, asked)).some(isLocal);
}

function isLocal({ address, family }: LookupAddress): boolean {
  return local.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
