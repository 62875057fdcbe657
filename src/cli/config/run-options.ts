/** The command line of pep381run. */
import minimist from 'minimist';
import { UsageError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { exitCodesHelp, exitMeanings } from '../program/exit-codes.ts';
import { optionNames, optionsHelp } from './option-forms.ts';
import type { SettingName, SettingValue } from './settings.ts';
import { defaultThresholds, limitsIn, type Thresholds } from './thresholds.ts';
import { refuseUnknown } from './unknown-options.ts';

/** A share of all projects: which, from 1, of how many. */
export interface Share {
  readonly number: number;
  readonly of: number;
}

/** The command that a command line of pep381run asks for. */
export type RunCommand =
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'example' }
  | { readonly kind: 'import'; readonly path: string }
  | {
      readonly kind: 'why';
      /** A project, one of its versions, or one of its files. */
      readonly subject: string;
      readonly target: string;
      readonly given: ReadonlyMap<SettingName, SettingValue>;
    }
  | {
      readonly kind: 'restore';
      readonly quiet: boolean;
      readonly names: readonly ProjectName[];
      readonly target: string;
      readonly given: ReadonlyMap<SettingName, SettingValue>;
    }
  | {
      readonly kind: 'backup';
      /** The path of the copy. */
      readonly file: string;
      readonly quiet: boolean;
      readonly target: string;
    }
  | {
      readonly kind: 'move';
      /** Where the mirror is to lie. */
      readonly to: 's3' | 'disk';
      readonly quiet: boolean;
      readonly target: string;
      readonly given: ReadonlyMap<SettingName, SettingValue>;
    }
  | {
      readonly kind: 'prefetch';
      readonly share: Share;
      /** True if the whole index is meant. */
      readonly all: boolean;
      readonly quiet: boolean;
      readonly target: string;
      readonly given: ReadonlyMap<SettingName, SettingValue>;
    }
  | {
      readonly kind: 'status';
      /** The limits for a monitoring system; undefined to print the status for people. */
      readonly check: Thresholds | undefined;
      readonly target: string;
      readonly given: ReadonlyMap<SettingName, SettingValue>;
    }
  | {
      readonly kind: 'run';
      readonly target: string;
      readonly quiet: boolean;
      readonly reconcile: boolean;
      readonly acceptChanges: readonly ProjectName[];
      /** True if the whole index is to be mirrored, however large it is. */
      readonly all: boolean;
      /** The number of held-back deletions that may be done. */
      readonly allowDeletions: number | undefined;
      readonly dryRun: boolean;
      /** True for a dry run that ends with tables of the planned work. */
      readonly plan: boolean;
      readonly given: ReadonlyMap<SettingName, SettingValue>;
    };

export const runUsage = 'Usage: pep381run [OPTIONS] TARGET';

/** All options, as {@link optionsHelp} shows them. What README.md and pep381run(1) say of them is in run-manual.ts. */
export const runOptions = {
  '-q, --quiet': 'print nothing unless something needs a person',
  '-h, --help': 'show this help and exit',
  '--version': 'show the version and exit',
  '--upstream URL': 'the index to mirror (default: https://pypi.org)',
  '--project NAME': 'look at this project only; may be given several times',
  '--index-only': "mirror the pages only; their links point at upstream's files",
  '--workers N|auto': 'connections to each host at the same time, 1 to 100 (default: auto)',
  '--all': 'mirror everything, although it is larger than the disk, or is to go\ninto a bucket',
  '--reconcile': "compare everything with upstream's list of projects",
  '--accept-changes NAME':
    "take upstream's files of this project although others are held\nunder their names; may be given several times",
  '--allow-deletions N': 'let the projects go, or lose files, that were held back, where they\nare N at most',
  '--restore NAME': 'bring a removed project back from the trash; may be given several times',
  '--dry-run': 'print what a run would do, and do nothing',
  '--plan': 'print what a run would fetch and remove, by rule, and do nothing',
  '--status': 'print how the mirror is',
  '--check':
    'with --status: print one line for a monitoring system, and exit with 0\n(OK), 1 (warning), 2 (critical) or 3 (unknown), as plugins of Nagios do',
  '--warning LIMITS':
    'with --check: what is a warning, such as age=6h,free=10%,check=off; also\nqueue, parked, held-back, alarms',
  '--critical LIMITS': 'with --check: what is critical',
  '--why NAME': 'print why a project is held or left out, and its files; also\nNAME==VERSION and NAME/FILENAME',
  '--backup FILE': 'copy state.db into FILE, also while a run is at work',
  '--move-to s3|disk': 'move the mirror into the bucket of [storage], or back to the disk',
  '--prefetch N/M':
    'fetch the files of a share of all projects, such as 2/4, into the\nbucket of [storage], for the machine that publishes',
  '--example-config': 'print a mirror.toml with every setting',
  '--import-config FILE': 'print the mirror.toml that does what this bandersnatch.conf does',
  '--log-format text|json': 'how to write what happens (default: text)',
} as const;

