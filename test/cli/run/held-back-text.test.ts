import t from 'tap';
import { heldBackText } from '../../../src/cli/run/held-back-text.ts';
import { named } from '../../fixtures/test-mirror.ts';

const deletions = named('alpha').map((name) => ({ name, isProject: false, files: 7 }));

t.test('fewer removals than the limit of a day are held back because of earlier ones, and the text says so', (t) => {
  const [first, ...lines] = heldBackText(
    [{ type: 'deletions-held-back', deletions, gone: 45.504, limit: 50 }],
    '/pypi',
    0,
  ).split('\n');
  t.match(
    first,
    /a day may remove 50 projects, some files of one being that part of it, of which 45\.5 went already: of more nothing goes\. Everything else/,
  );
  t.same(lines, ['  alpha: 7 files', 'To let them go: pep381run --allow-deletions 1 /pypi']);
  t.end();
});

t.test('without earlier removals the text does not mention them', (t) => {
  const text = heldBackText([{ type: 'deletions-held-back', deletions, gone: 0, limit: 50 }], '/pypi', 0);
  t.match(
    text,
    /a day may remove 50 projects, some files of one being that part of it: of more nothing goes\. Everything else was done\./,
  );
  t.end();
});

t.test('each index has lines of its own, and one command is for all', (t) => {
  const common = { type: 'deletions-held-back', deletions, gone: 0 } as const;
  const source = 'https://own.example/simple';
  const lines = heldBackText(
    [
      { ...common, limit: 50 },
      { ...common, limit: 2, source },
    ],
    '/pypi',
    0,
  ).split('\n');
  t.match(lines, [
    /^Held back: upstream removed .* 50 projects/,
    '  alpha: 7 files',
    /^Held back: https:\/\/own\.example\/simple removed .* 2 projects/,
    '  alpha: 7 files',
    'To let them go: pep381run --allow-deletions 2 /pypi',
  ]);
  t.end();
});

t.test('the command allows what earlier runs held back, too', async (t) => {
  const text = heldBackText([{ type: 'deletions-held-back', deletions, gone: 0, limit: 50 }], '/pypi', 1200);
  t.match(text, /\nTo let all 1,200 that wait go: pep381run --allow-deletions 1200 \/pypi$/);
});
