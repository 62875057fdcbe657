/** The command line of pep381run. */
import minimist from 'minimist';
import { UsageError } from '../core/errors.ts';
import { suggestion } from './nearest.ts';
import type { Given, SettingName } from './settings.ts';

/** What the command line asks for. */
export type RunCommand =
  | { readonly kind: 'help' | 'version' }
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
  --log-format text|json   how to write what happens (default: text)

TARGET/mirror.toml can hold the same settings and more; the README lists them.
Exit codes: 0 the mirror is right, 1 something failed and stays queued, 2 wrong usage,
3 upstream cannot be reached, 4 local storage failed, 5 deletions were held back.
`;

const flags = ['quiet', 'help', 'version', 'index-only', 'reconcile', 'dry-run'] as const;
const values = ['upstream', 'project', 'workers', 'log-format'] as const;
const shortcuts = { q: 'quiet', h: 'help' } as const;
const shortOptions = /^-[qh]+$/;

/** Reads the arguments. Throws UsageError. */
export function parseRunOptions(argv: readonly string[]): RunCommand {
  refuseUnknown(argv);
  const parsed = minimist([...argv], { boolean: [...flags], string: [...values, '_'], alias: shortcuts });
  if (parsed.help) return { kind: 'help' };
  if (parsed.version) return { kind: 'version' };
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

/** minimist would let `-q5`, `--quiet=no` and `--no-workers` pass, and stumbles over `--constructor`. */
function refuseUnknown(argv: readonly string[]): void {
  const end = argv.indexOf('--');
  for (const text of end < 0 ? argv : argv.slice(0, end)) {
    if (!/^-./.test(text) || shortOptions.test(text)) continue;
    const name = text.replace(/=.*/s, '');
    if (values.some((known) => name === `--${known}`)) continue;
    if (!flags.some((known) => name === `--${known}`)) {
      const known = [...flags, ...values].map((option) => `--${option}`);
      throw new UsageError(`no such option: ${name}${suggestion(name, known)}`);
    }
    if (name !== text) throw new UsageError(`${name} takes no value`);
  }
}
