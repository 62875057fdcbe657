import { spawnSync } from 'node:child_process';
import t from 'tap';
import { byFile, renderLocalStats, totalOf } from '../../../src/formats/logs/local-stats.ts';
import { programsOrReason } from '../../fixtures/programs.ts';

const rows = [
  { project: 'b', filename: 'b-1.0.zip', agent: 'agent, with "quotes"', count: 2 },
  { project: 'a', filename: 'a-1.0.zip', agent: 'pip/26.2', count: 40 },
  { project: 'a', filename: 'a-1.0.zip', agent: 'Browser', count: 1 },
];

t.test("the CSV is what Python's csv writes: sorted, without a header, lines ended by CR LF", async (t) => {
  const csv = renderLocalStats([...rows].sort(byFile)).toString();
  t.equal(csv, 'a,a-1.0.zip,Browser,1\r\na,a-1.0.zip,pip/26.2,40\r\nb,b-1.0.zip,"agent, with ""quotes""",2\r\n');
  t.test('and reads', programsOrReason('python3'), async (t) => {
    const script = 'import csv, sys; print([row for row in csv.reader(sys.stdin)])';
    const { stdout } = spawnSync('python3', ['-c', script], { input: csv, encoding: 'utf8' });
    t.match(stdout, `['b', 'b-1.0.zip', 'agent, with "quotes"', '2']]`);
  });
});

t.test('a file of any origin is summed up: with a header, with LF, with something that is no line', async (t) => {
  t.equal(totalOf(renderLocalStats(rows)), 43);
  t.equal(totalOf(Buffer.from('# package,filename,useragent,count\na,b,"c,5",7\n\nx\n')), 7);
  t.equal(totalOf(Buffer.alloc(0)), 0);
});

t.test('many rows come out whole', async (t) => {
  const many = Array.from({ length: 20_000 }, (_, count) => ({ project: 'p', filename: 'f.zip', agent: 'x', count }));
  t.equal(renderLocalStats(many).toString().split('\r\n').length, 20_001);
});
