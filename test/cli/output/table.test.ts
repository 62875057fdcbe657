import t from 'tap';
import { renderTable } from '../../../src/cli/output/table.ts';

t.test('columns are aligned, numbers to the right, and no line ends with spaces', async (t) => {
  const rows = [
    ['name', 'bytes', 'why'],
    ['a', '5', ''],
    ['longer', '12345', 'because'],
  ];
  t.same(renderTable(rows, { right: [1] }), ['name    bytes  why', 'a           5', 'longer  12345  because']);
});

t.test('the last column wraps, between words if there are some', async (t) => {
  const rows = [
    ['key', 'one two three four five six'],
    ['k', `${'x'.repeat(30)} end`],
  ];
  t.same(renderTable(rows, { width: 25 }), [
    'key  one two three four',
    '     five six',
    `k    ${'x'.repeat(20)}`,
    `     ${'x'.repeat(10)} end`,
  ]);
});

t.test('a column that is too narrow still shows words', async (t) => {
  const rows = [['x'.repeat(50), 'one two three four five six seven']];
  t.same(renderTable(rows, { width: 40 }), [
    `${'x'.repeat(50)}  one two three four`,
    `${' '.repeat(52)}five six seven`,
  ]);
});

t.test('text from upstream cannot move the cursor', async (t) => {
  t.same(renderTable([['a\x1b[2J\nb', '\x9b1A']]), ['a?[2J?b  ?1A']);
});

t.test('a table without rows has no lines', async (t) => {
  t.same(renderTable([], { right: [1], width: 10 }), []);
});
