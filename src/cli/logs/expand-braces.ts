/**
 * `pypi.log{,.1}` in a crontab means two files to bash and one, with that very name, to the shell that cron uses unless
 * told otherwise. 1.5's documentation has that line, so what no shell has expanded is expanded here.
 */
import { existsSync } from 'node:fs';

const longestList = 1000;

/** `paths` with every `{a,b}` replaced, in those that name no file as they are. */
export function expandBraces(paths: readonly string[], exists: (path: string) => boolean = existsSync): string[] {
  return paths.flatMap((path) => (exists(path) ? [path] : expand(path).slice(0, longestList)));
}

function expand(path: string): string[] {
  const [found, before = '', list = '', after = ''] = /^([^{]*)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(path) ?? [];
  if (found === undefined) return [path];
  const ends = expand(after);
  return list.split(',').flatMap((choice) => ends.map((end) => before + choice + end));
}
