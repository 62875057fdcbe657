import t from 'tap';
import { heldBackText } from '../../src/cli/held-back-text.ts';
import { named } from '../fixtures/test-mirror.ts';

const deletions = named('alpha').map((name) => ({ name, isProject: false, files: 7 }));
const limit = { projects: 50, files: 50 };

t.test('fewer than a day may remove are held back for what went before, and that is said', (t) => {
  const [first, ...lines] = heldBackText(
    { type: 'deletions-held-back', deletions, gone: { projects: 1, files: 45 }, limit },
    '/pypi',
  ).split('\n');
  t.match(
    first,
    /a day may remove 50 projects or 50 files, of which 1 project and 45 files went already\. Everything else/,
  );
  t.same(lines, ['  alpha: 7 files', 'To let them go: pep381run --allow-deletions 7 /pypi']);
  t.end();
});

t.test('where nothing went before, nothing is said of it', (t) => {
  const text = heldBackText(
    { type: 'deletions-held-back', deletions, gone: { projects: 0, files: 0 }, limit },
    '/pypi',
  );
  t.match(text, /a day may remove 50 projects or 50 files\. Everything else was done\./);
  t.end();
});
