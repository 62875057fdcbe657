/** Exit code 1, and a pause by Ctrl-C, come with the reason, the progress so far, and how the mirror goes on. */
import { join } from 'node:path';
import t from 'tap';
import { faketimeOrReason, openFakeTime } from '../fixtures/faketime.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { openMirrored, openSample } from './opened-sample.ts';
import { run, until } from './program.ts';
import { runHere } from './run-here.ts';
import { runInTerminal, terminalOrReason } from './terminal.ts';

const program = join(await openBundle(), 'pep381run');
const waiting = /^1 project waits for another try, since \S+Z alpha: .+; next try not before \S+Z$/m;

t.test('if only earlier failures wait, exit code 1 comes with the first of them and its next try', async (t) => {
  const { server, mirror, mirrorHere } = await openSample(t, program, smallIndex());
  server.faults.add({ do: 'body', match: /\/simple\/alpha\/$/, body: '{}' });
  const failed = await mirror();
  t.equal(failed.code, 1);
  t.notMatch(failed.stderr, waiting, 'its own failure is reason enough');
  const { code, stdout, stderr } = await mirror();
  t.equal(code, 1);
  t.match(stderr, waiting);
  t.equal(stderr.split('\n').length, 2, 'in one line');
  t.match(stdout, /^0 projects published, /);
  t.match(await mirrorHere('--log-format', 'json'), {
    code: 1,
    stdout: /"type":"summary",.*"waiting":"1 project waits/,
  });
  const plan = await mirrorHere('--plan');
  t.equal(plan.code, 1);
  t.match(plan.stderr, waiting, 'a plan says so, too');
  t.match(await mirrorHere('--plan', '--log-format', 'json'), { code: 1, stdout: /"waiting":"1 project waits/ });
});

t.test('several waiting projects are counted, and the status names ten and counts the others', async (t) => {
  const { server, target, mirrorHere } = await openSample(t, program);
  server.faults.add({ do: 'body', match: /\/simple\/sample-[^/]+\/$/, body: '{}' });
  await mirrorHere('-q');
  const { stderr } = await mirrorHere();
  t.match(
    stderr,
    /^13 projects wait for another try, since \S+Z sample-\S+: .*; 12 more \(pep381run --status \/.*\)\n$/,
  );
  const { stdout } = await runHere('--status', target);
  t.match(stdout, /\nand 3 more\n/);
  t.notMatch(stdout, /1970/);
});

t.test(
  '-q does not report a failure that passes within an hour, and reports a longer one once a day',
  faketimeOrReason(),
  async (t) => {
    const { server, target } = await openMirrored(t, program, smallIndex);
    const clock = openFakeTime(t.testdirName);
    const quiet = () => run(program, ['-q', '--upstream', server.url, target], { env: clock.env });
    server.index.publish(makeSdist({ name: 'alpha', version: '9.0' }));
    server.faults.add({ do: 'status', match: /\/simple\/alpha\/$/, status: 404 });
    t.match(await quiet(), { code: 1, stdout: '', stderr: '' });
    clock.move('+50m');
    t.match(await quiet(), { code: 1, stdout: '', stderr: '' });
    const told: string[] = [];
    for (const by of ['+2h', '+9h', '+28h', '+29h']) {
      clock.move(by);
      const { code, stdout, stderr } = await quiet();
      t.same([code, stdout], [1, ''], by);
      if (stderr !== '') told.push(by);
    }
    t.same(told, ['+2h', '+28h']);
  },
);

t.test('a paused run says how far it got, and the next one where it begins', async (t) => {
  const opened = await openSample(t, program, smallIndex());
  const { server, mirror, mirrorHere } = opened;
  const stall = { do: 'stall', match: /gamma-1\.0\.tar\.gz$/ } as const;
  server.faults.add(stall);
  const running = opened.begin('--workers', '1');
  await until('the last file', () => server.requests.some(({ path }) => stall.match.test(path)));
  running.kill('SIGINT');
  const { code, stdout } = await running.ended;
  t.equal(code, 0);
  t.match(
    stdout,
    /\n\d+ projects published, \d+ files copied \(.*\) in .* s\. \d+ projects? stays? queued\.\n\nMirroring paused\. Resume by restarting pep381run\.\n$/,
  );
  server.faults.clear();
  const next = await mirror();
  t.match(next.stdout, /^Resuming the run that was paused at \S+Z: \d+ projects? (?:is|are) queued\n/m);
  t.notMatch((await mirrorHere()).stdout, /Resuming/);
});

t.test('a run that was killed after a paused one is not reported as paused', async (t) => {
  const { server, mirror, begin } = await openSample(t, program, smallIndex());
  const stall = { do: 'stall', match: /gamma-1\.0\.tar\.gz$/ } as const;
  server.faults.add(stall);
  for (const [times, signal] of [
    [1, 'SIGINT'],
    [2, 'SIGKILL'],
  ] as const) {
    const running = begin('--project', 'gamma');
    await until('the file', () => server.requests.filter(({ path }) => stall.match.test(path)).length === times);
    running.kill(signal);
    await running.ended;
  }
  server.faults.clear();
  const { stdout, stderr } = await mirror();
  t.notMatch(stdout, /Resuming/);
  t.match(stderr, /^Warning: the last run, which began at \S+, died before its end; this one goes on from there$/m);
  t.match(stderr, /^Warning: the last run died while it worked on gamma; it comes last now$/m);
});

t.test('a terminal shows how far the paused run got', terminalOrReason(), async (t) => {
  const { server, target } = await openSample(t, program, smallIndex());
  server.faults.add({ do: 'stall', match: /\/packages\// });
  const terminal = runInTerminal(t, 100, [process.execPath, program, '--upstream', server.url, target]);
  await until('a download', () => server.requests.some(({ path }) => path.startsWith('/packages/')));
  terminal.type('\x03');
  t.equal(await terminal.ended, 0);
  t.match(terminal.screen().join(' '), /\d+ projects? published, 0 files copied .* stay queued\. /);
});
