/** The output of a check for a terminal, a log and a program. */
import t from 'tap';
import type { CheckEvent, Finding } from '../../../src/check/check-event.ts';
import { CheckDisplay } from '../../../src/cli/check/check-display.ts';
import { textOf } from '../../../src/cli/check/check-texts.ts';
import { CheckTotals } from '../../../src/cli/check/check-totals.ts';
import { CheckView, type CheckViewOptions } from '../../../src/cli/check/check-view.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { named, placed } from '../output/events.ts';
import { FakeTerminal } from '../output/fake-terminal.ts';

const root = '/srv/pypi';
const path = placed('many-1.0.zip');
const missing: Finding = { kind: 'missing-file', path, project: named('many'), file: path };
const badSize: Finding = { ...missing, kind: 'bad-size', expected: '5 bytes', found: '4 bytes' };

/** A check with everything that is worth a word. */
const events: readonly CheckEvent[] = [
  { type: 'waiting' },
  { type: 'resumed', after: named('lots') },
  { type: 'started', projects: 10, done: 4 },
  { type: 'project-started', name: named('many') },
  { type: 'file-checked', path },
  { type: 'read', bytes: 4 },
  { type: 'finding', finding: missing },
  { type: 'finding', finding: badSize },
  { type: 'queued', name: named('many') },
  { type: 'project-checked', name: named('many') },
  { type: 'unjudged', projects: 2 },
  { type: 'kept', why: 'because' },
  { type: 'folder-started', path: placed('x-1.0.zip') },
  { type: 'empty-folder', path: placed('empty-1.0.zip') },
  { type: 'leftover', name: 'write-1' },
  { type: 'discarded', path },
  { type: 'tree-unjudged' },
];

function watch(seen: readonly CheckEvent[], options: Partial<CheckViewOptions> = {}): string[] {
  const written: string[] = [];
  const lines = { out: (line: string) => written.push(line), err: (line: string) => written.push(`stderr: ${line}`) };
  const tally = new CheckTotals();
  const now = (): number => Date.UTC(2026, 10, 22);
  const view = new CheckView({
    lines,
    root,
    tally,
    quiet: false,
    logFormat: 'text',
    isTerminal: false,
    now,
    ...options,
  });
  for (const event of seen) view.report(event);
  view.end();
  view.conclude(3.14);
  return written;
}

const urgent = [
  `Missing file ${root}/web/${path}`,
  `Bad size ${root}/web/${path}: expected 5 bytes, found 4 bytes`,
  '2 projects look wrong, but a run is changing them; check again when it has ended',
  'Nothing is deleted: because',
];
const todo = 'Todo list updated; run pep381run now';
const summary =
  'Checked 1 project, 1 file (4 B) in 3.1 s: 2 findings, 1 project queued, 2 not judged, 1 moved to the trash.';

t.test('a log has a line for each finding, and the summary when something is wrong', async (t) => {
  t.same(watch(events), [
    'Synchronization in progress, waiting',
    'Continuing the check that was interrupted after lots',
    ...urgent,
    `Empty folder ${root}/web/${placed('empty-1.0.zip')}`,
    `Leftover ${root}/staging/write-1`,
    `Moved to the trash ${root}/web/${path}`,
    'A run is at work, so that nobody can tell what nothing accounts for; check again when it has ended',
    todo,
    summary,
  ]);
});

t.test('-q prints only what a person has to do something about', async (t) => {
  t.same(watch(events, { quiet: true }), [...urgent, todo]);
  t.same(watch(events, { quiet: true, isTerminal: true }), [...urgent, todo]);
});

t.test('the log of a check without findings is empty', async (t) => {
  const well: CheckEvent[] = [
    { type: 'started', projects: 1, done: 0 },
    { type: 'project-checked', name: named('a') },
  ];
  t.same(watch(well), []);
  t.same(watch(well, { quiet: true }), []);
  t.same(watch(well, { quiet: true, logFormat: 'json' }), []);
});

t.test('a JSON log has one object per finding, and one at the end', async (t) => {
  const objects = watch(events, { logFormat: 'json' }).map((line) => JSON.parse(line) as Record<string, unknown>);
  const time = '2026-11-22T00:00:00.000Z';
  t.same(
    objects.filter(({ type }) => type === 'finding'),
    [
      { time, type: 'finding', kind: 'missing-file', path, project: 'many' },
      { time, type: 'finding', kind: 'bad-size', path, project: 'many', expected: '5 bytes', found: '4 bytes' },
    ],
  );
  t.same(objects.at(-1), {
    time,
    type: 'summary',
    exitCode: 1,
    projects: 1,
    files: 1,
    bytes: 4,
    findings: 2,
    queued: 1,
    unjudged: 2,
    discarded: 1,
    summary,
  });
  const quiet = watch(events, { logFormat: 'json', quiet: true }).map((line) => (JSON.parse(line) as CheckEvent).type);
  t.same(quiet, ['finding', 'finding', 'unjudged', 'kept', 'todo', 'summary']);
});

