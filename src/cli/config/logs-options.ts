/** The command line of processlogs. */
import minimist from 'minimist';
import { UsageError } from '../../core/errors.ts';
import { suggestion } from '../../core/suggestion.ts';
import { exitCodesHelp, exitMeanings } from '../program/exit-codes.ts';
import { optionNames, optionsHelp } from './option-forms.ts';

/** The command that a command line of processlogs asks for. */
export type LogsCommand =
  | { readonly kind: 'help' | 'version' }
  | {
      readonly kind: 'run';
      readonly target: string;
      readonly logs: readonly string[];
      readonly quiet: boolean;
      /** True to do exactly what 1.5 did. */
      readonly as15: boolean;
    };

/** The usage message, in the words of 1.5. */
export const logsUsage = 'Usage: processlogs <pypi-targetdir> logfile [logfile...]';

const exitsOfLogs = {
  ok: 'all logs were read, or wrong usage (as in 1.5)',
  incomplete: 'a log could not be read, or lines were missed',
  storage: exitMeanings.storage,
};

/**
 * All options, as {@link optionsHelp} shows them. What README.md and processlogs(1) say of them is in logs-manual.ts.
 */
export const logsOptions = {
  '-q, --quiet': 'print nothing but failures',
  '-h, --help': 'show this help and exit',
  '--version': 'show the version and exit',
  '--compat 1.5': 'count as pep381client 1.5 did, without any memory; replaces what is published',
} as const;

export const logsHelp = `Usage: processlogs [OPTIONS] TARGET LOG [LOG...]

Counts the downloads in Apache's access logs (combined or vhost_combined; plain, .gz, .bz2, .xz or .zst) and publishes
them in TARGET/web/local-stats: a file per day (PEP 381), summary.json, and a page with charts. How far each log was
read is remembered, whatever it is renamed to, so that it can be given again and again; a day is published once a later
one has begun.

Options:
${optionsHelp(logsOptions)}

${exitCodesHelp(exitsOfLogs, 'storage')}
`;

const { flags, values, shortcuts } = optionNames(logsOptions);

/** Parses the arguments. Throws UsageError; its message is empty if only the usage is to be printed. */
export function parseLogsOptions(argv: readonly string[]): LogsCommand {
  refuseUnknown(argv);
  const parsed = minimist([...argv], { boolean: [...flags], string: [...values, '_'], alias: shortcuts });
  if (parsed.help) return { kind: 'help' };
  if (parsed.version) return { kind: 'version' };
  const compat: unknown = parsed.compat;
  if (compat !== undefined && compat !== '1.5') throw new UsageError('--compat knows 1.5 only');
  const [target, ...logs] = parsed._;
  if (target === undefined || logs.length === 0) throw new UsageError('');
  return { kind: 'run', target, logs, quiet: parsed.quiet === true, as15: compat === '1.5' };
}

/** Throws UsageError for an unknown option, which minimist would accept. */
function refuseUnknown(argv: readonly string[]): void {
  const end = argv.indexOf('--');
  for (const text of end < 0 ? argv : argv.slice(0, end)) {
    if (!/^-./.test(text) || /^-[qh]+$/.test(text) || /^--compat(?:=|$)/s.test(text)) continue;
    if (flags.some((known) => text === `--${known}`)) continue;
    const name = text.replace(/=.*/s, '');
    const known = [...flags, ...values].map((option) => `--${option}`);
    throw new UsageError(`no such option: ${name}${suggestion(name, known)}`);
  }
}
