import fc from 'fast-check';
import t from 'tap';
import { LineSplitter, maxLineBytes } from '../../../src/formats/logs/line-splitter.ts';

function split(
  chunks: readonly string[],
  position = 0,
): { lines: string[]; rest: string; position: number; long: number } {
  const lines: string[] = [];
  let long = 0;
  const splitter = new LineSplitter(
    position,
    (bytes, start, end) => lines.push(bytes.toString('latin1', start, end)),
    () => {
      long += 1;
    },
  );
  for (const chunk of chunks) splitter.push(Buffer.from(chunk, 'latin1'));
  return { lines, rest: splitter.end().toString('latin1'), position: splitter.position, long };
}

t.test('lines are the same however the stream is cut, and the position is behind the last complete one', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 8 })), (chunks) => {
      const latin = chunks.map((chunk) => chunk.replace(/[^ -~]/g, '\n'));
      const whole = latin.join('');
      const { lines, rest, position } = split(latin, 100);
      t.same([...lines, rest], whole.split('\n'));
      t.equal(position, 100 + whole.length - rest.length);
    }),
  );
});

t.test('a line that is too long is passed over, and the lines around it are not', async (t) => {
  const long = 'x'.repeat(maxLineBytes + 1);
  const text = `a\n${long}\nb\n${'y'.repeat(maxLineBytes)}\nc`;
  for (const size of [7, 1000, maxLineBytes, text.length]) {
    const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      text.slice(index * size, (index + 1) * size),
    );
    const { lines, rest, position, long: count } = split(chunks);
    t.same(
      lines.map((line) => line.length),
      [1, 1, maxLineBytes],
      `in pieces of ${size}`,
    );
    t.equal(count, 1);
    t.equal(rest, 'c');
    t.equal(position, text.length - 1);
  }
});
