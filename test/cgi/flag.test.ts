/** Who starts a run when many ask: the processes of the CGI, and the rules behind them. */
import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { giveUpStart, raiseFlag } from '../../src/cgi/request-flag.ts';
import { howMany } from '../fixtures/every-case.ts';
import { leave, openCgi } from './opened-cgi.ts';

const minuteMs = 60_000;
/** Enough for some of them to meet. */
const atATime = howMany(12, 6);
/** The beginning of the ten minutes in which this runs: what it remembers bears the real time. */
const startMs = Math.floor(Date.now() / (10 * minuteMs)) * 10 * minuteMs;

t.test('of many requests at a time one starts a run', async (t) => {
  const cgi = openCgi(t);
  const replies = await Promise.all(Array.from({ length: atATime }, () => cgi.ask()));
  t.ok(replies.every(({ stdout }) => stdout.endsWith('\n\nMirroring started\n')));
  t.equal((await cgi.runs(1)).length, 1);
  rmSync(cgi.flag);
  await Promise.all(Array.from({ length: atATime }, () => cgi.ask()));
  t.equal((await cgi.runs(2)).length, 2, 'and one more when a run has taken the flag');
});

t.test('of many requests that find a stale flag one starts a run', async (t) => {
  const cgi = openCgi(t);
  const flag = leave(cgi, 'sync-requested');
  utimesSync(flag, 0, 0);
  await Promise.all(Array.from({ length: atATime }, () => cgi.ask()));
  const runs = await cgi.runs(1);
  // The ten minutes may have ended in between.
  t.ok(runs.length <= 2, `${runs.length}`);
  t.ok(existsSync(flag));
});

t.test('the flag says who has to start a run', async (t) => {
  const run = join(t.testdir(), 'run');
  const flag = join(run, 'sync-requested');
  const standsSince = (ms: number): void => utimesSync(flag, ms / 1000, ms / 1000);

  t.ok(raiseFlag(run, startMs), 'the first, for whom even the folder is made');
  standsSince(startMs);
  t.notOk(raiseFlag(run, startMs + 9 * minuteMs), 'then nobody for ten minutes');
  t.ok(raiseFlag(run, startMs + 11 * minuteMs), 'then again one');
  t.notOk(raiseFlag(run, startMs + 12 * minuteMs));
  t.ok(raiseFlag(run, startMs + 22 * minuteMs), 'every ten minutes');
  t.ok(existsSync(flag), 'and the request is not forgotten');

  standsSince(startMs + 365 * 24 * 60 * minuteMs);
  t.ok(raiseFlag(run, startMs + 33 * minuteMs), 'a clock that was set back does not silence the requests');

  rmSync(flag);
  t.ok(raiseFlag(run, startMs + 33 * minuteMs), 'a flag that was taken is raised anew at once');
});

t.test('where nobody could be started the next request tries at once', async (t) => {
  const run = join(t.testdir(), 'run');
  for (const attempt of [1, 2, 3]) {
    t.ok(raiseFlag(run, startMs), `attempt ${attempt}`);
    giveUpStart(run, startMs);
  }
  rmSync(join(run, 'sync-requested'));
  giveUpStart(run, startMs);
  t.notOk(existsSync(join(run, 'sync-requested')), 'a flag that was taken meanwhile stays away');
});

t.test('what it remembers of retries does not pile up', async (t) => {
  const run = join(t.testdir(), 'run');
  raiseFlag(run, Date.now());
  utimesSync(join(run, 'sync-requested'), 0, 0);
  for (let hours = 0; hours < 50; hours++) raiseFlag(run, Date.now() + hours * 60 * minuteMs);
  t.ok(readdirSync(join(run, 'sync-retries')).length <= 2);
});
