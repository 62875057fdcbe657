import t from 'tap';
import { LiveLines } from '../../../src/cli/output/live-lines.ts';
import { printable } from '../../../src/cli/output/printable.ts';

const hostile: Readonly<Record<string, string>> = {
  'an escape sequence': 'a\x1b[2J\x1b]0;title\x07b',
  'a sequence of one character': 'a\x9b2Jb',
  'a way back over the line': 'a\rb\b\x7f',
  'text that is turned around': 'a\u202eb\u2066c',
  'text that is hidden': 'a\u200b\u00ad\ufeffb',
  'an end of line of another kind': 'a\u2028b\u2029c\u0085d',
  'half a character': 'a\ud800b\udfff',
};

for (const [what, text] of Object.entries(hostile)) {
  t.test(`${what} does not reach a terminal or a log`, async (t) => {
    t.match(printable(text), /^[a-zA-Z0-9?[\];]+$/);
    const written: string[] = [];
    const live = new LiveLines({ columns: 80, write: (piece) => written.push(piece) });
    live.writeAbove(text, [text]);
    const own = written.join('').replaceAll('\x1b[J', '').replaceAll('\x1b[1A', '');
    t.equal(own, `${printable(text)}\n${printable(text)}\n`);
  });
}

t.test('ordinary text stays as it is', async (t) => {
  for (const text of ['two\nlines', 'a\ttab', 'Zażółć gęślą jaźń', '日本語 🐍', '[####....]'])
    t.equal(printable(text), text);
});
