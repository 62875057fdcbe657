import t from 'tap';
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

t.test('what ended a run decides its exit code, and upstream only while nothing was changed', async (t) => {
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
