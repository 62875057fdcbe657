/**
 * Reads the User-Agent of installers by the rules of PyPI's own statistics, with additional rules for forms that those
 * miss: setuptools on Python 3.10 and later, pdm with a system, Artifactory with its build, and programs unknown to
 * PyPI. Only names and versions that are recognized are published, because an agent can contain anything, such as what
 * users of pip put into `user_data`.
 */
import { isJsonObject, type JsonObject } from '../json.ts';

/** A product and its version. */
export interface Product {
  readonly name: string;
  readonly version?: string;
}

/** The known facts about a client. Members that the agent does not give are absent. */
export interface UserAgent {
  readonly installer?: Product;
  /** The full version of Python. */
  readonly python?: string;
  readonly implementation?: Product;
  /** The operating system's kernel; the version is its release. */
  readonly system?: Product;
}

/** The label for installers that are too many to list separately. */
export const otherLabel = 'other';

/**
 * Characters of an agent that are read. Nothing behind them is the name of an installer, and the limit bounds the time
 * that the rules take.
 */
const maxAgentLength = 500;

/** User agents with a JSON object: pip since 6, uv, and Hatch since 1.16, which names its library behind the object. */
const json = /^(?:pip|uv|hatch)\/\S+ \{/i;

/** Programs whose agents begin with their name and version. */
const programs = [
  ...['pip', 'uv', 'poetry', 'pdm', 'hatch', 'pipenv', 'pipx', 'pip-tools', 'pip-audit', 'unearth', 'rye', 'flit'],
  ...['setuptools', 'distribute', 'twine', 'maturin', 'pex', 'pants', 'micropip', 'buck2'],
  ...['conda', 'mamba', 'libmamba', 'micromamba', 'conda-lock', 'pixi', 'rattler-build', 'Homebrew'],
  ...['bandersnatch', 'z3c.pypimirror', 'pep381client', 'Shadowmire', 'proxpi', 'pulpcore', 'pypiserver', 'pypicloud'],
  ...['Nexus', 'Artifactory', 'RenovateBot', 'Renovate', 'dependabot-core'],
];

/** The published spellings of names, by lower-case name. */
const names = new Map(
  [
    ...programs,
    ...['uv-pip', 'Bazel', 'devpi', 'requests', 'httpx', 'aiohttp', 'urllib3', 'msnbot', 'Googlebot-Mobile'],
    ...['OS', 'Browser'],
  ].map((name) => [name.toLowerCase(), name]),
);

/**
 * The rules, of which the first that matches counts. The names of the groups are those of the members. In
 * `name/version` only one part may contain a slash: if both could, a text of slashes would be tried in every split. The
 * part that may is for example the system, because of GNU/kFreeBSD.
 */
const rules: readonly RegExp[] = [
  /^(?<installer>pip)\/(?<version>\S+) (?<implementation>[^\s/]+)\/(?<implementationVersion>\S+) (?<system>\S+)\/(?<release>[^\s/]+)$/,
  /^Python-urllib\/(?<python>\d\.\d{1,2}) (?<installer>setuptools|distribute)\/(?<version>\S+)$/,
  /^(?<installer>setuptools|distribute)\/(?<version>\S+) Python-urllib\/(?<python>\d\.\d{1,2})$/,
  /^Python-urllib\/(?<python>\d\.\d{1,2})$/,
  /^(?<installer>poetry|pdm)\/(?<version>\S+) (?<implementation>[^\s/]+)\/(?<implementationVersion>\S+)(?: (?<system>[^\s/]+)\/(?<release>\S*))?$/,
  /^(?<installer>twine)\/(?<version>\S+)(?: .*)? (?<implementation>[^\s/]+)\/(?<implementationVersion>\S+)$/,
  // The commit may follow the version. A build by hand has no version.
  /^(?<installer>Bazel)\/(?:release )?(?<version>\d[^\s/]*?(?: dev)?)-?(?: \(.*\))?$/,
  /^(?<installer>Bazel)\//,
  new RegExp(`^(?<installer>${programs.map((name) => name.replace('.', '\\.')).join('|')})/(?<version>\\S+)`, 'i'),
  /^(?<installer>pep381client)-proxy\/(?<version>\S+)/,
  /^(?<installer>devpi)-(?:server|client)\/(?<version>\S+)/,
  /^python-(?<installer>requests|httpx|urllib3)\/(?<version>\S+)/,
  /^Python\/(?<python>\d\.\d{1,2}) (?<installer>aiohttp)\/(?<version>\S+)/,
  /^(?<installer>Shadowmire)\b/,
  // Two bots that 1.5 told apart from browsers.
  /^(?<installer>msnbot)\/(?<version>[^\s;()]+)/,
  /\b(?<installer>Googlebot-Mobile)\/(?<version>[^\s;()]+)/,
];

const systemTools =
  /^(?:(?:fetch )?libfetch|OpenBSD ftp|MacPorts|NetBSD-ftp|slapt-get|pypi-install|slackrepo|PTXdist|GARstow|xbps)\b/;
const browsers =
  /^(?:Mozilla|Safari|Firefox|Chrome|Opera|UCWEB|Lynx|Links|ELinks|w3m|URL\/Emacs|com\.apple\.WebKit\.Networking|wget2?|curl|libcurl|aria2|axel|HTTPie|FDM \S+|AndroidDownloadManager|okhttp|Apache-HttpClient)(?:\/|$)/i;

/** Returns the facts in `text`, a user agent as the client sent it. */
export function parseUserAgent(text: string): UserAgent {
  const object = json.test(text) ? objectIn(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) : undefined;
  return object === undefined ? fromText(text.slice(0, maxAgentLength)) : fromObject(object);
}

/** Returns the label of the client in statistics: `pip/26.2.1`, `Browser`, or `unknown`. */
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

/** Returns a label without its version: `pip`. */
export function labelName(label: string): string {
  return label.split('/', 1)[0] ?? label;
}

/** Returns the major and minor version of Python, such as `3.12`, or undefined. */
export function pythonLabel({ python, implementation }: UserAgent): string | undefined {
  const version = python ?? (implementation?.name === 'CPython' ? implementation.version : undefined);
  return /^[1-9]\.\d{1,2}(?!\d)/.exec(version ?? '')?.[0];
}

/** Returns the name of the operating system, such as `Linux`, or undefined if it is not a known one. */
export function systemLabel({ system }: UserAgent): string | undefined {
  return systems.exec(system?.name ?? '')?.[0];
}

/** The systems by the names that Python uses. For Cygwin and its relatives the version of Windows is cut off. */
const systems =
  /^(?:(?:Linux|Darwin|Windows|Android|iOS|iPadOS|FreeBSD|GNU\/kFreeBSD|OpenBSD|NetBSD|DragonFly|SunOS|AIX|HP-UX|Haiku|GNU|Java|Emscripten)$|CYGWIN_NT|MSYS_NT|MINGW32_NT|MINGW64_NT)/;

/**
 * The words allowed in a version beside numbers, so that nobody can publish a message through the statistics. They are
 * those of PEP 440 and similar schemes, and of distributions' packagers.
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
