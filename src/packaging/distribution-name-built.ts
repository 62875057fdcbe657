/**
 * Reads the names of built files that are not wheels: `1.0-py2.7-linux-x86_64` (egg), `1.0.win32-py2.7` (installers),
 * `1.0.linux-x86_64` (built archives), `1.0-1.noarch` (rpm), `1.0-1_all` (deb).
 */
import type { DistributionKind } from './distribution-name-kinds.ts';
import { parsePlatformTag } from './platform-tag.ts';
import { machineNamed } from './platform-tag-machines.ts';
import { parsePythonTag } from './python-tag.ts';
import type { WheelTags } from './wheel-tags.ts';

/** The version as the name spells it, empty if there is none, and the interpreters and platforms of the file. */
export interface Built {
  readonly version: string;
  readonly tags: WheelTags;
}

/** Matches the beginning of a platform name, which ends a version: only a local version (`+`) may contain such text. */
const platformStart =
  /[-._ ](?:linux|macos|darwin|win(?:\d|-|xp|dows)|cygwin|mingw|freebsd|openbsd|netbsd|solaris|aix)/i;
const tailStart = new RegExp(`${platformStart.source}|[-._ ]py(?:thon)?\\d`, 'i');
const pythonPart = /[-._]?py(?:thon)?(\d)(?:\.(\d+))?(?:\.\d+)*/;
const machinePart = /[._](x86_64|[a-z0-9]+)$/;

/**
 * Reads the part after the project's name in the name of a file of `kind`, which is not `wheel`, `sdist` or `other`.
 */
export function parseBuilt(kind: DistributionKind, text: string): Built {
  if (kind === 'rpm' || kind === 'deb') return packaged(kind, text);
  const start = text.search(tailStart);
  if (start < 0) return { version: text, tags: builtTags('', kind) };
  return { version: text.slice(0, start), tags: builtTags(text.slice(start).toLowerCase(), kind) };
}

/**
 * Returns true if an archive holds built files (`bdist_dumb`) instead of sources. `text` follows the project's name.
 */
export function isBuiltArchive(text: string): boolean {
  return !text.includes('+') && platformStart.test(text);
}

/**
 * Reads a version without the package's release: `1.0` of `1.0-1.noarch` and `1.0-1_all`. The version of an rpm cannot
 * contain `-`, that of a deb can.
 */
function packaged(kind: DistributionKind, text: string): Built {
  const machine = machineNamed(machinePart.exec(text.toLowerCase())?.[1] ?? '');
  const released = kind === 'deb' ? text.replace(/_[a-z0-9]+$/, '') : text;
  const end = kind === 'deb' ? released.lastIndexOf('-') : released.indexOf('-');
  return {
    version: end < 0 ? released : released.slice(0, end),
    tags: tagsOf(undefined, machine === undefined ? 'linux' : `linux_${machine}`),
  };
}

function builtTags(tail: string, kind: DistributionKind): WheelTags {
  const found = pythonPart.exec(tail);
  const before = tail.slice(0, found?.index ?? tail.length);
  const after = found === null ? '' : tail.slice(found.index + found[0].length);
  const platformText = trimmed(before) || trimmed(after);
  const python = found === null ? undefined : `py${found[1]}${found[2] ?? ''}`;
  return tagsOf(python, platformOf(kind, platformText.replaceAll(/[-.]/g, '_')));
}

/** Returns the platform tag. Installers for Windows were also built on other systems and are then named after those. */
function platformOf(kind: DistributionKind, platformText: string): string {
  if (kind === 'dmg') return platformText.startsWith('mac') ? platformText : 'macos';
  if (kind === 'wininst' || kind === 'msi') return /^win(?:32|64|_)/.test(platformText) ? platformText : 'win';
  return platformText === '' ? 'any' : platformText;
}

function tagsOf(python: string | undefined, platform: string): WheelTags {
  const pythons = (python === undefined ? ['py2', 'py3'] : [python]).map(parsePythonTag);
  return { pythons, abis: ['none'], platforms: [parsePlatformTag(platform)] };
}

function trimmed(text: string): string {
  return text.replace(/^[-._ ]+/, '');
}
