import t from 'tap';
import { jsonReport, textReport } from '../../../src/cli/output/event-lines.ts';
import type { Lines } from '../../../src/cli/output/lines.ts';
import type { MirrorEvent } from '../../../src/core/report.ts';
import { everyEvent, named, parked, placed, planned } from './events.ts';

const folder = `/packages/aa/bb/${'c'.repeat(60)}`;

function collect(): { lines: Lines; out: string[]; err: string[] } {
  const [out, err]: [string[], string[]] = [[], []];
  return { out, err, lines: { out: (line) => out.push(line), err: (line) => err.push(line) } };
}

function textOf(events: readonly MirrorEvent[], dryRun = false): { out: string[]; err: string[] } {
  const { lines, out, err } = collect();
  for (const event of events) textReport(lines, dryRun)(event);
  return { out, err };
}

t.test("the text has 1.5's lines for projects and files", async (t) => {
  const events: MirrorEvent[] = [
    { type: 'project-started', name: named('iniconfig') },
    { type: 'file-started', path: placed('iniconfig-2.0.0.tar.gz'), bytes: 5 },
    { type: 'file-removed', path: placed('iniconfig-1.0.0.tar.gz') },
  ];
  t.same(textOf(events), {
    out: [
      'Synchronizing iniconfig',
      `Copying ${folder}/iniconfig-2.0.0.tar.gz`,
      `Removing ${folder}/iniconfig-1.0.0.tar.gz`,
    ],
    err: [],
  });
});

t.test('the lines of a run are in order, and those that need attention go to standard error', async (t) => {
  t.same(textOf(everyEvent), {
    out: [
      'Synchronizing pkg',
      `Copying ${folder}/a-1.0.zip`,
      `Removing ${folder}/b-1.0.zip`,
      'Waiting 5 s for upstream',
    ],
    err: ['other: upstream answers 500; next try not before 2026-11-22T12:00:00.000Z', 'Warning: disk nearly full'],
  });
});

t.test('a dry run prints what it would do', async (t) => {
  const events: MirrorEvent[] = [
    { type: 'project-started', name: named('pkg') },
    planned('pkg', ['a-1.0.zip', 'b-1.0.zip'], 10, ['c-1.0.zip']),
    { type: 'project-done', name: named('pkg'), outcome: 'published' },
  ];
  t.same(textOf(events, true).out, [
    'Would synchronize pkg',
    `Would copy ${folder}/a-1.0.zip`,
    `Would copy ${folder}/b-1.0.zip`,
    `Would remove ${folder}/c-1.0.zip`,
  ]);
});

t.test('the JSON log has one object with time and type on each line', async (t) => {
  const { lines, out, err } = collect();
  const report = jsonReport(lines, () => Date.UTC(2026, 10, 22, 9, 30));
  const hostile = [parked('pkg', 'a\nb\u2028"c"\\'), parked('pkg', '\ud800 \u001b[2J')];
  for (const event of [...everyEvent, ...hostile]) report(event);
  t.same(err, []);
  t.ok(out.every((line) => !/[\r\n]/.test(line)));
  const read = out.map((line): { type: string; time: string } => JSON.parse(line));
  t.ok(read.every(({ time }) => time === '2026-11-22T09:30:00.000Z'));
  const expected = [...everyEvent, ...hostile].filter(({ type }) => type !== 'bytes');
  t.same(
    read.map(({ time: _, ...event }) => event),
    JSON.parse(JSON.stringify(expected)),
  );
});

t.test('the JSON log has no line for a piece of a download', async (t) => {
  const { lines, out } = collect();
  jsonReport(lines, () => 0)({ type: 'bytes', path: placed('a-1.0.zip'), bytes: 5 });
  t.same(out, []);
});
