import t from 'tap';
import { requiredSdists } from '../../src/policy/required-sdists.ts';
import { named, policyOf } from './policy-of.ts';

const needs = (toml: string, ...files: string[]): string[] => [...requiredSdists(policyOf(toml), named('a'), files)];
const linux = '[[environment]]\npython = "3.12"\nplatform = "linux"\nmachine = "x86_64"\n';

t.test('a release without wheels needs its source', async (t) => {
  t.same(needs('', 'a-1.tar.gz', 'a-2.tar.gz', 'a-2-py3-none-any.whl'), ['a-1.tar.gz']);
  t.same(needs('', 'a-1.0.zip', 'a-1-py3-none-any.whl'), [], 'the same version in another spelling');
  t.same(
    needs('', 'a-1-cp312-cp312-win_amd64.whl', 'a-1.tar.gz'),
    [],
    'where nobody tells the places, any wheel will do',
  );
});

t.test('so does one whose wheels do not fit where it is wanted', async (t) => {
  const windows = ['a-1.tar.gz', 'a-1-cp312-cp312-win_amd64.whl'];
  t.same(needs(linux, ...windows), ['a-1.tar.gz']);
  t.same(needs(linux, 'a-1.tar.gz', 'a-1-cp312-cp312-manylinux_2_17_x86_64.whl'), []);
  t.same(needs(linux, 'a-1.tar.gz', 'a-1-cp312-cp312-musllinux_1_1_x86_64.whl'), []);
  t.same(needs(linux, 'a-1.tar.gz', 'a-1-cp311-cp311-manylinux_2_17_x86_64.whl'), ['a-1.tar.gz']);
  t.same(needs(linux, 'a-1.tar.gz', 'a-1-py3-none-any.whl'), []);
  const both = `${linux}[[environment]]\nplatform = "windows"\n`;
  t.same(needs(both, ...windows), ['a-1.tar.gz'], 'each place has to be served');
  t.same(needs('[files]\nsystems = ["windows"]\nmachines = ["x86_64"]\npythons = ["3.12"]', ...windows), []);
  t.same(needs(`[files]\nsystems = ["windows"]\nmachines = ["x86_64"]\npythons = ["3.12"]\n${linux}`, ...windows), []);
});
