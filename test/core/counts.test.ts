import t from 'tap';
import { plural, showCount } from '../../src/core/counts.ts';

t.test('counts are shown in groups of three digits, with the noun they count', async (t) => {
  t.equal(showCount(886323), '886,323');
  t.same(
    [0, 1, 2, 12345].map((count) => plural(count, 'file')),
    ['0 files', '1 file', '2 files', '12,345 files'],
  );
});
