/** The command line of pep381run. */
import minimist from 'minimist';
import { UsageError } from '../core/errors.ts';
import { refuseUnknown } from './refuse-unknown.ts';
import type { Given, SettingName } from './settings.ts';

/** What the command line asks for. */
export type RunCommand =
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'import'; readonly path: string }
  | {
      readonly kind: 'run';
      readonly target: string;
      readonly quiet: boolean;
      readonly reconcile: boolean;
      readonly dryRun: boolean;
      readonly given: ReadonlyMap<SettingName, Given>;
    };

export const runUsage = 'Usage: pep381run [OPTIONS] TARGET';

export const runHelp = `${runUsage}

Mirrors a Python package index into TARGET/web, which a web server can serve as it is.
Run it again, by cron, to bring the mirror up to date; a run that was interrupted is continued.

Options:
  -q, --quiet              print nothing unless something needs a person
  -h, --help               show this help and exit
  --version                show the version and exit
  --upstream URL           the index to mirror (default: https://pypi.org)
  --project NAME           look at this project only; may be given several times
  --index-only             mirror the pages only; their links point at upstream's files
  --workers N              connections at the same time, 1 to 100 (default: 10)
  --reconcile              compare everything with upstream's list of projects
  --dry-run                print what a run would do, and do nothing
  --import-config FILE     print the mirror.toml that does what this bandersnatch.conf does
  --log-format text|json   how to write what happens (default: text)

TARGET/mirror.toml can hold the same settings and more; the README lists them.
Exit codes: 0 the mirror is right, 1 something failed and stays queued, 2 wrong usage,
3 upstream cannot be reached, 4 local storage failed, 5 deletions were held back.
`;

const flags = ['quiet', 'help', 'version', 'index-only', 'reconcile', 'dry-run'] as const;
const values = ['upstream', 'project', 'workers', 'log-format'] as const;
const importing = 'import-config';
const shortcuts = { q: 'quiet', h: 'help' } as const;

/** Reads the arguments. Throws UsageError. */
export function parseRunOptions(argv: readonly string[]): RunCommand {
  refuseUnknown(argv, { flags, values: [...values, importing] });
  const strings = [...values, importing, '_'];
  const parsed = minimist([...argv], { boolean: [...flags], string: strings, alias: shortcuts });
  if (parsed.help) return { kind: 'help' };
  if (parsed.version) return { kind: 'version' };
  const path: unknown = parsed[importing];
  if (path !== undefined) return { kind: 'import', path: importedPath(path) };
  const given = new Map<SettingName, Given>();
  for (const name of values) {
    const value: unknown = parsed[name];
    if (value === undefined) continue;
    if (value === '') throw new UsageError(`--${name} requires a value`);
    if (Array.isArray(value) && name !== 'project') throw new UsageError(`--${name} is given twice`);
    given.set(name === 'project' ? 'projects' : name, { value, where: `--${name}` });
  }
  if (parsed['index-only']) given.set('index-only', { value: true, where: '--index-only' });
  const [target, ...more] = parsed._;
  if (target === undefined || target === '' || more.length > 0) {
    throw new UsageError('You have to specify a target directory');
  }
  return {
    kind: 'run',
    target,
    quiet: parsed.quiet === true,
    reconcile: parsed.reconcile === true,
    dryRun: parsed['dry-run'] === true,
    given,
  };
}

function importedPath(path: unknown): string {
  if (typeof path === 'string' && path !== '') return path;
  throw new UsageError(`--${importing} expects the path of one bandersnatch.conf`);
}
