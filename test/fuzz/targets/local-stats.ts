import fc from 'fast-check';
import { localStatsPieces, renderLocalStats, totalOf } from '../../../src/formats/logs/local-stats.ts';
import { demand, demandSame, type FuzzTarget } from '../fuzz-target.ts';
import { oneOf, runOf, sequence } from './pieces.ts';

const tokens = [
  ',',
  '"',
  '""',
  '\r\n',
  '\n',
  '\r',
  '1',
  '12',
  '999999999999999',
  'a',
  'foo-1.0.zip',
  'pip/26.2',
  ' ',
  '\0',
  '\xe9',
  '-1',
  '1.5',
];
const line = sequence(
  oneOf('foo', '"a,b"'),
  ',',
  oneOf('foo-1.0.zip', '"x""y"'),
  ',',
  oneOf('pip/26.2', '"a\r\nb"'),
  ',',
  oneOf('1', '20', 'count'),
  '\r\n',
);

/** A row that is made of what stands in `text`. */
function rowOf(text: string, count: number) {
  const [project = '', filename = '', agent = ''] = text.split('|');
  return { project, filename, agent, count };
}

function check(text: string): void {
  const total = totalOf(Buffer.from(text, 'latin1'));
  demand(Number.isFinite(total) && total >= 0, 'a total is a number from 0 on');
  const rows = text.split('\n').map((found, index) => rowOf(found, index + 1));
  const csv = renderLocalStats(rows);
  demandSame(csv.equals(Buffer.concat([...localStatsPieces(rows)])), true, 'pieces are the whole');
  // A line within quotes may look like one that counts: who writes such an agent can only be counted once more.
  if (!/,\d+\r?$/m.test(text))
    demandSame(totalOf(csv), (rows.length * (rows.length + 1)) / 2, 'what is counted is the total');
}

export const localStats: FuzzTarget = {
  name: 'local-stats',
  encoding: 'latin1',
  inputs: fc.oneof(
    fc.array(line, { maxLength: 6 }).map((lines) => lines.join('')),
    runOf([...tokens, '|'], 20),
  ),
  tokens,
  starts: ['', 'foo,', 'foo,foo-1.0.zip,pip,'],
  read: (text) => void totalOf(Buffer.from(text, 'latin1')),
  check,
};
