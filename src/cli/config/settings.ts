/**
 * What a person can choose, from `TARGET/mirror.toml` and from the command line: cron and the CGI only say
 * `pep381run -q TARGET`, so everything that shapes the mirror can stand in the file. A flag beats the file.
 */
import { UsageError } from '../../core/errors.ts';
import { indexKey, isLoopback } from '../../core/index-address.ts';
import { indexNow } from '../../core/moved-indexes.ts';
import { type ProjectName, projectName } from '../../core/names.ts';

export interface Settings {
  /** Without a slash at its end. */
  readonly upstream: string;
  /** Other addresses of the same index, as lock files name them. */
  readonly upstreamAliases: readonly string[];
  readonly allowHttp: boolean;
  /** Hosts from which files may come, besides the index's own. */
  readonly fileHosts: readonly string[];
  /** Undefined means all. */
  readonly projects: readonly ProjectName[] | undefined;
  /** Through which all requests go; undefined leaves it to the environment. */
  readonly proxy: string | undefined;
  /** Hosts that are asked without {@link proxy}. */
  readonly noProxy: readonly string[];
  /** Certificates that are trusted besides those that Node brings along; undefined for the system's. */
  readonly caFile: string | undefined;
  /** The certificate that we show who asks for one, and its key where that is another file. */
  readonly clientCertFile: string | undefined;
  readonly clientKeyFile: string | undefined;
  /** Users and passwords; undefined for ~/.netrc where there is one. */
  readonly netrcFile: string | undefined;
  readonly indexOnly: boolean;
  /** Connections at the same time. */
  readonly workers: number;
  readonly sweep: number;
  /** What nobody may do with what is created. */
  readonly umask: number;
  /** The mode of `state.db`. */
  readonly stateMode: number;
  /** What upstream removes disappears from the index, and its files stay. */
  readonly keepRemoved: boolean;
  /** For so many days what was removed can be brought back. */
  readonly trashDays: number;
  /** Without a slash at its end. */
  readonly baseUrl: string | undefined;
  /** Serve the legacy JSON, for other mirror programs. */
  readonly legacyJson: boolean;
  /** What is done with provenance objects (PEP 740). */
  readonly provenance: (typeof provenanceModes)[number];
  /** What is done with files whose provenance does not prove where they are from. */
  readonly provenancePolicy: (typeof provenancePolicies)[number];
  /** Whom to trust, as Sigstore writes it; undefined for the root that is shipped. */
  readonly trustedRootFile: string | undefined;
  /** How upstream's operators can reach us: a URL or an address. */
  readonly contact: string | undefined;
  readonly logFormat: 'text' | 'json';
  /** Where mirrors that mirror from this one want to be told that something changed. */
  readonly notify: readonly string[];
  /** The file with the secret that they know us by. */
  readonly notifySecretFile: string | undefined;
  /** The file with the private key that snapshots are signed with. */
  readonly signingKeyFile: string | undefined;
  /** The public key that upstream signs with: a file, or base64. */
  readonly upstreamKey: string | undefined;
}

const stateModes = ['0600', '0640'] as const;
const provenanceModes = ['store', 'verify', 'off'] as const;
const provenancePolicies = ['warn', 'refuse-failed', 'require'] as const;

/** A setting as it was given, and where, for messages: `mirror.toml:3: workers` or `--workers`. */
export interface SettingValue {
  readonly value: unknown;
  readonly where: string;
}

/** All settings, by the name they have in the file. */
export const settingNames = [
  'upstream',
  'upstream-aliases',
  'allow-http',
  'file-hosts',
  'proxy',
  'no-proxy',
  'ca-file',
  'client-cert-file',
  'client-key-file',
  'netrc-file',
  'index-only',
  'workers',
  'sweep',
  'umask',
  'state-mode',
  'keep-removed',
  'trash-days',
  'base-url',
  'legacy-json',
  'provenance',
  'provenance-policy',
  'trusted-root-file',
  'contact',
  'log-format',
  'notify',
  'notify-secret-file',
  'signing-key-file',
  'upstream-key',
] as const;

/** `projects` is the command line's: in the file it is part of what the mirror holds. */
export type SettingName = (typeof settingNames)[number] | 'projects';

/** The owner may write, and everybody may read. */
export const defaultUmask = 0o022;

/** More than there are: the setting is for those who want less. */
const maxSweep = 1_000_000;

