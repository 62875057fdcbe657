/**
 * What README.md and pep381checkfiles(1) say of each option and exit code, in Markdown. Only the build and tests load
 * this file.
 */
import type { ExitTexts } from '../program/exit-codes.ts';
import { checkOptions } from './check-options.ts';

export const checkOptionTexts: Readonly<Record<keyof typeof checkOptions, string>> = {
  '-q, --quiet': 'print damage only',
  '-h, --help': checkOptions['-h, --help'],
  '--version': checkOptions['--version'],
  '--quick':
    'presence and size only; a file is read only if its modification time is not the time of its upload, or its ETag ' +
    'in a bucket not that of its upload',
  '--subset N/M': 'check the N-th of M shares, such as `3/30`',
  '--subset auto': 'check one share of 30, the next one each time: one every night is everything in a month',
  '--repair': 'also take damaged files off the pages and into the trash at once',
  '--delete-unreferenced':
    'also move files that nothing refers to into the trash; only after everything was read and agrees',
  '--rebuild': 'make a lost or damaged `state.db` anew from the tree on a disk; the old one is kept beside it',
  '--verify-snapshot':
    'only read all pages; name and queue those that are not what the [signed snapshot](#signed-snapshot) says',
  '--key FILE': 'the public key for it (default: that of `signing-key-file`)',
  '--log-format text|json': 'the format of the output (default: text)',
};

export const checkExitTexts: ExitTexts = {
  ok: 'what was checked is right; or another check is at work; or paused by Ctrl-C',
  incomplete:
    'something is wrong; or another check holds the lock and did nothing for an hour; or a run is in the way of ' +
    '`--rebuild`',
  usage: 'wrong usage or configuration',
  upstream: undefined,
  storage: 'local storage failed: permission, database, or a [disk that is not mounted](#deployment-variants)',
  heldBack: undefined,
  bug: 'an error of pep381client itself',
  signals: 'paused by SIGHUP, SIGTERM',
};