t.test('every kind of finding has a line of its own, with what was expected and found', async (t) => {
  const page = 'simple/many/index.html' as Finding['path'];
  const at = `${root}/web/${path}`;
  const rows: [Partial<Finding>, string][] = [
    [{ kind: 'missing-page', path: page }, `Missing index.html for ${root}/web/simple/many`],
    [{ kind: 'bad-page', found: 'half of it' }, `Bad page ${at}: half of it`],
    [{ kind: 'bad-twin', found: 'missing' }, `Bad .gz twin ${at}: missing`],
    [{ kind: 'bad-sha256', expected: 'aa', found: 'bb' }, `Bad sha256 ${at}: expected aa, found bb`],
    [{ kind: 'missing-metadata' }, `Missing metadata ${at}`],
    [{ kind: 'bad-metadata', expected: 'aa', found: 'bb' }, `Bad metadata ${at}: expected aa, found bb`],
    [{ kind: 'missing-provenance' }, `Missing provenance ${at}`],
    [{ kind: 'bad-provenance', expected: 'JSON', found: 'none' }, `Bad provenance ${at}: expected JSON, found none`],
    [{ kind: 'unreadable', found: `${at}: EIO (i/o error)` }, `Unreadable ${at}: EIO (i/o error)`],
    [{ kind: 'unreferenced', project: undefined }, `Unreferenced file ${at}`],
    [{ kind: 'unknown-project', project: undefined }, `Unknown project page ${at}`],
  ];
  for (const [finding, text] of rows) {
    t.equal(textOf({ type: 'finding', finding: { ...missing, ...finding } }, root), text);
  }
});

t.test('a name in the tree cannot control the terminal, or look like another line', async (t) => {
  const evil = `packages/\x1b[2Jx\nMissing file y\u202e.zip` as Finding['path'];
  const text = textOf({ type: 'finding', finding: { kind: 'unreferenced', path: evil, project: undefined } }, root);
  t.equal(text, `Unreferenced file ${root}/web/packages/?[2Jx?Missing file y?.zip`);
});

function openDisplay() {
  const terminal = new FakeTerminal(100);
  const clock = new FakeClock();
  const tally = new CheckTotals();
  const display = new CheckDisplay(terminal, root, tally, () => clock.now());
  const report = (event: CheckEvent): void => {
    tally.count(event);
    display.report(event);
  };
  return { terminal, clock, display, report };
}

t.test('the display shows how far the check is, and about how long it will take', async (t) => {
  const { terminal, clock, display, report } = openDisplay();
  display.draw();
  t.equal(terminal.screen.at(-1), '  now      starting');
  report({ type: 'started', projects: 20, done: 5 });
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    report({ type: 'project-started', name: named(name) });
    report({ type: 'read', bytes: 2048 });
    report({ type: 'file-checked', path });
    report({ type: 'project-checked', name: named(name) });
  }
  clock.advance(10_000);
  display.draw();
  t.same(terminal.screen, [
    `Checking ${root}  10 s`,
    `  projects [${'#'.repeat(15)}${'.'.repeat(15)}] 10 of 20  50 %`,
    '  files    5, 10 KiB, 1.0 KiB/s, about 20 s left',
    '  now      e',
  ]);
  display.erase();
  t.same(terminal.screen, []);
});

t.test('findings scroll away above the display, which counts them', async (t) => {
  const { terminal, clock, display, report } = openDisplay();
  display.draw();
  report({ type: 'started', projects: 2, done: 0 });
  report({ type: 'waiting' });
  report({ type: 'finding', finding: missing });
  report({ type: 'queued', name: named('many') });
  clock.advance(1000);
  display.draw();
  const told = `Missing file ${root}/web/${path}`;
  t.equal(terminal.screen.slice(0, 2).join(''), told, 'wrapped, but whole');
  t.same(terminal.screen.slice(2), [
    `Checking ${root}  1.0 s`,
    `  projects [${'.'.repeat(30)}] 0 of 2  0 %`,
    '  files    0, 0 B, 0 B/s',
    '  now      Synchronization in progress, waiting',
    '  wrong    1 finding, 1 project queued',
  ]);
});

t.test('a mirror without projects can be checked', async (t) => {
  const { terminal, clock, display, report } = openDisplay();
  report({ type: 'started', projects: 0, done: 0 });
  clock.advance(60_000);
  display.draw();
  t.match(terminal.screen[1], '0 of 0  0 %');
});
