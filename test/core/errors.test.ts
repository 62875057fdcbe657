import t from 'tap';
import { MirrorError, NonsenseError, StorageError, throwIfPaused, UnreachableError } from '../../src/core/errors.ts';

t.test('the message of an error is one line, whatever upstream sent', async (t) => {
  const hostile = [
    'a\nb',
    'a\r\nb',
    'a\tb',
    'a\0b',
    'a\u001bb',
    'a\u009bb',
    'a\u2028b',
    'a\u2029b',
    'a\u202eb',
    'a\u200b\n\n\u001bb',
  ];
  for (const text of hostile) t.equal(new NonsenseError(text).message, 'a b', encodeURI(text));
  t.equal(new NonsenseError('größer als 3 µ 😀').message, 'größer als 3 µ 😀', 'letters stay');
});

t.test('the message of an error is no longer than a person reads', async (t) => {
  t.ok(new NonsenseError('x'.repeat(10_000_000)).message.length <= 1000);
});

t.test('an error keeps its class name, its cause, and how long upstream wants to be left alone', async (t) => {
  const cause = new Error('ECONNRESET');
  const error = new UnreachableError('down', { cause, retryAfterMs: 5 });
  t.match(error, { name: 'UnreachableError', code: 'unreachable', cause, retryAfterMs: 5 });
  t.type(error, MirrorError);
  t.match(String(new StorageError('disk full')), 'StorageError: disk full');
});

t.test('only a run that was asked to stop is stopped', async (t) => {
  const pause = new AbortController();
  t.doesNotThrow(() => throwIfPaused(pause.signal));
  pause.abort();
  t.throws(() => throwIfPaused(pause.signal), { code: 'paused' });
});
