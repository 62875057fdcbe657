import fc from 'fast-check';
import t from 'tap';
import { ProgressDisplay } from '../../../src/cli/run/progress-display.ts';
import type { MirrorEvent } from '../../../src/core/report.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { downloaded, named, parked, placed, planned } from '../output/events.ts';
import { FakeTerminal } from '../output/fake-terminal.ts';

const title = 'Mirroring https://pypi.example into /srv/pypi';
const bar = (full: number): string => `[${'#'.repeat(full)}${'.'.repeat(30 - full)}]`;

function open(columns = 100): { terminal: FakeTerminal; clock: FakeClock; display: ProgressDisplay } {
  const terminal = new FakeTerminal(columns);
  const clock = new FakeClock();
  return { terminal, clock, display: new ProgressDisplay(terminal, title, () => clock.now()) };
}

function done(count: number): MirrorEvent[] {
  return Array.from({ length: count }, (_, number) => ({
    type: 'project-done',
    name: named(`p${number}`),
    outcome: 'published',
  }));
}

t.test('at first the display says what is being requested', async (t) => {
  const { terminal, display } = open();
  display.draw();
  t.same(terminal.screen, [
    `${title}  0.0 s`,
    `  projects ${bar(0)} 0 of 0  0 %`,
    '  files    0 of 0 known, 0 B, 0 B/s',
    '  now      asking what changed',
  ]);
});

t.test('the display shows how far the run is, and about how long it will take', async (t) => {
  const { terminal, clock, display } = open();
  display.draw();
  display.report({ type: 'queued', projects: 10 });
  for (const event of [planned('a', ['a-1.0.zip'], 4096), ...downloaded('a-1.0.zip', 4096), ...done(5)]) {
    display.report(event);
  }
  clock.advance(4_000);
  display.draw();
  t.same(terminal.screen, [
    `${title}  4.0 s`,
    `  projects ${bar(15)} 5 of 10  50 %`,
    '  files    1 of 1 known, 4.0 KiB, 1.0 KiB/s, about 36 s left',
    '  now      reading project pages',
  ]);
});

t.test('the line about an adopted mirror stays on the terminal, above the display', async (t) => {
  const { terminal, display } = open();
  display.draw();
  display.report({ type: 'adopting', from: 'bandersnatch' });
  display.report({ type: 'adopted', summary: 'Took over 1 project with 2 files (3 B)' });
  t.same(terminal.screen.slice(0, 2), [
    'Taking over the mirror of bandersnatch',
    'Took over 1 project with 2 files (3 B)',
  ]);
  display.erase();
  t.equal(terminal.screen.filter((line) => line !== '').length, 2);
});

t.test('the display is redrawn in place, however its number of lines changes', async (t) => {
  const { terminal, display } = open();
  display.draw();
  const idle = terminal.screen.length;
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    display.report({ type: 'file-started', path: placed(`${name}-1.0.zip`), bytes: 2048 });
  }
  display.report({ type: 'bytes', path: placed('a-1.0.zip'), bytes: 512 });
  display.draw();
  t.same(terminal.screen.slice(3), [
    '  now      6 downloads',
    '           a-1.0.zip  25 % of 2.0 KiB',
    '           b-1.0.zip  0 % of 2.0 KiB',
    '           c-1.0.zip  0 % of 2.0 KiB',
    '           d-1.0.zip  0 % of 2.0 KiB',
    '           and 2 more',
  ]);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    display.report({ type: 'file-done', path: placed(`${name}-1.0.zip`) });
  }
  display.draw();
  t.equal(terminal.screen.length, idle, 'nothing of the longer form is left');
  t.match(terminal.screen.at(-1), 'asking what changed');
});

t.test('a download of unknown size shows the bytes that have arrived', async (t) => {
  const { terminal, display } = open();
  display.report({ type: 'file-started', path: placed('a-1.0.zip'), bytes: undefined });
  display.report({ type: 'bytes', path: placed('a-1.0.zip'), bytes: 512 });
  display.draw();
  t.equal(terminal.screen.at(-1), '           a-1.0.zip  512 B');
});

t.test('a problem is written above the display, at once, and stays there', async (t) => {
  const { terminal, display } = open();
  display.draw();
  display.report({ type: 'warning', message: 'disk nearly full' });
  display.report(parked('pkg', 'upstream answers 500'));
  display.draw();
  t.same(terminal.screen.slice(0, 3), [
    'Warning: disk nearly full',
    'pkg: upstream answers 500; next try not before 2026-11-22T12:00:00.000Z',
    `${title}  0.0 s`,
  ]);
  t.equal(terminal.screen.at(-1), '  failed   1 project, last: pkg: upstream answers 500');
  t.equal(terminal.screen.length, 7);
});

t.test('a failure is shown by its project and problem, not by the beginning of a URL', async (t) => {
  const { terminal, display } = open();
  const last = (): string | undefined => {
    display.draw();
    return terminal.screen.at(-1)?.replace(/^ {2}failed {3}\d projects?, last: /, '');
  };
  const file = 'https://files.example/packages/5a/0b/d0c25553483cdc08ff4782717c/demo-1.0.tar.gz';
  display.report(parked('demo', `${file}: expected sha256 aa, found bb`));
  t.equal(last(), 'demo: demo-1.0.tar.gz: expected sha256 aa, found bb');
  display.report(parked('other', 'https://index.example/simple/other/: answered 500'));
  t.equal(last(), 'other: answered 500');
  display.report(parked('third', 'https://index.example/simple/third/: redirects to https://index.example/login'));
  t.equal(last(), 'third: redirects to login');
});

