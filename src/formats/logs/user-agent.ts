/**
 * Who downloads: what the User-Agent of an installer says, by the rules with which PyPI's own statistics read it, and
 * for the forms that these miss: setuptools on Python 3.10 and later, pdm with the system, Artifactory with its build,
 * and programs of which they know nothing.
 * Only what is recognized is ever published, names as well as versions: an agent can hold anything, such as what pip's
 * users put into `user_data`.
 */
import { isJsonObject, type JsonObject } from '../json.ts';

/** A product and its version. */
export interface Product {
  readonly name: string;
  readonly version?: string;
}

/** What is known of a client; members that its agent does not tell are absent. */
export interface UserAgent {
  readonly installer?: Product;
  /** The full version of Python. */
  readonly python?: string;
  readonly implementation?: Product;
  /** The operating system's kernel; the version is its release. */
  readonly system?: Product;
}

/** Stands for installers of which there are too many to be told apart. */
export const otherLabel = 'other';

/** What follows is no name of an installer; it also bounds the time that the rules take. */
const longest = 500;

/** pip since 6, uv, and Hatch since 1.16: a JSON object follows, behind which Hatch names its library. */
const json = /^(?:pip|uv|hatch)\/\S+ \{/i;

/** Programs whose agents begin with their name and version. */
const programs = [
  ...['pip', 'uv', 'poetry', 'pdm', 'hatch', 'pipenv', 'pipx', 'pip-tools', 'pip-audit', 'unearth', 'rye', 'flit'],
  ...['setuptools', 'distribute', 'twine', 'maturin', 'pex', 'pants', 'micropip', 'buck2'],
  ...['conda', 'mamba', 'libmamba', 'micromamba', 'conda-lock', 'pixi', 'rattler-build', 'Homebrew'],
  ...['bandersnatch', 'z3c.pypimirror', 'pep381client', 'Shadowmire', 'proxpi', 'pulpcore', 'pypiserver', 'pypicloud'],
  ...['Nexus', 'Artifactory', 'RenovateBot', 'Renovate', 'dependabot-core'],
];

/** By their names in small letters: what is published of whoever names itself so. */
const names = new Map(
  [
    ...programs,
    ...['uv-pip', 'Bazel', 'devpi', 'requests', 'httpx', 'aiohttp', 'urllib3', 'msnbot', 'Googlebot-Mobile'],
    ...['OS', 'Browser'],
  ].map((name) => [name.toLowerCase(), name]),
);

/**
 * The rules, the first that fits wins; the names of the groups are those of the members. Of two parts with a slash
 * between them one has none itself (the system may: GNU/kFreeBSD), or a text of slashes is taken apart in every way.
 */
const rules: readonly RegExp[] = [
  /^(?<installer>pip)\/(?<version>\S+) (?<implementation>[^\s/]+)\/(?<implementationVersion>\S+) (?<system>\S+)\/(?<release>[^\s/]+)$/,
  /^Python-urllib\/(?<python>\d\.\d{1,2}) (?<installer>setuptools|distribute)\/(?<version>\S+)$/,
  /^(?<installer>setuptools|distribute)\/(?<version>\S+) Python-urllib\/(?<python>\d\.\d{1,2})$/,
  /^Python-urllib\/(?<python>\d\.\d{1,2})$/,
  /^(?<installer>poetry|pdm)\/(?<version>\S+) (?<implementation>[^\s/]+)\/(?<implementationVersion>\S+)(?: (?<system>[^\s/]+)\/(?<release>\S*))?$/,
  /^(?<installer>twine)\/(?<version>\S+)(?: .*)? (?<implementation>[^\s/]+)\/(?<implementationVersion>\S+)$/,
  // Behind a version it tells its commit; one that was built by hand has no version.
  /^(?<installer>Bazel)\/(?:release )?(?<version>\d[^\s/]*?(?: dev)?)-?(?: \(.*\))?$/,
  /^(?<installer>Bazel)\//,
  new RegExp(`^(?<installer>${programs.map((name) => name.replace('.', '\\.')).join('|')})/(?<version>\\S+)`, 'i'),
  /^(?<installer>pep381client)-proxy\/(?<version>\S+)/,
  /^(?<installer>devpi)-(?:server|client)\/(?<version>\S+)/,
  /^python-(?<installer>requests|httpx|urllib3)\/(?<version>\S+)/,
  /^Python\/(?<python>\d\.\d{1,2}) (?<installer>aiohttp)\/(?<version>\S+)/,
  /^(?<installer>Shadowmire)\b/,
  // 1.5 told these two from browsers.
  /^(?<installer>msnbot)\/(?<version>[^\s;()]+)/,
  /\b(?<installer>Googlebot-Mobile)\/(?<version>[^\s;()]+)/,
];

const systemTools =
  /^(?:(?:fetch )?libfetch|OpenBSD ftp|MacPorts|NetBSD-ftp|slapt-get|pypi-install|slackrepo|PTXdist|GARstow|xbps)\b/;
const browsers =
  /^(?:Mozilla|Safari|Firefox|Chrome|Opera|UCWEB|Lynx|Links|ELinks|w3m|URL\/Emacs|com\.apple\.WebKit\.Networking|wget2?|curl|libcurl|aria2|axel|HTTPie|FDM \S+|AndroidDownloadManager|okhttp|Apache-HttpClient)(?:\/|$)/i;

/** What `text`, an agent as the client sent it, says. */
export function parseUserAgent(text: string): UserAgent {
  const object = json.test(text) ? objectIn(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) : undefined;
  return object === undefined ? fromText(text.slice(0, longest)) : fromObject(object);
}

/** What stands for the client in statistics: `pip/26.2.1`, `Browser`, or `unknown`. */
export function agentLabel({ installer, python }: UserAgent): string {
  if (installer === undefined) {
    const version = plausible(python);
    return version === undefined ? 'unknown' : `Python-urllib/${version}`;
  }
  const name = names.get(installer.name.toLowerCase());
  if (name === undefined) return 'unknown';
  const version = plausible(installer.version);
  return version === undefined ? name : `${name}/${version}`;
}

/** A label without its version: `pip`. */
export function labelName(label: string): string {
  return label.split('/', 1)[0] ?? label;
}

/** The version of Python without its last part: `3.12`. */
export function pythonLabel({ python, implementation }: UserAgent): string | undefined {
  const version = python ?? (implementation?.name === 'CPython' ? implementation.version : undefined);
  return /^[1-9]\.\d{1,2}(?!\d)/.exec(version ?? '')?.[0];
}

/** The name of the operating system, where it is one that there is: `Linux`. */
export function systemLabel({ system }: UserAgent): string | undefined {
  return systems.exec(system?.name ?? '')?.[0];
}

/** What Python calls those it runs on; with Cygwin and its kin goes the version of Windows, which is left away. */
const systems =
  /^(?:(?:Linux|Darwin|Windows|Android|iOS|iPadOS|FreeBSD|GNU\/kFreeBSD|OpenBSD|NetBSD|DragonFly|SunOS|AIX|HP-UX|Haiku|GNU|Java|Emscripten)$|CYGWIN_NT|MSYS_NT|MINGW32_NT|MINGW64_NT)/;

/**
 * What may stand in a version beside its numbers: nobody's message to the readers of statistics. The words are those of
 * PEP 440 and its like, and of those who build for a distribution.
 */
const words =
  'a|b|c|rc|alpha|beta|pre|preview|post|rev|r|dev|final|snapshot|nightly|canary|dfsg|deb|debian|ubuntu|el|fc';
const version = new RegExp(
  `^(?:\\d{1,4}!)?\\d{1,8}(?:\\.\\d{1,8}){0,7}` +
    `(?:[.+_-]?(?:${words})[._-]?\\d{0,14}|[.+_-]\\d{1,8}|[.+_-]g[0-9a-f]{7,12}){0,4}(?: dev|\\+)?$`,
  'i',
);

function plausible(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= 40 && version.test(text) ? text : undefined;
}

function fromText(text: string): UserAgent {
  for (const rule of rules) {
    const groups = rule.exec(text)?.groups;
    if (groups === undefined) continue;
    const implementation = product(groups.implementation, groups.implementationVersion);
    const isOldPip = groups.installer === 'pip' && implementation?.name === 'CPython';
    return agent(
      product(groups.installer, groups.version),
      groups.python ?? (isOldPip ? implementation.version : undefined),
      implementation,
      product(groups.system, groups.release),
    );
  }
  if (systemTools.test(text)) return { installer: { name: 'OS' } };
  return browsers.test(text) ? { installer: { name: 'Browser' } } : {};
}

function fromObject(object: JsonObject): UserAgent {
  const part = (key: string, version = 'version'): Product | undefined => {
    const value = object[key];
    return isJsonObject(value) ? product(value.name, value[version]) : undefined;
  };
  const python = typeof object.python === 'string' ? object.python : undefined;
  return agent(part('installer'), python, part('implementation'), part('system', 'release'));
}

function agent(
  installer: Product | undefined,
  python: string | undefined,
  implementation: Product | undefined,
  system: Product | undefined,
): UserAgent {
  return {
    ...(installer === undefined ? {} : { installer }),
    ...(python === undefined ? {} : { python }),
    ...(implementation === undefined ? {} : { implementation }),
    ...(system === undefined ? {} : { system }),
  };
}

function product(name: unknown, version: unknown): Product | undefined {
  if (typeof name !== 'string' || name === '' || name === 'unknown') return undefined;
  return typeof version === 'string' && version !== '' ? { name, version } : { name };
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
