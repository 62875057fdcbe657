/**
 * What README.md and pep381run(1) say of each option and exit code, in Markdown. Only the build and tests load this
 * file, so that its length costs no run anything.
 */
import type { ExitTexts } from '../program/exit-codes.ts';
import { runOptions } from './run-options.ts';

export const runOptionTexts: Readonly<Record<keyof typeof runOptions, string>> = {
  '-q, --quiet': runOptions['-q, --quiet'],
  '-h, --help': runOptions['-h, --help'],
  '--version': runOptions['--version'],
  '--upstream URL': 'the index to mirror (default: `https://pypi.org`)',
  '--project NAME': 'look at this project only; may be given several times. Everything else stays as it is',
  '--index-only': "mirror the pages only; their links point at upstream's files. Files already held stay",
  '--workers N|auto':
    'connections to each host at the same time, 1 to 100 (default: `auto`, see [Connections](#connections))',
  '--all': runOptions['--all'],
  '--reconcile':
    "compare everything with upstream's list of projects; also moves the mirror to another upstream, or follows one " +
    'that was restored from a backup',
  '--accept-changes NAME':
    "take upstream's files of this project although others are, or were, held under their names; may be given several " +
    'times',
  '--allow-deletions N':
    'let the projects go, or lose files, that were [held back](#what-upstream-removes), if they are N at most',
  '--restore NAME': runOptions['--restore NAME'],
  '--dry-run': runOptions['--dry-run'],
  '--plan':
    'print what a run would fetch and remove, by rule, and do nothing. What a file requires is known only after it was ' +
    'fetched: if there may be more, the plan says so',
  '--status':
    'print the state of the mirror: what it holds, the queue, the last runs; also during a run. Users who may not read ' +
    '`state.db` see what `mirror-status.json` says',
  '--check':
    'with `--status`: print one line for a monitoring system, and exit with 0 (OK), 1 (warning), 2 (critical) or 3 ' +
    '(unknown), as plugins of Nagios do',
  '--warning LIMITS':
    'with `--check`: what is a warning, such as `age=6h,free=10%,check=off`: `age` of the last complete run, `queue` for ' +
    'how long the first project waits, `parked` and `held-back` projects, `alarms` of a day, `check` since the last ' +
    'check, `free` space',
  '--critical LIMITS': 'with `--check`: what is critical, in the same form',
  '--why NAME':
    'print why a project and each of its files is held or left out, and by which line of `mirror.toml`; also ' +
    '`NAME==VERSION`, such as `flask==2.0`, and `NAME/FILENAME`. Exits with 1 if nothing is known',
  '--backup FILE':
    'copy `state.db` into FILE, consistently and also while a run is at work; FILE is replaced once the copy is ' +
    'complete (see [Back up and restore](#back-up-and-restore))',
  '--move-to s3|disk':
    'move the mirror into the bucket of `[storage]`, or from there back to the disk, while it goes on being served (see ' +
    '[Moving a mirror there and back](#moving-a-mirror-there-and-back))',
  '--prefetch N/M':
    'fetch the files of a share of all projects, such as `2/4`, into the bucket of `[storage]`, for the machine that ' +
    'publishes (see [Filling it with many machines](#filling-it-with-many-machines))',
  '--example-config': 'print a `mirror.toml` with every setting',
  '--import-config FILE':
    'print the `mirror.toml` that does what this `bandersnatch.conf` does, and what has no equivalent',
  '--log-format text|json': 'the format of the output (default: text)',
};

export const runExitTexts: ExitTexts = {
  ok:
    'the mirror is right; or nothing was finished: another run is at work, or Ctrl-C paused this one, which prints how ' +
    'far it got',
  incomplete:
    'finished, but something failed and stays queued for the next runs. If it failed in earlier runs, a line gives the ' +
    'number of waiting projects, the first of them, and its next try; with `-q` once a day, if it lasts for an hour. Or ' +
    'there was an alarm: a person must look; it is printed once. Or the run that holds the lock has done nothing for ' +
    'two hours',
  usage: 'wrong usage or configuration',
  upstream: 'upstream could not be reached, or its answers make no sense; nothing was changed',
  storage:
    'local storage failed: disk full, permission, database, or a [disk that is not mounted](#deployment-variants)',
  heldBack: 'deletions were [held back](#what-upstream-removes); everything else was done',
  bug: 'an error of pep381client itself. In the status: a run that died; the next run says so and continues',
  signals: 'paused by SIGHUP, SIGTERM',
};
