/** Held-back deletions over days, as cron sees them: told with their command every day, and always in the status. */
import { join } from 'node:path';
import t from 'tap';
import { faketimeOrReason, openFakeTime } from '../fixtures/faketime.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { run } from './program.ts';
import { runHere } from './run-here.ts';

const program = join(await openBundle(), 'pep381run');

t.test('held-back deletions are told with their command each day', faketimeOrReason(), async (t) => {
  const index = smallIndex();
  const names = Array.from({ length: 12 }, (_, at) => `many-${at}`);
  for (const name of names) index.publish(makeSdist({ name, version: '1.0' }));
  const { server, target } = await openSample(t, program, index);
  const clock = openFakeTime(t.testdir());
  const { env } = clock;
  const mirror = (...options: string[]) => run(program, [...options, '--upstream', server.url, target], { env });
  server.now = () => Date.now() + aheadMs;
  let aheadMs = 0;
  t.equal((await runHere('-q', '--upstream', server.url, target)).code, 0);
  for (const name of names) index.removeProject(name);
  const told: [day: number, allowed: number][] = [];
  for (const hours of [0, 6, 18, 24, 30, 36, 48, 54, 60]) {
    // A few minutes later each time: cron and the start of a program are never exact.
    aheadMs = hours * 3_600_000 + hours * 10_000;
    clock.move(`+${Math.round(aheadMs / 1000)}`);
    if (hours === 36) index.removeProject('gamma');
    const { code, stderr } = await mirror('-q');
    t.equal(code, 5, `after ${hours} hours`);
    const [, allowed] = /^To let .* go: pep381run --allow-deletions (\d+) /m.exec(stderr) ?? [];
    if (allowed !== undefined) told.push([Math.floor(hours / 24), Number(allowed)]);
    else t.equal(stderr, '', `after ${hours} hours`);
  }
  // What is held back at another hour is told at that hour, with a command for all.
  const eachDay = [
    [0, 12],
    [1, 12],
    [1, 13],
    [2, 13],
    [2, 13],
  ];
  t.same(told, eachDay, 'once a day');
  const { stdout } = await run(program, ['--status', target], { env });
  t.match(stdout, `Held back  deletions of 13 projects; to let them go: pep381run --allow-deletions 13 ${target}\n`);
  t.same(await mirror('-q', '--allow-deletions', '13'), { code: 0, stdout: '', stderr: '' });
});
