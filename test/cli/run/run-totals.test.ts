import t from 'tap';
import { RunTotals } from '../../../src/cli/run/run-totals.ts';
import type { MirrorEvent, ProjectOutcome } from '../../../src/core/report.ts';
import { downloaded, everyEvent, named, parked, placed, planned } from '../output/events.ts';

function tallyOf(events: readonly MirrorEvent[]): RunTotals {
  const tally = new RunTotals();
  for (const event of events) tally.count(event);
  return tally;
}

function done(count: number, outcome: ProjectOutcome): MirrorEvent[] {
  return Array.from({ length: count }, (_, number) => ({ type: 'project-done', name: named(`p${number}`), outcome }));
}

t.test('a run that found nothing to do says so', async (t) => {
  t.equal(new RunTotals().summary(0.3, false), '0 projects published, 0 files copied (0 B) in 0.3 s.');
});

t.test('the summary names everything that was done, and only that', async (t) => {
  const events = [...done(1, 'published'), ...downloaded('a-1.0.zip', 1024), ...downloaded('b-1.0.zip', 512)];
  t.equal(tallyOf(events).summary(61, false), '1 project published, 2 files copied (1.5 KiB) in 1 min 01 s.');
  events.push(
    ...done(1234, 'unchanged'),
    ...done(2, 'removed'),
    { type: 'file-removed', path: placed('c-1.0.zip') },
    parked('x', 'why'),
    parked('y', 'why'),
    { type: 'warning', message: 'x' },
  );
  t.equal(
    tallyOf(events).summary(3723, false),
    '1 project published, 1,234 unchanged, 2 removed, 2 files copied (1.5 KiB), 1 file removed, ' +
      '2 projects failed and stay queued, 1 warning in 1 h 02 min.',
  );
});

t.test('a dry run sums up what it would do', async (t) => {
  const events = [
    planned('a', ['a-1.0.zip', 'a-2.0.zip'], 2048, ['a-0.1.zip']),
    planned('b', ['b-1.0.zip'], 1024),
    ...done(2, 'published'),
    ...done(1, 'removed'),
  ];
  t.equal(
    tallyOf(events).summary(1, true),
    'Would publish 2 projects, copy 3 files (3.0 KiB), remove 1 file and 1 project.',
  );
});

t.test('a project that succeeds after it failed has not failed', async (t) => {
  const tally = tallyOf([
    parked('a', 'stale', true),
    parked('b', 'broken'),
    { type: 'project-done', name: named('a'), outcome: 'published' },
  ]);
  t.same([...tally.parked.keys()], ['b']);
  t.match(tally.summary(1, false), '1 project failed');
});

t.test('a project that fails twice is one failed project, with the last reason', async (t) => {
  const tally = tallyOf([parked('a', 'first'), parked('a', 'second')]);
  t.match([...tally.parked], [['a', { reason: 'second' }]]);
});

t.test('bytes of a failed download are subtracted', async (t) => {
  const path = placed('a-1.0.zip');
  const tally = tallyOf([
    { type: 'file-started', path, bytes: 10 },
    { type: 'bytes', path, bytes: 10 },
    { type: 'bytes', path, bytes: -10 },
    { type: 'bytes', path, bytes: 10 },
    { type: 'file-done', path },
  ]);
  t.equal(tally.bytes, 10);
});

t.test('only files in progress are transfers', async (t) => {
  const tally = tallyOf([
    ...downloaded('done-1.0.zip', 10),
    { type: 'file-started', path: placed('open-1.0.zip'), bytes: undefined },
    { type: 'file-started', path: placed('failed-1.0.zip'), bytes: 5 },
    { type: 'file-failed', path: placed('failed-1.0.zip') },
    { type: 'bytes', path: placed('open-1.0.zip'), bytes: 3 },
  ]);
  t.same([...tally.transfers], [[placed('open-1.0.zip'), { size: undefined, bytes: 3 }]]);
  t.equal(tally.files, 1);
});

t.test('projects queued later in a run add to the total', async (t) => {
  const tally = tallyOf([{ type: 'queued', projects: 3 }, ...done(3, 'published'), { type: 'queued', projects: 2 }]);
  t.same([tally.done, tally.queued], [3, 5]);
});

t.test('every kind of event can be counted', async (t) => {
  t.match(tallyOf(everyEvent), { done: 1, files: 1, removedFiles: 1, warnings: 1, bytes: 10, plannedFiles: 1 });
});

t.test('files that were fetched are a change, though their project failed', async (t) => {
  t.equal(tallyOf([parked('x', 'why')]).hasChanged, false);
  t.equal(tallyOf([...downloaded('a-1.0.zip', 1024), parked('x', 'why')]).hasChanged, true);
});
