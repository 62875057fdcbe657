/** What a program's end means to cron, scripts and people. */
import { type ErrorCode, MirrorError } from '../../core/errors.ts';

/** The one table of exit codes. */
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
  /** An error of ours, or the run died. */
  bug: 70,
} as const;

type ExitName = keyof typeof exitCodes;

/** What `--help` says that exit codes mean: nothing of the one that its message explains. */
export const exitMeanings = {
  ok: 'the mirror is right',
  incomplete: 'something failed and stays queued or needs a look',
  usage: 'wrong usage',
  upstream: 'upstream cannot be reached',
  storage: 'local storage failed',
  heldBack: 'deletions were held back',
  bug: undefined,
} as const satisfies Record<ExitName, string | undefined>;

/** The two lines of `--help` about the exit codes of which `means` tells; the second begins with that of `second`. */
export function exitCodesHelp(means: { readonly [Name in ExitName]?: string | undefined }, second: ExitName): string {
  const told = (Object.keys(exitCodes) as ExitName[]).flatMap((name) => {
    const text = means[name];
    return text === undefined ? [] : [{ name, text: `${exitCodes[name]} ${text}` }];
  });
  const comma = told.some(({ text }) => text.includes(',')) ? ';' : ',';
  const rest = told.slice(1).map(({ name, text }) => `${comma}${name === second ? '\n' : ' '}${text}`);
  return `Exit codes: ${told[0]?.text}${rest.join('')}.`;
}

/** How a program ends by each error. What is caught before that is a bug where it is not. */
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
 * The code for the error that ended a run; `changed` tells whether the run had changed anything before.
 * Undefined for what is not an expected failure: that is a bug, and keeps its stack.
 */
export function exitCodeOf(error: unknown, changed: boolean): number | undefined {
  const exit = error instanceof MirrorError ? exitOf[error.code] : 'bug';
  if (exit === 'bug') return undefined;
  return exitCodes[exit === 'upstream' && changed ? 'incomplete' : exit];
}
