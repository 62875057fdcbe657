import t from 'tap';
import { checkHelp } from '../../../src/cli/config/check-options.ts';
import { logsHelp } from '../../../src/cli/config/logs-options.ts';
import { runHelp } from '../../../src/cli/config/run-options.ts';
import { exitCodeOf, exitCodes } from '../../../src/cli/program/exit-codes.ts';
import {
  MismatchError,
  NoChangelogError,
  NonsenseError,
  PausedError,
  StorageError,
  UnreachableError,
  UsageError,
} from '../../../src/core/errors.ts';

t.test('the exit codes are those that scripts rely on', async (t) => {
  t.same(exitCodes, { ok: 0, incomplete: 1, usage: 2, upstream: 3, storage: 4, heldBack: 5, bug: 70 });
});

t.test('the help of each program ends with the exit codes that it may have', async (t) => {
  const ends: [string, string, string][] = [
    [
      runHelp,
      'Exit codes: 0 the mirror is right, 1 something failed and stays queued or needs a look,',
      '2 wrong usage, 3 upstream cannot be reached, 4 local storage failed, 5 deletions were held back.',
    ],
    [checkHelp, 'Exit codes: 0 the mirror is right, 1 something is wrong, 2 wrong usage,', '4 local storage failed.'],
    [
      logsHelp,
      'Exit codes: 0 all logs were read, or wrong usage (as in 1.5); 1 a log could not be read, or lines were missed;',
      '4 local storage failed.',
    ],
  ];
  for (const [help, ...lines] of ends) t.equal(help.slice(help.indexOf('\nExit codes') + 1), `${lines.join('\n')}\n`);
});

t.test("the error that ended a run decides its exit code, and upstream's only while nothing was changed", async (t) => {
  const cases: [unknown, number | undefined, number | undefined][] = [
    [new UsageError('x'), 2, 2],
    [new StorageError('x'), 4, 4],
    [new UnreachableError('x'), 3, 1],
    [new NonsenseError('x'), 3, 1],
    [new NoChangelogError('x'), 3, 1],
    [new MismatchError('x'), 3, 1],
    [new TypeError('a bug'), undefined, undefined],
    [new Error('ENOSPC'), undefined, undefined],
    [new PausedError('x'), undefined, undefined],
    ['a text', undefined, undefined],
    [undefined, undefined, undefined],
  ];
  for (const [error, before, after] of cases) {
    t.equal(exitCodeOf(error, false), before, `${String(error)} before anything was changed`);
    t.equal(exitCodeOf(error, true), after, `${String(error)} after something was changed`);
  }
});
