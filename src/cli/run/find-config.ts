/** Looks for the configuration of bandersnatch, from which a new mirror takes its `mirror.toml`. */
import { dirname, join } from 'node:path';
import { isThere, type Target } from '../target/target.ts';

const confName = 'bandersnatch.conf';

export function confInTarget(root: string): string {
  return join(root, confName);
}

export function confBesideTarget(root: string): string {
  return join(dirname(root), confName);
}

/** Returns true if there is one that a mirror may be made by: the target has no `mirror.toml`, and is no mirror yet. */
export function mayImportConfig({ root, config }: Target, isMirror: boolean): boolean {
  return !isMirror && !isThere(config) && [confInTarget(root), confBesideTarget(root)].some(isThere);
}
