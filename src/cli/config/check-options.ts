/** The command line of pep381checkfiles. */
import minimist from 'minimist';
import type { CheckSettings } from '../../check/check-job.ts';
import { UsageError } from '../../core/errors.ts';
import { exitCodesHelp, exitMeanings } from '../program/exit-codes.ts';
import { optionNames, optionsHelp } from './option-forms.ts';
import { refuseUnknown } from './unknown-options.ts';

/** The command that a command line of pep381checkfiles asks for. */
export type CheckCommand =
  | { readonly kind: 'help' | 'version' }
  | {
      readonly kind: 'check' | 'rebuild' | 'verify';
      readonly target: string;
      readonly quiet: boolean;
      readonly logFormat: 'text' | 'json';
      readonly settings: CheckSettings;
      /** The path of the file with the public key that verifies snapshots. */
      readonly key: string | undefined;
    };

/** The arguments of a check, of a rebuild of the state, or of a verification of the snapshot. */
export type CheckArguments = CheckCommand & { kind: 'check' | 'rebuild' | 'verify' };

export const checkUsage = 'Usage: pep381checkfiles [OPTIONS] TARGET';

/** A check makes no requests to upstream and holds no deletions back. */
const exitsOfCheck = { ...exitMeanings, incomplete: 'something is wrong', upstream: undefined, heldBack: undefined };

/** All options, as {@link optionsHelp} shows them. What README.md and pep381checkfiles(1) say is in check-manual.ts. */
export const checkOptions = {
  '-q, --quiet': 'print what is wrong, and nothing else',
  '-h, --help': 'show this help and exit',
  '--version': 'show the version and exit',
  '--quick': 'presence and size only; read a file only if its time or ETag changed',
  '--subset N/M': 'check one share of M only; all shares together are everything',
  '--subset auto': 'check the next of 30 shares: once a night, it reads all in a month',
  '--repair': 'also take damaged files off the pages and move them to the trash',
  '--delete-unreferenced': 'also move files that no page accounts for to the trash',
  '--rebuild': 'make state.db anew from what lies in TARGET/web',
  '--verify-snapshot': 'check only that all pages are those that snapshot.json speaks of',
  '--key FILE': 'the public key for it (default: that of signing-key-file)',
  '--log-format text|json': 'how to write what is found (default: text)',
} as const;

export const checkHelp = `${checkUsage}

Compares what TARGET/web promises to pip with what is there: every page, every file, byte by byte.
Prints a line for each thing that is wrong, and queues it: the next pep381run fetches it anew.
A check that was interrupted is continued. Runs may come and go while it works.

Options:
${optionsHelp(checkOptions)}

${exitCodesHelp(exitsOfCheck, 'storage')}
`;

const { flags, values, shortcuts } = optionNames(checkOptions);

/** Parses the arguments. Throws UsageError. */
export function parseCheckOptions(argv: readonly string[]): CheckCommand {
  refuseUnknown(argv, { flags, values });
  const parsed = minimist([...argv], { boolean: [...flags], string: [...values, '_'], alias: shortcuts });
  if (parsed.help) return { kind: 'help' };
  if (parsed.version) return { kind: 'version' };
  for (const name of values) refuseValue(name, parsed[name]);
  const settings: CheckSettings = {
    quick: parsed.quick === true,
    subset: shareOf(parsed.subset),
    repair: parsed.repair === true,
    deleteUnreferenced: parsed['delete-unreferenced'] === true,
  };
  if (settings.deleteUnreferenced && settings.subset !== undefined) {
    throw new UsageError('--delete-unreferenced needs a check of everything; leave --subset out');
  }
  const kind = kindOf(parsed, settings);
  const logFormat = logFormatOf(parsed['log-format']);
  const [target, ...more] = parsed._;
  if (target === undefined || target === '' || more.length > 0) {
    throw new UsageError('You have to specify a target directory');
  }
  const key: unknown = parsed.key;
  return {
    kind,
    target,
    quiet: parsed.quiet === true,
    logFormat,
    settings,
    key: key === undefined ? undefined : String(key),
  };
}

function kindOf(parsed: minimist.ParsedArgs, settings: CheckSettings): CheckArguments['kind'] {
  const { quick, subset, repair, deleteUnreferenced } = settings;
  const isOther = quick || subset !== undefined || repair || deleteUnreferenced;
  const [rebuild, verify] = [parsed.rebuild === true, parsed['verify-snapshot'] === true];
  if (rebuild && (isOther || verify)) {
    throw new UsageError('--rebuild goes with no other option but --quiet and --log-format');
  }
  if (verify && isOther) {
    throw new UsageError('--verify-snapshot goes with no other option but --key, --quiet and --log-format');
  }
  if (!verify && parsed.key !== undefined) throw new UsageError('--key goes with --verify-snapshot only');
  if (verify) return 'verify';
  return rebuild ? 'rebuild' : 'check';
}

function refuseValue(name: string, value: unknown): void {
  if (value === '') throw new UsageError(`--${name} requires a value`);
  if (Array.isArray(value)) throw new UsageError(`--${name} is given twice`);
}

function shareOf(value: unknown): CheckSettings['subset'] {
  if (value === undefined || value === 'auto') return value;
  const [, number, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(String(value)) ?? [];
  const share = { number: Number(number), of: Number(of) };
  if (share.number >= 1 && share.number <= share.of) return share;
  throw new UsageError(`--subset: expected a share such as 1/30, or auto, found ${JSON.stringify(value)}`);
}

function logFormatOf(value: unknown): 'text' | 'json' {
  if (value === undefined || value === 'text' || value === 'json') return value ?? 'text';
  throw new UsageError(`--log-format: expected text or json, found ${JSON.stringify(value)}`);
}
