import t from 'tap';
import { asError, errorCode, hasCode, isZlibError, messageOf } from '../../src/core/caught-error.ts';

function failure(message: string, code: unknown): Error {
  return Object.assign(new Error(message), { code });
}

t.test('what is no Error has neither message nor code', async (t) => {
  for (const thrown of [undefined, null, 'text', 7, { message: 'text', code: 'ENOENT' }]) {
    t.equal(messageOf(thrown), 'unknown');
    t.equal(messageOf(thrown, 'unreadable'), 'unreadable');
    t.equal(errorCode(thrown), undefined);
    t.notOk(hasCode(thrown, 'ENOENT'));
    t.equal(asError(thrown).message, String(thrown));
  }
});

t.test('an Error is told apart by its code, where that is a text', async (t) => {
  const missing = failure('no such file', 'ENOENT');
  t.equal(messageOf(missing), 'no such file');
  t.equal(errorCode(missing), 'ENOENT');
  t.ok(hasCode(missing, 'ENOTDIR', 'ENOENT'));
  t.notOk(hasCode(missing, 'ENOTDIR'));
  t.equal(asError(missing), missing);
  t.equal(errorCode(failure('aborted', 20)), undefined);
  t.equal(errorCode(new Error('no code')), undefined);
});

t.test('damaged compressed bytes are recognized', async (t) => {
  t.ok(isZlibError(failure('incorrect header check', 'Z_DATA_ERROR')));
  t.notOk(isZlibError(failure('too large', 'ERR_BUFFER_TOO_LARGE')));
  t.notOk(isZlibError('Z_DATA_ERROR'));
});
