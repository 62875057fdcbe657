/**
 * What a person can choose, from `TARGET/mirror.toml` and from the command line: cron and the CGI only say
 * `pep381run -q TARGET`, so everything that shapes the mirror can stand in the file. A flag beats the file.
 */
import { UsageError } from '../../core/errors.ts';
import { indexKey, isLoopback } from '../../core/index-address.ts';
import { indexNow } from '../../core/moved-indexes.ts';
import { type ProjectName, projectName } from '../../core/names.ts';

/** A setting as it was given, and where, for messages: `mirror.toml:3: workers` or `--workers`. */
export interface SettingValue {
  readonly value: unknown;
  readonly where: string;
}

interface Setting<T> {
  /** The value of what was `given`, which is one of `all` that were. Throws UsageError. */
  parse(given: SettingValue, all: ReadonlyMap<string, SettingValue>): T;
  /** The value where nothing was given. */
  readonly fallback: T;
}

function setting<T>(parse: Setting<T>['parse'], fallback: T): Setting<T> {
  return { parse, fallback };
}

const stateModes = ['0600', '0640'] as const;
const provenanceModes = ['store', 'verify', 'off'] as const;
const provenancePolicies = ['warn', 'refuse-failed', 'require'] as const;
const logFormats = ['text', 'json'] as const;

/** The owner may write, and everybody may read. */
export const defaultUmask = 0o022;

/** More than there are: the setting is for those who want less. */
const maxSweep = 1_000_000;

/** All settings, by the name they have in the file: how each is read, and what it is where it is not given. */
const settings = {
  /** Without a slash at its end. */
  upstream: setting(index, 'https://pypi.org'),
  /** Other addresses of the same index, as lock files name them. */
  'upstream-aliases': setting(addresses, []),
  'allow-http': setting(flag, false),
  /** Hosts from which files may come, besides the index's own. */
  'file-hosts': setting(hosts, ['files.pythonhosted.org']),
  /** Through which all requests go; undefined leaves it to the environment. */
  proxy: setting(proxy, undefined),
  /** Hosts that are asked without it. */
  'no-proxy': setting(noProxy, []),
  /** Certificates that are trusted besides those that Node brings along; undefined for the system's. */
  'ca-file': setting(absolutePath, undefined),
  /** The certificate that we show who asks for one, and its key where that is another file. */
  'client-cert-file': setting(absolutePath, undefined),
  'client-key-file': setting(absolutePath, undefined),
  /** Users and passwords; undefined for ~/.netrc where there is one. */
  'netrc-file': setting(absolutePath, undefined),
  'index-only': setting(flag, false),
  /** Connections at the same time. */
  workers: setting((given) => wholeNumber(given, 1, 100), 10),
  sweep: setting((given) => wholeNumber(given, 0, maxSweep), maxSweep),
  /** What nobody may do with what is created. */
  umask: setting(umask, defaultUmask),
  /** The mode of `state.db`. */
  'state-mode': setting((given) => Number.parseInt(oneOf(given, stateModes), 8), 0o600),
  /** What upstream removes disappears from the index, and its files stay. */
  'keep-removed': setting(flag, false),
  /** For so many days what was removed can be brought back. */
  'trash-days': setting((given) => wholeNumber(given, 0, 36_500), 30),
  /** Without a slash at its end. */
  'base-url': setting((given) => address(given, true), undefined),
  /** Serve the legacy JSON, for other mirror programs. */
  'legacy-json': setting(flag, false),
  /** What is done with provenance objects (PEP 740). */
  provenance: setting((given) => oneOf(given, provenanceModes), 'store'),
  /** What is done with files whose provenance does not prove where they are from. */
  'provenance-policy': setting((given) => oneOf(given, provenancePolicies), 'warn'),
  /** Whom to trust, as Sigstore writes it; undefined for the root that is shipped. */
  'trusted-root-file': setting(absolutePath, undefined),
  /** How upstream's operators can reach us: a URL or an address. */
  contact: setting(oneLine, undefined),
  'log-format': setting((given) => oneOf(given, logFormats), 'text'),
  /** Where mirrors that mirror from this one want to be told that something changed. */
  notify: setting(receivers, []),
  /** The file with the secret that they know us by. */
  'notify-secret-file': setting(absolutePath, undefined),
  /** The file with the private key that snapshots are signed with. */
  'signing-key-file': setting(absolutePath, undefined),
  /** The public key that upstream signs with: a file, or base64. */
  'upstream-key': setting(publicKey, undefined),
  /** Undefined means all. Only of the command line: in the file they are part of what the mirror holds. */
  projects: setting(names, undefined),
} as const;

export type SettingName = keyof typeof settings;

/** The settings that may stand in the file. */
export const settingNames: readonly Exclude<SettingName, 'projects'>[] = (
  Object.keys(settings) as SettingName[]
).filter((name) => name !== 'projects');

/** `trash-days` as a member of {@link Settings}: `trashDays`. */
type MemberName<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<MemberName<Rest>>}`
  : Name;

/** What was chosen, or is so by default: the settings of the table above. */
export type Settings = {
  readonly [Name in SettingName as MemberName<Name>]: ReturnType<(typeof settings)[Name]['parse']>;
};

/** Settings from what was given; what was not has its default. Throws UsageError. */
export function settingsFrom(given: ReadonlyMap<SettingName, SettingValue>): Settings {
  refuseUselessProvenance(given);
  refuseLoneSettings(given);
  const members = Object.entries(settings).map(([name, { parse, fallback }]) => {
    const found = given.get(name as SettingName);
    const member = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    return [member, found === undefined ? fallback : parse(found, given)] as const;
  });
  return Object.fromEntries(members) as Settings;
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

function index(given: SettingValue, all: ReadonlyMap<string, SettingValue>): string {
  const http = all.get('allow-http');
  const allowHttp = http !== undefined && flag(http);
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
function addresses({ value, where }: SettingValue): readonly string[] {
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

function noProxy({ value, where }: SettingValue): readonly string[] {
  return list(value, where).map((text) => {
    if (/^(?:\*|(?:\*?\.)?[A-Za-z0-9_.:[\]-]+)$/.test(text)) return text;
    throw new UsageError(`${where}: expected a host or a domain such as .internal.example, found ${show(text)}`);
  });
}

/** A notice may travel over plain HTTP: it holds no secret, and a signature nobody can use again. */
function receivers({ value, where }: SettingValue): readonly string[] {
  if (Array.isArray(value) && value.length === 0) return [];
  return list(value, where).map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password + url.hash === '') {
      return url.href;
    }
    throw new UsageError(`${where}: expected an address such as https://mirror.example/sync, found ${show(text)}`);
  });
}

function hosts({ value, where }: SettingValue): readonly string[] {
  return list(value, where).map((host) => {
    if (URL.canParse(`https://${host}/`) && new URL(`https://${host}/`).host === host) return host;
    throw new UsageError(`${where}: expected a host such as files.pythonhosted.org, found ${show(host)}`);
  });
}

function names({ value, where }: SettingValue): readonly ProjectName[] {
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
