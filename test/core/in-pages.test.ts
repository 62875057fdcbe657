import t from 'tap';
import { inPages } from '../../src/core/in-pages.ts';
import type { ProjectName } from '../../src/core/names.ts';

const all = ['a', 'b', 'c', 'd', 'e'] as ProjectName[];

t.test('all rows come once, in pages, and none where there are none', async (t) => {
  const reads: (string | undefined)[] = [];
  const read = (after: ProjectName | undefined): ProjectName[] => {
    reads.push(after);
    return all.filter((name) => after === undefined || name > after).slice(0, 2);
  };
  t.same([...inPages(read)], [['a', 'b'], ['c', 'd'], ['e']]);
  t.same(reads, [undefined, 'b', 'd', 'e']);
  t.same([...inPages(read, 'c' as ProjectName)], [['d', 'e']]);
  t.same([...inPages(() => [])], []);
});

t.test('a page is read when it is asked for, so that it shows what was done with those before', async (t) => {
  const rows = all.map((name) => ({ name }));
  const seen: string[] = [];
  for (const page of inPages((after) => rows.filter(({ name }) => after === undefined || name > after).slice(0, 2))) {
    for (const { name } of page) seen.push(name);
    if (seen.length === 2) rows.splice(2, 2);
  }
  t.same(seen, ['a', 'b', 'e']);
});
