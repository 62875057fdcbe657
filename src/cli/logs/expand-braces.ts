/**
 * Expands braces. `pypi.log{,.1}` in a crontab is two files for bash, but one with that very name for cron's default
 * shell. 1.5's documentation has such a line, so it is expanded here if no shell did.
 */
import { existsSync } from 'node:fs';

const maxPaths = 1000;

/** Returns `paths` with every `{a,b}` expanded, except in paths that exist as they are. */
export function expandBraces(paths: readonly string[], exists: (path: string) => boolean = existsSync): string[] {
  return paths.flatMap((path) => (exists(path) ? [path] : expand(path).slice(0, maxPaths)));
}

function expand(path: string): string[] {
  const [found, before = '', list = '', after = ''] = /^([^{]*)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(path) ?? [];
  if (found === undefined) return [path];
  const ends = expand(after);
  return list.split(',').flatMap((choice) => ends.map((end) => before + choice + end));
}
