/** The section `[storage]` of `mirror.toml`: the object store that holds the mirror's files, or all that is served. */
import { dayMs, minuteMs } from '../../core/durations.ts';
import { UsageError } from '../../core/errors.ts';
import { isLoopback } from '../../core/index-address.ts';
import { type ConfigValue, fieldsOf, invalid, locationOf, oneOf, show, unexpected } from '../../policy/config-value.ts';
import { parseInterval } from '../../policy/durations-and-sizes.ts';

/** Where the bucket is in an address: in the path, or in front of the host. */
const addressStyles = ['path', 'host'] as const;
/** What the bucket holds: what is below `web/packages`, or all that is below `web/`. */
const holdings = ['files', 'everything'] as const;

export interface StorageSettings {
  readonly bucket: string;
  /** What all keys begin with: empty, or with a slash at its end and none at its beginning. */
  readonly prefix: string;
  /** Scheme and host of the store, without a slash at its end. */
  readonly endpoint: string;
  readonly region: string;
  readonly addressStyle: (typeof addressStyles)[number];
  readonly hold: (typeof holdings)[number];
  /** The address under which readers find what is below `web/` in the bucket, without a slash at its end. */
  readonly publicUrl: string | undefined;
  /** The path of a file with credentials, in the form of `~/.aws/credentials`. */
  readonly credentialsFile: string | undefined;
  /** The section of that file. */
  readonly profile: string;
  /** The time for which nobody else publishes after the owner was last heard of; undefined without a lease. */
  readonly leaseMs: number | undefined;
}

/** The section as it was given, and the places of its members for messages. */
interface GivenStorage {
  readonly value: unknown;
  readonly where: string;
  readonly at?: (path: string) => string;
}

const keys = [
  'bucket',
  'prefix',
  'endpoint',
  'region',
  'address-style',
  'hold',
  'public-url',
  'credentials-file',
  'profile',
  'lease',
] as const;

/** Keys that other programs have for credentials: `access-key`, `secret_key`, `aws_session_token`, `password`. */
const secretKey = /secret|access.?key|key.?id|token|passw|credentials$/i;

const defaultLeaseMs = 30 * minuteMs;

/**
 * Parses the section. With `allowHttp` the store may be asked without TLS. Throws UsageError, which quotes nothing that
 * may be a secret.
 */
export function storageIn({ value, where, at = () => where }: GivenStorage, allowHttp: boolean): StorageSettings {
  const section = { value, path: 'storage', at };
  refuseSecrets(section);
  const fields = fieldsOf(section, keys);
  const bucket = bucketIn(fields.get('bucket') ?? invalid(section, 'bucket is missing: the name of the bucket'));
  const region = ifGiven(fields.get('region'), regionIn) ?? 'us-east-1';
  const given = fields.get('endpoint');
  const endpoint = given === undefined ? addressOfAws(region) : endpointIn(given, bucket, allowHttp);
  const profile = fields.get('profile');
  const credentialsFile = ifGiven(fields.get('credentials-file'), credentialsFileIn);
  if (profile !== undefined && credentialsFile === undefined)
    invalid(profile, 'means nothing without credentials-file');
  const lease = fields.get('lease');
  return {
    bucket,
    prefix: ifGiven(fields.get('prefix'), prefixIn) ?? '',
    endpoint,
    region,
    addressStyle: addressStyleIn(fields.get('address-style'), { bucket, endpoint, isAws: given === undefined }),
    hold: ifGiven(fields.get('hold'), (field) => oneOf(field, holdings)) ?? 'files',
    publicUrl: ifGiven(fields.get('public-url'), publicUrlIn),
    credentialsFile,
    profile: ifGiven(profile, profileIn) ?? 'default',
    leaseMs: lease === undefined ? defaultLeaseMs : leaseIn(lease),
  };
}

function ifGiven<T>(given: ConfigValue | undefined, parse: (given: ConfigValue) => T): T | undefined {
  return given === undefined ? undefined : parse(given);
}

/** Throws UsageError for credentials in `mirror.toml`, which many may read and which backups and tickets contain. */
function refuseSecrets(section: ConfigValue): void {
  if (typeof section.value !== 'object' || section.value === null) return;
  const name = Object.keys(section.value).find((key) => secretKey.test(key));
  if (name === undefined) return;
  throw new UsageError(
    `${section.at(`${section.path}.${name}`)}: ${section.path}: ${JSON.stringify(name)}: credentials do not belong ` +
      'here; put them into a file that only the mirror may read (mode 0600), and name it in credentials-file',
  );
}