/** Settings from what was given; what was not has its default. Throws UsageError. */
export function settingsFrom(given: ReadonlyMap<SettingName, SettingValue>): Settings {
  const read = <T>(name: SettingName, parse: (given: SettingValue) => T, fallback: T): T => {
    const found = given.get(name);
    return found === undefined ? fallback : parse(found);
  };
  const allowHttp = read('allow-http', flag, false);
  const upstream = read('upstream', (at) => index(at, allowHttp), 'https://pypi.org');
  refuseUselessProvenance(given);
  refuseLoneSettings(given);
  return {
    upstream,
    upstreamAliases: read('upstream-aliases', addresses, []),
    allowHttp,
    fileHosts: read('file-hosts', hosts, ['files.pythonhosted.org']),
    projects: read('projects', names, undefined),
    proxy: read('proxy', proxy, undefined),
    noProxy: read('no-proxy', noProxy, []),
    caFile: read('ca-file', absolutePath, undefined),
    clientCertFile: read('client-cert-file', absolutePath, undefined),
    clientKeyFile: read('client-key-file', absolutePath, undefined),
    netrcFile: read('netrc-file', absolutePath, undefined),
    indexOnly: read('index-only', flag, false),
    workers: read('workers', (at) => wholeNumber(at, 1, 100), 10),
    umask: read('umask', umask, defaultUmask),
    stateMode: read('state-mode', (at) => Number.parseInt(oneOf(at, stateModes), 8), 0o600),
    keepRemoved: read('keep-removed', flag, false),
    trashDays: read('trash-days', (at) => wholeNumber(at, 0, 36_500), 30),
    sweep: read('sweep', (at) => wholeNumber(at, 0, maxSweep), maxSweep),
    baseUrl: read('base-url', (at) => address(at, true), undefined),
    legacyJson: read('legacy-json', flag, false),
    provenance: read('provenance', (at) => oneOf(at, provenanceModes), 'store'),
    provenancePolicy: read('provenance-policy', (at) => oneOf(at, provenancePolicies), 'warn'),
    trustedRootFile: read('trusted-root-file', absolutePath, undefined),
    contact: read('contact', oneLine, undefined),
    logFormat: read('log-format', (at) => oneOf(at, ['text', 'json']), 'text'),
    notify: read('notify', receivers, []),
    notifySecretFile: read('notify-secret-file', absolutePath, undefined),
    signingKeyFile: read('signing-key-file', absolutePath, undefined),
    upstreamKey: read('upstream-key', publicKey, undefined),
  };
}

/** Who writes that files are to be proven must not be left with a mirror that proves nothing. */
function refuseUselessProvenance(given: ReadonlyMap<SettingName, SettingValue>): void {
  const verifies = given.get('provenance')?.value === 'verify';
  const policy = given.get('provenance-policy');
  if (policy !== undefined && policy.value !== 'warn' && !verifies) {
    throw new UsageError(`${policy.where}: ${show(policy.value)} means nothing without provenance = "verify"`);
  }
  const indexOnly = given.get('index-only');
  if (!verifies || indexOnly?.value !== true) return;
  throw new UsageError(`${indexOnly.where}: nothing can be verified where no file is held (provenance = "verify")`);
}

/** What means nothing by itself was meant to mean something. */
function refuseLoneSettings(given: ReadonlyMap<SettingName, SettingValue>): void {
  for (const [name, needed] of [
    ['no-proxy', 'proxy'],
    ['client-key-file', 'client-cert-file'],
  ] as const) {
    const found = given.get(name);
    if (found !== undefined && !given.has(needed))
      throw new UsageError(`${found.where}: means nothing without ${needed}`);
  }
}

function flag({ value, where }: SettingValue): boolean {
  if (typeof value === 'boolean') return value;
  throw new UsageError(`${where}: expected true or false, found ${show(value)}`);
}

function wholeNumber({ value, where }: SettingValue, least: number, most: number): number {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most) return number;
  throw new UsageError(`${where}: expected a whole number from ${least} to ${most}, found ${show(value)}`);
}

/** The web server must be able to read, whatever umask cron or a shell has. */
function umask({ value, where }: SettingValue): number {
  const mask = typeof value === 'string' && /^0?[0-7]{3}$/.test(value) ? Number.parseInt(value, 8) : undefined;
  if (mask === undefined || (mask & 0o700) !== 0) {
    throw new UsageError(`${where}: expected a umask such as "0027", found ${show(value)}`);
  }
  if ((mask & 0o002) !== 0) return mask;
  throw new UsageError(`${where}: ${show(value)} would let everybody write; expected an end of 2, 3, 6 or 7`);
}

