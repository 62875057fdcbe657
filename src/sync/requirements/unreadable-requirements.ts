/** Collects requirements that cannot be read or that come from no index, to report one line about each. */
import type { LooseRequirement } from '../../packaging/loose-requirement.ts';
import type { FileRequirements } from './file-requirements.ts';

/** Maximum number of unreadable requirements reported per project. */
const maxUnreadableReported = 10;
const maxShownLength = 100;

export interface UnreadableRequirement {
  /** The file and the line where it occurs first. */
  readonly where: string;
  /** The consequence for the mirror, as the end of a sentence. */
  readonly consequence: string;
}

/**
 * Adds the requirement `text` to `unread` unless it is known. `requirement` is the part of it that could be read, if
 * any. If that is all of it, the requirement has a URL.
 */
export function noteUnreadable(
  unread: Map<string, UnreadableRequirement>,
  { where, text: whole }: FileRequirements,
  text: string,
  requirement: LooseRequirement | undefined,
): void {
  if (unread.has(text)) return;
  const line = whole === undefined ? undefined : lineOf(whole, text);
  const at = line === undefined ? where : `${where}:${line}`;
  unread.set(text, { where: at, consequence: consequenceOf(requirement) });
}

function consequenceOf(requirement: LooseRequirement | undefined): string {
  if (requirement === undefined) return 'names no project, and is passed over';
  if (requirement.unread === undefined) return 'comes from a URL, not from an index, and is not held';
  if (requirement.unread === 'marker') return `has a marker that cannot be read, and counts everywhere`;
  return `cannot be read, and any version of ${requirement.name} is held`;
}

function lineOf(whole: Buffer, text: string): number | undefined {
  const lines = whole.toString('utf8').split(/\r\n|\r|\n/);
  const found = lines.findIndex((line) => line.includes(text));
  return found < 0 ? undefined : found + 1;
}

/** Returns a line about each unreadable requirement. */
export function unreadableLines(unread: ReadonlyMap<string, UnreadableRequirement>): string[] {
  const lines = [...unread].slice(0, maxUnreadableReported).map(([text, { where, consequence }]) => {
    const shown = text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;
    return `${where}: ${JSON.stringify(shown)} ${consequence}`;
  });
  const more = unread.size - maxUnreadableReported;
  return more > 0 ? [...lines, `${more} more requirements cannot be read`] : lines;
}