export const runHelp = `${runUsage}

Mirrors a Python package index into TARGET/web, which a web server can serve as it is.
Run it again, by cron, to bring the mirror up to date; a run that was interrupted is continued.

Options:
${optionsHelp(runOptions)}

TARGET/mirror.toml can hold the same settings and more; --example-config lists them.
--status and --why only read, also while a run is at work; --why exits with 1 when nothing is known.
${exitCodesHelp(exitMeanings, 'usage')}
`;

const { flags, values, shortcuts } = optionNames(runOptions);
const example = 'example-config';
/** The options whose values are settings. */
const settings = ['upstream', 'project', 'workers', 'log-format'] as const;
const importing = 'import-config';
const explaining = 'why';
const allowing = 'allow-deletions';
const restoring = 'restore';
const accepting = 'accept-changes';
const backingUp = 'backup';
const moving = 'move-to';
const prefetching = 'prefetch';
const limits = ['warning', 'critical'] as const;
const allOptions: readonly string[] = [...flags, ...values];
/** The options that have an effect with each mode that does not mirror. */
const usedBy: Readonly<Record<string, readonly string[]>> = {
  [explaining]: ['log-format', 'index-only'],
  [restoring]: ['log-format', 'quiet'],
  [backingUp]: ['quiet'],
  [moving]: ['log-format', 'quiet'],
  [prefetching]: ['log-format', 'quiet', 'upstream', 'workers', 'all'],
  status: ['log-format', 'check', ...limits],
};

/** Parses the arguments. Throws UsageError. */
export function parseRunOptions(argv: readonly string[]): RunCommand {
  refuseUnknown(argv, { flags, values });
  const parsed = minimist([...argv], { boolean: [...flags], string: [...values, '_'], alias: shortcuts });
  if (parsed.help) return { kind: 'help' };
  if (parsed.version) return { kind: 'version' };
  if (parsed[example]) return { kind: 'example' };
  const path: unknown = parsed[importing];
  if (path !== undefined) return { kind: 'import', path: importedPath(path) };
  const given = givenIn(parsed);
  const subject = readValue(parsed, explaining, false);
  const target = targetIn(parsed);
  refuseUnused(parsed);
  refuseLoneCheck(parsed);
  const restored = readValue(parsed, restoring, true);
  if (restored !== undefined) {
    return { kind: 'restore', quiet: parsed.quiet === true, names: namesIn(restored), target, given };
  }
  const file = readValue(parsed, backingUp, false);
  if (file !== undefined) return { kind: 'backup', file: String(file), quiet: parsed.quiet === true, target };
  const to = readValue(parsed, moving, false);
  const quiet = parsed.quiet === true;
  if (to !== undefined) return { kind: 'move', to: placeIn(to), quiet, target, given };
  const share = readValue(parsed, prefetching, false);
  if (share !== undefined)
    return { kind: 'prefetch', share: shareIn(String(share)), all: parsed.all === true, quiet, target, given };
  if (parsed.status) return { kind: 'status', check: thresholdsIn(parsed), target, given };
  if (subject !== undefined) return { kind: 'why', subject: String(subject), target, given };
  return {
    kind: 'run',
    target,
    quiet: parsed.quiet === true,
    reconcile: parsed.reconcile === true,
    acceptChanges: acceptedIn(readValue(parsed, accepting, true)),
    all: parsed.all === true,
    allowDeletions: countIn(readValue(parsed, allowing, false)),
    dryRun: parsed['dry-run'] === true || parsed.plan === true,
    plan: parsed.plan === true,
    given,
  };
}

