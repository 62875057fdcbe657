/** The exit codes, as cron, scripts and people read them. */
import { type ErrorCode, MirrorError } from '../../core/errors.ts';

/** All exit codes. There is no other table of them. */
export const exitCodes = {
  /** The mirror is right; or nothing was finished: another run is at work, or Ctrl-C paused this one, as in 1.5. */
  ok: 0,
  /** Finished, but something failed and stays queued, or a person must look at something. */
  incomplete: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** Upstream could not be reached or speaks nonsense; nothing was changed. */
  upstream: 3,
  /** The local disk or database failed. */
  storage: 4,
  /** Deletions were held back by the deletion limit; everything else was done. */
  heldBack: 5,
  /** A bug of ours, or the run crashed. */
  bug: 70,
} as const;

type ExitName = keyof typeof exitCodes;

/**
 * What README.md and the manual page of a program say of each exit code, and of the signals that pause it; undefined
 * for what it never ends with.
 */
export type ExitTexts = Readonly<Record<ExitName | 'signals', string | undefined>>;

/** The meanings of the exit codes as `--help` prints them. The code for bugs has none: its message explains it. */
export const exitMeanings = {
  ok: 'the mirror is right',
  incomplete: 'something failed and stays queued or needs a look',
  usage: 'wrong usage',
  upstream: 'upstream cannot be reached',
  storage: 'local storage failed',
  heldBack: 'deletions were held back',
  bug: undefined,
} as const satisfies Record<ExitName, string | undefined>;

/** Returns the two lines of `--help` about the exit codes that `means` names. The second line begins with `second`. */
export function exitCodesHelp(means: { readonly [Name in ExitName]?: string | undefined }, second: ExitName): string {
  const listed = (Object.keys(exitCodes) as ExitName[]).flatMap((name) => {
    const text = means[name];
    return text === undefined ? [] : [{ name, text: `${exitCodes[name]} ${text}` }];
  });
  const comma = listed.some(({ text }) => text.includes(',')) ? ';' : ',';
  const rest = listed.slice(1).map(({ name, text }) => `${comma}${name === second ? '\n' : ' '}${text}`);
  return `Exit codes: ${listed[0]?.text}${rest.join('')}.`;
}

/** The exit code for each kind of error. Errors that must be caught before a program ends count as bugs. */
const exitOf: Readonly<Record<ErrorCode, ExitName>> = {
  usage: 'usage',
  storage: 'storage',
  'damaged-file': 'storage',
  'too-large': 'storage',
  unreachable: 'upstream',
  nonsense: 'upstream',
  'no-changelog': 'upstream',
  mismatch: 'upstream',
  'too-slow': 'bug',
  'does-not-fit': 'bug',
  'unreadable-log': 'bug',
  paused: 'bug',
};

/**
 * Returns the exit code for the error that ended a run, or undefined for an unexpected one: that is a bug, and keeps
 * its stack. `changed` is true if the run had changed anything before.
 */
export function exitCodeOf(error: unknown, changed: boolean): number | undefined {
  const exit = error instanceof MirrorError ? exitOf[error.code] : 'bug';
  if (exit === 'bug') return undefined;
  return exitCodes[exit === 'upstream' && changed ? 'incomplete' : exit];
}
