/** Tables for spreadsheets: RFC 4180, and nothing from outside becomes a formula. */
import fc from 'fast-check';
import t from 'tap';
import { renderCsv } from '../../src/formats/csv.ts';
import { anyText } from '../fixtures/any-text.ts';

const fieldOf = (text: string): string =>
  renderCsv(['x'], [[text]])
    .toString('utf8')
    .slice('x\r\n'.length, -2);

t.test('rows are those of RFC 4180', async (t) => {
  t.equal(
    renderCsv(
      ['name', 'number'],
      [
        ['plain', 1],
        ['with, comma', -2.5],
        ['a "quote"', 0],
        ['é', 3],
      ],
    ).toString('utf8'),
    'name,number\r\nplain,1\r\n"with, comma",-2.5\r\n"a ""quote""",0\r\né,3\r\n',
  );
});

t.test('what a spreadsheet would take for a formula is text', async (t) => {
  const formulas = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(1)',
    '|calc',
    '%0A',
    '\t=1',
    '\r=1',
    '\n=1',
    ' =1',
    '\u00a0=1',
    '＝1',
    '＋1',
    '－1',
    '＠x',
    '\u0000=1',
    '\u202e=1',
    '\ufeff=1',
  ];
  for (const formula of formulas) t.match(fieldOf(formula), /^"?'/, JSON.stringify(formula));
  for (const harmless of ['numpy', '3.14', "it's", 'a=b', '1-2', '']) t.equal(fieldOf(harmless), harmless);
});

t.test('every text can be read back', async (t) => {
  fc.assert(
    fc.property(anyText(), fc.string({ unit: 'grapheme' }), (one, two) => {
      const text = Buffer.from(`${one}${two}`).toString();
      const field = fieldOf(text);
      const content = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
      if (content !== text && content !== `'${text}`) throw new Error(JSON.stringify([text, field]));
      if (!field.startsWith('"') && /[",\r\n]/.test(field)) throw new Error(JSON.stringify(field));
    }),
  );
  t.pass('so it is');
});
