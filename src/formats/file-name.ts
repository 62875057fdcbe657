/** Finds the project in a file name: exactly for wheels (PEP 427) and new sdists (PEP 625), by guessing for others. */
import { type ProjectName, projectName } from '../core/names.ts';

const suffix = /\.(?:tar\.(?:gz|bz2|xz|z)|tgz|tbz|zip|bz2|egg|exe|msi|rpm|deb|dmg)$/i;
/** A version in any spelling that PEP 440 accepts, followed by the platform if the file is a binary. */
const version =
  /^v?(?:\d+!)?\d+(?:\.\d+)*(?:[._-]?(?:alpha|a|beta|b|preview|pre|c|rc)[._-]?\d*)?(?:-\d+|[._-]?(?:post|rev|r)[._-]?\d*)?(?:[._-]?dev[._-]?\d*)?(?:\+[a-z0-9]+(?:[._-][a-z0-9]+)*)?(?:[.-](?:py\d|win|linux|macosx|noarch|src|i\d86|x86_64|amd64).*)?$/i;

/** Returns the projects that a file of this name may belong to, the likeliest first. */
export function projectCandidates(filename: string): ProjectName[] {
  const isWheel = /\.whl$/i.test(filename);
  const parts = filename.replace(isWheel ? /\.whl$/i : suffix, '').split('-');
  if (isWheel || /\.egg$/i.test(filename)) return named([parts[0] ?? '']);
  const splits = parts.slice(1).map((_, index) => index + 1);
  const whole = splits.filter((at) => version.test(parts.slice(at).join('-')));
  const numbered = splits.filter((at) => /^v?\d/i.test(parts[at] ?? ''));
  const last = splits.slice(-1);
  const order = [...new Set([...whole, ...numbered, ...last, ...splits])];
  return named(order.length === 0 ? parts : order.map((at) => parts.slice(0, at).join('-')));
}

function named(texts: readonly string[]): ProjectName[] {
  const names = texts.map(projectName).filter((name) => name !== undefined);
  return [...new Set(names)];
}