t.test('a stalled download is named first, and no remaining time is shown while nothing arrives', async (t) => {
  const { terminal, clock, display } = open();
  display.draw();
  display.report({ type: 'queued', projects: 10 });
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    display.report({ type: 'file-started', path: placed(`${name}-1.0.zip`), bytes: 2048 });
  }
  for (const event of [planned('g', ['g-1.0.zip'], 4096), ...downloaded('g-1.0.zip', 4096), ...done(5)]) {
    display.report(event);
  }
  clock.advance(4_000);
  display.draw();
  t.match(terminal.screen[2], / left$/);
  t.notMatch(terminal.screen.join('\n'), /nothing for/);
  clock.advance(16_000);
  for (const name of ['a', 'b', 'c', 'd', 'f']) {
    display.report({ type: 'bytes', path: placed(`${name}-1.0.zip`), bytes: 512 });
  }
  display.draw();
  t.equal(terminal.screen[4], '           e-1.0.zip  0 % of 2.0 KiB, nothing for 20 s');
  t.equal(terminal.screen[5], '           a-1.0.zip  25 % of 2.0 KiB');
  clock.advance(6_000);
  display.draw();
  clock.advance(6_000);
  display.draw();
  t.match(terminal.screen[2], /, 0 B\/s$/, 'no time is told for what stands still');
});

t.test('a pause is shown with its duration and reason', async (t) => {
  const { terminal, display } = open();
  display.report({ type: 'queued', projects: 1 });
  display.report({ type: 'waiting', ms: 4_100, why: 'for pages' });
  display.draw();
  t.equal(terminal.screen.at(-1), '  now      waiting 5 s for pages');
});

t.test('the display says that there is nothing to do', async (t) => {
  const { terminal, display } = open();
  display.report({ type: 'queued', projects: 0 });
  display.draw();
  t.equal(terminal.screen.at(-1), '  now      nothing to do');
});

t.test('at its end the display disappears, and problems stay', async (t) => {
  const { terminal, display } = open();
  display.draw();
  display.report({ type: 'warning', message: 'x' });
  display.draw();
  display.erase();
  t.same(terminal.screen, ['Warning: x']);
  display.erase();
  t.same(terminal.screen, ['Warning: x'], 'twice does no harm');
});

t.test('on a narrow terminal lines are cut, so that none takes two rows', async (t) => {
  const { terminal, display } = open(40);
  display.report({ type: 'file-started', path: placed(`${'n'.repeat(200)}-1.0.zip`), bytes: 5 });
  display.draw();
  display.draw();
  t.ok(terminal.widest < 40, 'the last column stays free');
  t.equal(terminal.screen.length, 5);
  t.ok(terminal.screen.filter((line) => line.endsWith('…')).length >= 3);
});

t.test('the bar is never fuller than full', async (t) => {
  const { terminal, display } = open();
  display.report({ type: 'queued', projects: 1 });
  for (const event of done(3)) display.report(event);
  display.draw();
  t.match(terminal.screen[1], `${bar(30)} 3 of 1  100 %`);
});

t.test('whatever happens, the screen shows all problems and one display below them', async () => {
  const file = fc.constantFrom('a-1.0.zip', 'b-1.0.zip', `${'long'.repeat(40)}-1.0.zip`).map(placed);
  const event: fc.Arbitrary<MirrorEvent | 'draw'> = fc.oneof(
    fc.constant('draw' as const),
    fc.record({
      type: fc.constant('file-started' as const),
      path: file,
      bytes: fc.option(fc.nat(), { nil: undefined }),
    }),
    fc.record({ type: fc.constant('bytes' as const), path: file, bytes: fc.integer({ min: -5000, max: 5000 }) }),
    fc.record({ type: fc.constant('file-done' as const), path: file }),
    fc.record({ type: fc.constant('queued' as const), projects: fc.nat(2_000_000) }),
    fc.record({ type: fc.constant('waiting' as const), ms: fc.nat(), why: fc.constant('for upstream '.repeat(9)) }),
    fc.record({ type: fc.constant('warning' as const), message: fc.constantFrom('short', 'long '.repeat(30)) }),
    fc.constantFrom(...done(3), parked('x', 'upstream answers 500 '.repeat(8)), parked('y', 'stale')),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.integer({ min: 21, max: 140 }), (events, columns) => {
      const { terminal, clock, display } = open(columns);
      const problems: string[] = [];
      display.draw();
      for (const each of events) {
        clock.advance(700);
        if (each === 'draw') display.draw();
        else display.report(each);
        if (each !== 'draw' && each.type === 'warning') problems.push(`Warning: ${each.message}`);
        if (each !== 'draw' && each.type === 'project-parked') {
          problems.push(`${each.name}: ${each.reason}; next try not before 2026-11-22T12:00:00.000Z`);
        }
      }
      display.draw();
      const above = problems.reduce((rows, line) => rows + Math.ceil(line.length / columns), 0);
      const shown = terminal.screen.slice(0, above);
      const below = terminal.screen.slice(above);
      return (
        shown.join('') === problems.join('') &&
        below.length >= 4 &&
        below.length <= 11 &&
        below.filter((line) => line.startsWith('Mirroring ')).length === 1 &&
        below.every((line) => line.length < columns)
      );
    }),
    { numRuns: 300 },
  );
});

t.test('the number of connections is that of all hosts together', async (t) => {
  const { display, terminal } = open();
  display.draw();
  display.report({ type: 'connections', host: 'index.example', connections: 10 });
  display.report({ type: 'connections', host: 'files.example', connections: 10 });
  display.report({ type: 'connections', host: 'files.example', connections: 40 });
  display.draw();
  t.match(terminal.screen.join('\n'), 'now      asking what changed, up to 50 connections');
});