const httpIsUnsafe = 'anyone on the way could change the files; allow-http = true in mirror.toml accepts that';

function index(given: SettingValue, allowHttp: boolean): string {
  const url = typeof given.value === 'string' && URL.canParse(given.value) ? new URL(given.value) : undefined;
  const now = url === undefined ? undefined : indexNow(url.href);
  if (now === undefined || now === url?.href) return address(given, allowHttp);
  throw new UsageError(`${given.where}: ${url?.host} is ${now} now; put upstream = "${now}" into mirror.toml`);
}

function address({ value, where }: SettingValue, allowHttp: boolean): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new UsageError(`${where}: expected an address such as https://pypi.org, found ${show(value)}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(`${where}: an address with a password would end up in logs; put the password into netrc-file`);
  }
  if (url.protocol === 'http:' && !allowHttp && !isLoopback(url)) {
    throw new UsageError(`${where}: expected https, found ${url.href}: ${httpIsUnsafe}`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/simple$/, '');
}

/** Nothing is asked there, so that any address will do. */
function addresses({ value, where }: SettingValue): string[] {
  if (Array.isArray(value) && value.length === 0) return [];
  return list(value, where).map((text) => {
    if (indexKey(text) !== undefined) return text;
    throw new UsageError(`${where}: expected an address such as https://mirror.example/simple, found ${show(text)}`);
  });
}

/** It may hold a password, so what was given is not told. */
function proxy({ value, where }: SettingValue): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const isBare = url !== undefined && /^\/?$/.test(url.pathname) && url.search + url.hash === '';
  if (isBare && /^(?:https?|socks5h?|socks):$/.test(url.protocol) && url.hostname !== '') return url.href;
  throw new UsageError(
    `${where}: expected the address of a proxy, such as http://proxy.example:3128 or socks5://proxy.example:1080`,
  );
}

function noProxy({ value, where }: SettingValue): string[] {
  return list(value, where).map((text) => {
    if (/^(?:\*|(?:\*?\.)?[A-Za-z0-9_.:[\]-]+)$/.test(text)) return text;
    throw new UsageError(`${where}: expected a host or a domain such as .internal.example, found ${show(text)}`);
  });
}

/** A notice may travel over plain HTTP: it holds no secret, and a signature nobody can use again. */
function receivers({ value, where }: SettingValue): string[] {
  if (Array.isArray(value) && value.length === 0) return [];
  return list(value, where).map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password + url.hash === '') {
      return url.href;
    }
    throw new UsageError(`${where}: expected an address such as https://mirror.example/sync, found ${show(text)}`);
  });
}

function hosts({ value, where }: SettingValue): string[] {
  return list(value, where).map((host) => {
    if (URL.canParse(`https://${host}/`) && new URL(`https://${host}/`).host === host) return host;
    throw new UsageError(`${where}: expected a host such as files.pythonhosted.org, found ${show(host)}`);
  });
}

function names({ value, where }: SettingValue): ProjectName[] {
  return list(value, where).map((text) => {
    const name = projectName(text);
    if (name !== undefined) return name;
    throw new UsageError(`${where}: ${show(text)} is no valid project name`);
  });
}

function list(value: unknown, where: string): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  const texts = values.filter((text): text is string => typeof text === 'string' && text !== '');
  if (texts.length === values.length && texts.length > 0) return texts;
  throw new UsageError(`${where}: expected a list of texts, found ${show(value)}`);
}

function oneLine({ value, where }: SettingValue): string {
  if (typeof value === 'string' && /^[\x20-\x7e]{1,200}$/.test(value)) return value;
  throw new UsageError(`${where}: expected one line of plain ASCII, found ${show(value)}`);
}

/** Cron and the CGI each start in a folder of their own. */
function absolutePath({ value, where }: SettingValue): string {
  if (typeof value === 'string' && value.startsWith('/')) return value;
  throw new UsageError(`${where}: expected an absolute path, found ${show(value)}`);
}

/** In base64 an Ed25519 key always begins with the same letters. */
function publicKey({ value, where }: SettingValue): string {
  if (typeof value === 'string' && /^(?:\/.*|MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=)$/.test(value)) return value;
  throw new UsageError(
    `${where}: expected an Ed25519 public key, as an absolute path or in base64 (MCowBQYDK2VwAyEA…), found ${show(value)}`,
  );
}

function oneOf<T extends string>({ value, where }: SettingValue, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const names = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
  throw new UsageError(`${where}: expected ${names}, found ${show(value)}`);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
