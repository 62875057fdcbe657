/** What cron mails of an outage of upstream. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { smallIndex } from '../fixtures/small-index.ts';
import { openBundle } from './bundle.ts';
import { openMirrored } from './opened-sample.ts';

const program = join(await openBundle(), 'pep381run');

t.test('an outage is printed by the first quiet run, and once more when it is over', async (t) => {
  const sample = await openMirrored(t, program, smallIndex);
  const { server } = sample;
  const { mirrorHere: mirror } = sample;
  const right = { code: 0, stdout: '', stderr: '' };
  const off = server.faults.add({ do: 'status', status: 404 });
  const first = await sample.mirror('-q');
  t.match(first, { code: 3, stdout: '', stderr: /^pep381run: error: [^\n]+\n[^\n]+ in [\d.]+ s\.\n$/ });
  // The changelog failed before; now the list of projects does, which is another failure.
  t.match(await mirror('-q'), { code: 3, stderr: /\/simple\/: [^\n]*404\n/ });
  for (let time = 0; time < 2; time += 1) t.same(await mirror('-q'), { code: 3, stdout: '', stderr: '' });
  t.match(await mirror(), { code: 3, stderr: /pep381run: error: / }, 'whoever asks is told');
  off();
  const offNonsense = server.faults.add({ do: 'status', status: 401 });
  t.match(await mirror('-q'), { code: 3, stderr: /^pep381run: error: [^\n]*401/ }, 'another failure is news');
  t.same(await mirror('-q'), { code: 3, stdout: '', stderr: '' });
  offNonsense();
  t.match(await mirror('-q'), {
    code: 0,
    stdout: /^Upstream can be reached again; runs failed since \S+Z\n$/,
    stderr: '',
  });
  t.same(await mirror('-q'), right);
});

t.test('an outage that lasts is printed once a day', async (t) => {
  const sample = await openMirrored(t, program, smallIndex);
  const { server, target } = sample;
  const { mirrorHere: mirror } = sample;
  server.faults.add({ do: 'status', status: 404 });
  for (let time = 0; time < 2; time += 1) t.match(await mirror('-q'), { code: 3, stderr: /error/ });
  t.same(await mirror('-q'), { code: 3, stdout: '', stderr: '' });
  const db = new Database(join(target, 'state.db'));
  const aDay = 86_400_000;
  db.function('earlier', (text) => String(text).replace(/\d{13}/g, (time) => String(Number(time) - aDay)));
  const { changes } = db.prepare("UPDATE mirror SET value = earlier(value) WHERE key = 'outage'").run();
  db.close();
  t.equal(changes, 1);
  t.match(await mirror('-q'), { code: 3, stderr: /^pep381run: error: / });
});
