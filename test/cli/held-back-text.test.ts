import t from 'tap';
import { heldBackText } from '../../src/cli/held-back-text.ts';
import { named } from '../fixtures/test-mirror.ts';

const deletions = named('alpha').map((name) => ({ name, isProject: false, files: 7 }));

t.test('fewer than a day may remove are held back for what went before, and that is said', (t) => {
  const [first, ...lines] = heldBackText(
    { type: 'deletions-held-back', deletions, gone: 45.504, limit: 50 },
    '/pypi',
  ).split('\n');
  t.match(
    first,
    /a day may remove 50 projects, some files of one being that part of it, of which 45\.5 went already: of more nothing goes\. Everything else/,
  );
  t.same(lines, ['  alpha: 7 files', 'To let them go: pep381run --allow-deletions 1 /pypi']);
  t.end();
});

t.test('where nothing went before, nothing is said of it', (t) => {
  const text = heldBackText({ type: 'deletions-held-back', deletions, gone: 0, limit: 50 }, '/pypi');
  t.match(
    text,
    /a day may remove 50 projects, some files of one being that part of it: of more nothing goes\. Everything else was done\./,
  );
  t.end();
});
