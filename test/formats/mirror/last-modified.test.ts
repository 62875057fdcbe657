import t from 'tap';
import { renderLastModified } from '../../../src/formats/mirror/last-modified.ts';

t.test('the time is written in UTC as 1.5 and bandersnatch write it', async (t) => {
  t.equal(renderLastModified(Date.UTC(2026, 10, 22, 9, 30, 0)), '20261122T09:30:00\n');
  t.equal(renderLastModified(Date.UTC(2026, 0, 2, 3, 4, 5, 999)), '20260102T03:04:05\n', 'never later than it was');
});
