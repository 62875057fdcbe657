import t from 'tap';
import { parseSimplePage } from '../../src/formats/simple/simple-json.ts';
import { recording, recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { explained, heldFiles, policyOf } from './policy-of.ts';

const page = (name: string) => parseSimplePage(recording(`simple-json/${name}.json`), name);
const now = 1000;

t.test('recorded pages are planned as one would by hand', { skip: recordingsMissing }, async (t) => {
  const toml = 'projects = ["requests<2.19", "black==21.11b0"]\n[files]\nkinds = ["wheel", "sdist"]';
  t.same(heldFiles(policyOf(`${toml}\nsdists = "where-no-wheel-fits"\npythons = ["3.8"]`), page('requests'), now), [
    'requests-2.18.0-py2.py3-none-any.whl',
    'requests-2.18.1-py2.py3-none-any.whl',
    'requests-2.18.2-py2.py3-none-any.whl',
    'requests-2.18.3-py2.py3-none-any.whl',
    'requests-2.18.4-py2.py3-none-any.whl',
  ]);
  t.same(heldFiles(policyOf(`${toml}\n[releases]\nkeep = 1`), page('requests'), now), [
    'requests-2.18.4-py2.py3-none-any.whl',
    'requests-2.18.4.tar.gz',
  ]);
  const lines = explained(policyOf(`${toml}\n[releases]\nprereleases = false`), page('black'), now);
  t.same(
    lines.filter((line) => line.includes('  held  ')),
    ['black-21.11b0-py3-none-any.whl', 'black-21.11b0.tar.gz'].map(
      (name) => `${name}  held  mirror.toml:1 (black==21.11b0)`,
    ),
  );
  const { files } = page('yanked');
  t.same(
    heldFiles(policyOf('[releases]\nyanked = false'), page('yanked'), now),
    files.filter(({ yanked }) => yanked === false).map(({ filename }) => filename),
  );
});
