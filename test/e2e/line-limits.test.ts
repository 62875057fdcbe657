/** What an administrator of a thin line sets: `rate-limit` and `window`. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { faketimeOrReason, openFakeTime } from '../fixtures/faketime.ts';
import { readerProblems } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { openLargeIndex } from '../sample/large-index.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { killAtEnd, run, start, until } from './program.ts';
import { runHere } from './run-here.ts';

const program = join(await openBundle(), 'pep381run');
const hourMs = 3_600_000;

/** Returns the part of the day from so many hours before or after now, by the local time of this machine. */
function hours(from: number, to: number): string {
  const time = (hours: number): string => {
    const date = new Date(Date.now() + hours * hourMs);
    return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
  };
  return `${time(from)}-${time(to)}`;
}

t.test('rate-limit is what all connections together take', async (t) => {
  const index = await openLargeIndex({ projects: 10, filesPerProject: 5, meanFileSize: 30_000 });
  t.teardown(() => index.close());
  const target = join(t.testdir({ target: { 'mirror.toml': 'rate-limit = "500kB/s"\nworkers = 20\n' } }), 'target');
  const began = performance.now();
  t.same(await run(program, ['-q', '--upstream', index.url, target]), { code: 0, stdout: '', stderr: '' });
  const seconds = (performance.now() - began) / 1000;
  t.ok(index.bytes > 1_000_000, `${index.bytes} bytes`);
  // The last bytes of the twenty connections are not waited for.
  t.ok(seconds >= (index.bytes * 0.75) / 500_000, `${index.bytes} bytes in ${seconds} s`);
  t.same(readerProblems(join(target, 'web')), []);
});

t.test('outside of the window a run ends at once, and takes no request of /sync along', async (t) => {
  const { server, target } = await openSample(t, program, smallIndex());
  const set = (window: string): void => {
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'mirror.toml'), `upstream = "${server.url}"\nwindow = "${window}"\n`);
  };
  const closed = hours(2, 4);
  set(closed);
  const before = server.requests.length;
  const line = `Outside of the window ${closed}; mirroring is skipped\n`;
  t.same(await run(program, [target]), { code: 0, stdout: line, stderr: '' });
  mkdirSync(join(target, 'run'), { recursive: true });
  writeFileSync(join(target, 'run/sync-requested'), '');
  t.same(await runHere('-q', target), { code: 0, stdout: '', stderr: '' });
  t.notOk(existsSync(join(target, 'run/sync-requested')), 'a unit that watches for requests would start runs for ever');
  t.equal(server.requests.length, before, 'upstream is not asked');
  t.equal((await runHere('--dry-run', target)).code, 0, 'a dry run works at any time');
  t.ok(server.requests.length > before);
  set(hours(-2, 2));
  t.same(await runHere('-q', target), { code: 0, stdout: '', stderr: '' });
  t.same(readerProblems(join(target, 'web')), []);
});

t.test('a run that is at work when the window ends is paused', faketimeOrReason(), async (t) => {
  const { server, target } = await openSample(t, program, smallIndex());
  const window = hours(-2, 2);
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${server.url}"\nworkers = 1\nwindow = "${window}"\n`);
  const clock = openFakeTime(join(target, '..'));
  server.faults.add({ do: 'delay', ms: 400 });
  const running = start(program, [target], { env: clock.env });
  killAtEnd(t, running);
  await until('some requests', () => server.requests.length >= 4);
  clock.move('+3h');
  const ended = await running.ended;
  t.equal(ended.code, 0);
  t.match(ended.stdout, `The window ${window} is over; the next run in it goes on\n`);
  t.equal(ended.stderr, '');
  server.faults.clear();
  clock.move('+0');
  t.same(await run(program, ['-q', target], { env: clock.env }), { code: 0, stdout: '', stderr: '' });
  t.same(readerProblems(join(target, 'web')), []);
});