function bucketIn(given: ConfigValue): string {
  const { value } = given;
  const isName =
    typeof value === 'string' &&
    /^(?=.{3,63}$)[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)*$/.test(value) &&
    !/-$|-\.|^\d+(?:\.\d+){3}$/.test(value);
  return isName ? value : refused(given, 'the name of a bucket: 3 to 63 of a-z, 0-9, - and .');
}

function prefixIn(given: ConfigValue): string {
  const { value } = given;
  if (value === '') return '';
  const isPath =
    typeof value === 'string' && /^(?=.{1,200}$)(?:(?!\.{1,2}(?:\/|$))[\w.~-]+(?:\/(?!$)|\/?$))+$/.test(value);
  if (!isPath)
    refused(given, 'a path such as "mirror/pypi", without a slash at its beginning, of A-Z, a-z, 0-9 and -._~');
  return value.endsWith('/') ? value : `${value}/`;
}

function regionIn(given: ConfigValue): string {
  const { value } = given;
  const isRegion = typeof value === 'string' && /^[A-Za-z0-9][\w-]{0,62}$/.test(value);
  return isRegion ? value : refused(given, 'a region such as "eu-central-1"');
}

function addressOfAws(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

function endpointIn(given: ConfigValue, bucket: string, allowHttp: boolean): string {
  const url = webAddressIn(given, 'https://s3.example.org');
  if (url.pathname !== '/') {
    invalid(given, `expected an address without a path, found ${url.href}: bucket and prefix have keys of their own`);
  }
  if (url.hostname.startsWith(`${bucket}.s3`)) {
    invalid(given, `expected the address of the store, found that of the bucket: leave ${bucket} out`);
  }
  if (url.protocol === 'http:' && !allowHttp && !isLoopback(url)) {
    const risk = 'anyone on the way could change the files';
    invalid(given, `expected https, found ${url.origin}: ${risk}; allow-http = true in mirror.toml accepts that`);
  }
  return url.origin;
}

interface Place {
  readonly bucket: string;
  readonly endpoint: string;
  readonly isAws: boolean;
}

function addressStyleIn(given: ConfigValue | undefined, { bucket, endpoint, isAws }: Place): 'path' | 'host' {
  // The certificate for *.s3.amazonaws.com is for one name in front.
  const hasDots = bucket.includes('.');
  if (given === undefined) return isAws && !hasDots ? 'host' : 'path';
  const style = oneOf(given, addressStyles);
  const { protocol, hostname } = new URL(endpoint);
  if (style === 'host' && /^\[|^[\d.]+$/.test(hostname)) {
    invalid(given, `no bucket can be in front of the address ${hostname}; expected "path", or a name in endpoint`);
  }
  if (style === 'host' && hasDots && protocol === 'https:') {
    invalid(given, `no certificate fits ${bucket}.${hostname}, as the bucket has a dot in its name; expected "path"`);
  }
  return style;
}

function publicUrlIn(given: ConfigValue): string {
  const url = webAddressIn(given, 'https://cdn.example.org/pypi');
  if (url.protocol === 'http:' && !isLoopback(url)) {
    invalid(given, `expected https, found ${url.href}: pip takes files by plain http from its own machine only`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** Returns the http or https URL, which has neither password nor query. */
function webAddressIn(given: ConfigValue, example: string): URL {
  const { value } = given;
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && url.username + url.password !== '') {
    invalid(given, 'an address with a password would end up in logs; put credentials into credentials-file');
  }
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search + url.hash !== '') {
    return refused(given, `an address such as ${example}`);
  }
  return url;
}

function credentialsFileIn(given: ConfigValue): string {
  const { value } = given;
  if (typeof value === 'string' && /^\/[^\0]*[^/\0]$/.test(value)) return value;
  // Who takes this for the place of the key itself has written a secret.
  return invalid(given, 'expected the absolute path of a file such as "/etc/pep381client/s3-credentials"');
}

function profileIn(given: ConfigValue): string {
  const { value } = given;
  const isName = typeof value === 'string' && /^[\w.@+-][\w .@+-]{0,62}$/.test(value);
  return isName ? value : refused(given, 'the name of a section of credentials-file, such as "default"');
}

function leaseIn(given: ConfigValue): number | undefined {
  const { value } = given;
  if (value === false) return undefined;
  const ms = typeof value === 'string' ? parseInterval(value) : undefined;
  const isUsual = ms !== undefined && ms >= minuteMs && ms <= dayMs;
  return isUsual ? ms : unexpected(given, 'a time such as "30m", from "1m" to "1d", or false');
}

/** Throws UsageError. What may contain a password is not quoted. */
function refused(given: ConfigValue, expected: string): never {
  const found = show(given.value);
  const isQuotable = !/[@?]|:.*:/.test(found);
  throw new UsageError(
    `${locationOf(given)}: ${given.path}: expected ${expected}${isQuotable ? `, found ${found}` : ''}`,
  );
}