function givenIn(parsed: minimist.ParsedArgs): Map<SettingName, SettingValue> {
  const given = new Map<SettingName, SettingValue>();
  for (const name of settings) {
    const value = readValue(parsed, name, name === 'project');
    if (value !== undefined) given.set(name === 'project' ? 'projects' : name, { value, where: `--${name}` });
  }
  if (parsed['index-only']) given.set('index-only', { value: true, where: '--index-only' });
  return given;
}

function acceptedIn(value: unknown): ProjectName[] {
  const texts: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return texts.map((text) => {
    const name = projectName(String(text));
    if (name !== undefined) return name;
    throw new UsageError(`--${accepting}: ${JSON.stringify(text)} is no valid project name`);
  });
}

function targetIn({ _: [target, ...more] }: minimist.ParsedArgs): string {
  if (target !== undefined && target !== '' && more.length === 0) return target;
  throw new UsageError('You have to specify a target directory');
}

/**
 * Throws UsageError for an option that has no effect beside the one that says what to do instead of mirroring: whoever
 * gives it expects one.
 */
function refuseUnused(parsed: minimist.ParsedArgs): void {
  const mode = [explaining, restoring, backingUp, moving, prefetching, 'status'].find((name) => parsed[name]);
  if (mode === undefined) return;
  const unused = allOptions.find((name) => parsed[name] && name !== mode && !usedBy[mode]?.includes(name));
  if (unused !== undefined) throw new UsageError(`--${mode} and --${unused} cannot be given together`);
}

/** Throws UsageError for limits without `--check`, and for `--check` without `--status`. */
function refuseLoneCheck(parsed: minimist.ParsedArgs): void {
  const limit = limits.find((name) => parsed[name] !== undefined);
  if (limit !== undefined && !parsed.check) throw new UsageError(`--${limit} needs --status --check`);
  if (parsed.check && !parsed.status) throw new UsageError('--check needs --status');
}

function thresholdsIn(parsed: minimist.ParsedArgs): Thresholds | undefined {
  const [warning, critical] = limits.map((name) => readValue(parsed, name, false));
  if (!parsed.check) return undefined;
  return {
    warning: limitsIn('--warning', textIn(warning), defaultThresholds.warning),
    critical: limitsIn('--critical', textIn(critical), defaultThresholds.critical),
  };
}

function textIn(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}

function readValue(parsed: minimist.ParsedArgs, name: string, mayRepeat: boolean): unknown {
  const value: unknown = parsed[name];
  if (value === '') throw new UsageError(`--${name} requires a value`);
  if (Array.isArray(value) && !mayRepeat) throw new UsageError(`--${name} is given twice`);
  return value;
}

function namesIn(value: unknown): ProjectName[] {
  const names = [value].flat().map((text) => {
    const name = projectName(String(text));
    if (name === undefined) throw new UsageError(`--${restoring}: ${JSON.stringify(text)} is no project name`);
    return name;
  });
  return [...new Set(names)];
}

function countIn(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^[0-9]{1,9}$/.test(value)) return Number(value);
  throw new UsageError(`--${allowing}: expected how many, found ${JSON.stringify(value)}`);
}

function placeIn(value: unknown): 's3' | 'disk' {
  if (value === 's3' || value === 'disk') return value;
  throw new UsageError(`--${moving}: expected s3 or disk, found ${JSON.stringify(value)}`);
}

function shareIn(value: string): Share {
  const [, number = 0, of = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(value) ?? []).map(Number);
  if (number >= 1 && number <= of) return { number, of };
  throw new UsageError(
    `--${prefetching}: expected which share of how many, such as 2/4, found ${JSON.stringify(value)}`,
  );
}

function importedPath(path: unknown): string {
  if (typeof path === 'string' && path !== '') return path;
  throw new UsageError(`--${importing} expects the path of one bandersnatch.conf`);
}
