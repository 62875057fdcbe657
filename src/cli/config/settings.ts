/**
 * The settings of `TARGET/mirror.toml` and of the command line. Cron and the CGI call `pep381run -q TARGET` and
 * nothing else, so everything that shapes the mirror can be set in the file. An option overrides the file.
 */
import { type DailyWindow, parseDailyWindow } from '../../core/daily-window.ts';
import { UsageError } from '../../core/errors.ts';
import { indexKey, isLoopback } from '../../core/index-address.ts';
import { indexNow } from '../../core/moved-indexes.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { parseSize } from '../../policy/durations-and-sizes.ts';
import { hooksIn, noHooks } from './hooks.ts';
import { storageIn } from './storage.ts';

/** The value of a setting as it was given, and its place for messages: `mirror.toml:3: workers` or `--workers`. */
export interface SettingValue {
  readonly value: unknown;
  readonly where: string;
  /** Returns the place of a member of the value, by its path: `hooks.after-run`. Absent on the command line. */
  readonly at?: (path: string) => string;
}

interface Setting<T> {
  /** Parses the value `given`; `all` are all settings that were given. Throws UsageError. */
  parse(given: SettingValue, all: ReadonlyMap<string, SettingValue>): T;
  /** The value if the setting was not given. */
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

/** Bytes a second below which a page could not arrive before it is given up. */
const minBytesPerSecond = 100_000;

/** More projects than there are. The setting is for those who want to sweep fewer. */
const maxSweep = 1_000_000;

/** The parsers and defaults of all settings, by their names in the file. */
const settings = {
  /** Without a slash at its end. */
  upstream: setting(index, 'https://pypi.org'),
  /** Other addresses of the same index, as lock files name them. */
  'upstream-aliases': setting(addresses, []),
  'allow-http': setting(flag, false),
  /** Hosts besides the index's own from which files may come. */
  'file-hosts': setting(hosts, ['files.pythonhosted.org']),
  /** The address of the proxy for all requests; undefined for that of the environment. */
  proxy: setting(proxy, undefined),
  /** Hosts that are asked without the proxy. */
  'no-proxy': setting(noProxy, []),
  /** The file with certificates to trust besides those that Node includes; undefined for the system's. */
  'ca-file': setting(absolutePath, undefined),
  /** The certificate that is shown to an index that asks for one, and its key if that is in another file. */
  'client-cert-file': setting(absolutePath, undefined),
  'client-key-file': setting(absolutePath, undefined),
  /** The file with users and passwords; undefined for ~/.netrc if it exists. */
  'netrc-file': setting(absolutePath, undefined),
  'index-only': setting(flag, false),
  /** The number of connections to each host at the same time; `auto` finds out how many are worth having. */
  workers: setting(workers, 'auto'),
  /** The largest number of connections that `auto` opens. */
  'max-workers': setting((given) => wholeNumber(given, 1, 100), 50),
  /** Bytes a second that all downloads together take at most; undefined for no limit. */
  'rate-limit': setting(rateLimit, undefined),
  /** The part of each day in which runs mirror; undefined for all day. */
  window: setting(dailyWindow, undefined),
  sweep: setting((given) => wholeNumber(given, 0, maxSweep), maxSweep),
  /** The permissions that created files and folders do not get. */
  umask: setting(umask, defaultUmask),
  /** The mode of `state.db`. */
  'state-mode': setting((given) => Number.parseInt(oneOf(given, stateModes), 8), 0o600),
  /** True if files stay that upstream removes; they disappear from the index. */
  'keep-removed': setting(flag, false),
  /** The number of days for which removed files can be restored. */
  'trash-days': setting((given) => wholeNumber(given, 0, 36_500), 30),
  /** Without a slash at its end. */
  'base-url': setting((given) => address(given, true), undefined),
  /** True if the legacy JSON is served, for other mirror programs. */
  'legacy-json': setting(flag, false),
  /** The treatment of provenance objects (PEP 740). */
  provenance: setting((given) => oneOf(given, provenanceModes), 'store'),
  /** The treatment of files whose provenance does not prove their origin. */
  'provenance-policy': setting((given) => oneOf(given, provenancePolicies), 'warn'),
  /** The file with Sigstore's trusted root; undefined for the one that is shipped. */
  'trusted-root-file': setting(absolutePath, undefined),
  /** A URL or an address by which upstream's operators can reach us. */
  contact: setting(oneLine, undefined),
  'log-format': setting((given) => oneOf(given, logFormats), 'text'),
  /** The URLs at which mirrors of this mirror are notified of changes. */
  notify: setting(receivers, []),
  /** The file with the secret that notices are signed with. */
  'notify-secret-file': setting(absolutePath, undefined),
  /** The file with metrics for Prometheus; undefined for none. */
  'metrics-file': setting(metricsFile, undefined),
  /** The commands that a run starts at its end. */
  hooks: setting(hooksIn, noHooks),
  /** The object store that holds files, or all that is served; undefined if all of that is on this machine's disk. */
  storage: setting((given, all) => storageIn(given, all.get('allow-http')?.value === true), undefined),
  /** The file with the private key that snapshots are signed with. */
  'signing-key-file': setting(absolutePath, undefined),
  /** The public key that upstream signs with: the path of a file, or base64. */
  'upstream-key': setting(publicKey, undefined),
  /**
   * The projects to look at; undefined for all. It can be given on the command line only: in the file, `projects` is a
   * policy key.
   */
  projects: setting(names, undefined),
} as const;

export type SettingName = keyof typeof settings;

/** The names of the settings that the file may contain. */
export const settingNames: readonly Exclude<SettingName, 'projects'>[] = (
  Object.keys(settings) as SettingName[]
).filter((name) => name !== 'projects');

/** The member of {@link Settings} that a setting becomes: `trash-days` becomes `trashDays`. */
type MemberName<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<MemberName<Rest>>}`
  : Name;

/** The values of all settings in the table above, given or default. */
export type Settings = {
  readonly [Name in SettingName as MemberName<Name>]: ReturnType<(typeof settings)[Name]['parse']>;
};

/** Returns the settings; those that were not given have their defaults. Throws UsageError. */
export function settingsFrom(given: ReadonlyMap<SettingName, SettingValue>): Settings {
  refuseUselessProvenance(given);
  refuseLoneSettings(given);
  const members = Object.entries(settings).map(([name, { parse, fallback }]) => {
    const found = given.get(name as SettingName);
    const member = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    return [member, found === undefined ? fallback : parse(found, given)] as const;
  });
  const parsed = Object.fromEntries(members) as Settings;
  const { baseUrl, storage } = parsed;
  // The whole of `web/` is found there.
  return { ...parsed, baseUrl: baseUrl ?? (storage?.hold === 'everything' ? storage.publicUrl : undefined) };
}

/** Throws UsageError if the settings ask for proof of provenance, but nothing would be verified. */
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

/** Throws UsageError for a setting that has no effect without another one that is missing. */
function refuseLoneSettings(given: ReadonlyMap<SettingName, SettingValue>): void {
  for (const [name, needed] of [
    ['no-proxy', 'proxy'],
    ['client-key-file', 'client-cert-file'],
  ] as const) {
    const found = given.get(name);
    if (found !== undefined && !given.has(needed))
      throw new UsageError(`${found.where}: means nothing without ${needed}`);
  }
  const most = given.get('max-workers');
  const fixed = given.get('workers');
  // A number on the command line overrides the file for one run.
  if (
    most !== undefined &&
    fixed !== undefined &&
    fixed.value !== 'auto' &&
    fixed.where.startsWith('--') === most.where.startsWith('--')
  )
    throw new UsageError(`${most.where}: means nothing with workers = ${show(fixed.value)}`);
}

function flag({ value, where }: SettingValue): boolean {
  if (typeof value === 'boolean') return value;
  throw new UsageError(`${where}: expected true or false, found ${show(value)}`);
}

function rateLimit({ value, where }: SettingValue): number {
  const [, size = ''] = /^(.*?) ?\/ ?s$/.exec(typeof value === 'string' ? value : '') ?? [];
  const bytes = parseSize(size);
  if (bytes !== undefined && bytes >= minBytesPerSecond) return bytes;
  throw new UsageError(`${where}: expected a rate such as "20MB/s", 100kB/s at least, found ${show(value)}`);
}

function dailyWindow({ value, where }: SettingValue): DailyWindow {
  const window = typeof value === 'string' ? parseDailyWindow(value) : undefined;
  if (window !== undefined) return window;
  throw new UsageError(`${where}: expected a part of the day such as "22:00-06:00", found ${show(value)}`);
}

function workers(given: SettingValue): number | 'auto' {
  return given.value === 'auto' ? 'auto' : wholeNumber(given, 1, 100, ' or "auto"');
}

function wholeNumber({ value, where }: SettingValue, least: number, most: number, other = ''): number {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most) return number;
  throw new UsageError(`${where}: expected a whole number from ${least} to ${most}${other}, found ${show(value)}`);
}

/**
 * Parses a umask. The owner keeps all permissions, and others may never write. The umask of cron or of a shell is not
 * used, because the web server must be able to read.
 */
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

/** Parses a list of addresses. No requests are made to them, so any address will do. */
function addresses({ value, where }: SettingValue): readonly string[] {
  if (Array.isArray(value) && value.length === 0) return [];
  return list(value, where).map((text) => {
    if (indexKey(text) !== undefined) return text;
    throw new UsageError(`${where}: expected an address such as https://mirror.example/simple, found ${show(text)}`);
  });
}

/** Parses the address of a proxy. It may contain a password, so that error messages do not quote it. */
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

/**
 * Parses the URLs of `notify`. Plain HTTP is allowed: a notice contains no secret, and its signature cannot be used
 * again.
 */
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

/** The file is replaced, so it must be no other one by mistake; the collector of node exporter reads `*.prom` only. */
function metricsFile({ value, where }: SettingValue): string {
  if (typeof value === 'string' && /^\/.*[^/]\.prom$/.test(value)) return value;
  throw new UsageError(`${where}: expected an absolute path that ends with .prom, found ${show(value)}`);
}

/** Parses a path, which must be absolute: cron and the CGI start in different folders. */
function absolutePath({ value, where }: SettingValue): string {
  if (typeof value === 'string' && value.startsWith('/')) return value;
  throw new UsageError(`${where}: expected an absolute path, found ${show(value)}`);
}

/** Parses a public key. In base64, every Ed25519 key begins with the same letters. */
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
