import t from 'tap';
import { expandBraces } from '../../../src/cli/logs/expand-braces.ts';

t.test('unexpanded braces are expanded as bash does', async (t) => {
  const expand = (path: string): string[] => expandBraces([path], () => false);
  t.same(expand('/log/pypi.log{,.1}'), ['/log/pypi.log', '/log/pypi.log.1']);
  t.same(expand('{a,b}/x{1,2}'), ['a/x1', 'a/x2', 'b/x1', 'b/x2']);
  t.same(expand('/log/pypi.log'), ['/log/pypi.log']);
  t.same(expand('a{b}c'), ['a{b}c'], 'one thing is no choice');
  t.ok(expand('{a,b}'.repeat(12)).length <= 1000);
});

t.test('braces in the name of an existing file are not expanded', async (t) => {
  t.same(
    expandBraces(['x{,.1}'], () => true),
    ['x{,.1}'],
  );
});
