/**
 * What README.md and processlogs(1) say of each option and exit code, in Markdown. Only the build and tests load this
 * file.
 */
import type { ExitTexts } from '../program/exit-codes.ts';
import { logsOptions } from './logs-options.ts';

export const logsOptionTexts: Readonly<Record<keyof typeof logsOptions, string>> = {
  '-q, --quiet': logsOptions['-q, --quiet'],
  '-h, --help': logsOptions['-h, --help'],
  '--version': logsOptions['--version'],
  '--compat 1.5':
    'write byte for byte what 1.5 wrote: no memory, agents as they are, the project from the folder; replaces what is ' +
    'published',
};

export const logsExitTexts: ExitTexts = {
  ok: 'all logs were read; also wrong usage, which is printed on standard output, as in 1.5',
  incomplete:
    'with one line each, also with `-q`: a log is missing, cut off, damaged or cannot be read (the others are read); ' +
    'lines were missed because a log is gone that was read in part; another processlogs did nothing for an hour; or one ' +
    'of the cases in the last table',
  usage: undefined,
  upstream: undefined,
  storage: 'local storage failed',
  heldBack: undefined,
  bug: 'an error of pep381client itself',
  signals: undefined,
};
