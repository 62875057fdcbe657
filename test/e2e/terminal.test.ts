/** What a person at a terminal sees of a run: in a real pseudo-terminal, with a slow upstream. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/cli/program/system-clock.ts';
import { shellQuote } from '../../src/core/shell-quote.ts';
import { SqliteStateStore } from '../../src/state/sqlite/sqlite-state-store.ts';
import { changeOf } from '../fixtures/mirror-state.ts';
import { programsOrReason } from '../fixtures/programs.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openSample } from './opened-sample.ts';
import { until } from './program.ts';
import { runInTerminal, type TerminalRun, terminalOrReason } from './terminal.ts';

const program = join(await openBundle(), 'pep381run');
const needsTerminal = terminalOrReason();
const largeWheel = /sample_large-1\.0-py3-none-any\.whl$/;
const paused = 'Mirroring paused. Resume by restarting pep381run.';

t.test(
  'the display shows projects, files, bytes, speed and what is in progress, and Ctrl-C removes it',
  needsTerminal,
  async (t) => {
    const { terminal, server, target } = await openStalled(t, 100);
    const [title = '', projects, files = '', now, transfer, ...more] = terminal.screen();
    t.ok(title.startsWith(`Mirroring ${server.url} into ${target}`.slice(0, 98)), title);
    t.equal(projects, `  projects [${'#'.repeat(27)}...] 12 of 13  92 %`);
    t.match(files, /^ {2}files {4}35 of 36 known, 2\.0 MiB, [\d.]+ [KM]iB\/s(?:, about [\d.]+ s left)?$/);
    t.match(now, /^ {2}now {6}1 download, up to [12]0 connections$/);
    t.equal(transfer, '           sample_large-1.0-py3-none-any.whl  66 % of 3.0 MiB');
    t.same(more, [], 'and nothing else');

    t.comment('Ctrl-C leaves how far the run got, and the words of 1.5');
    terminal.type('\x03');
    t.equal(await terminal.ended, 0);
    const [progress, ...words] = terminal.screen();
    t.match(progress, /^12 projects published, 35 files copied \(.*\) in [\d.]+ s\. 1 project stays queued\.$/);
    t.same(words, ['', paused]);
  },
);

t.test('the display is replaced by the summary, and nothing of it stays', needsTerminal, async (t) => {
  const { terminal, server } = await openStalled(t, 100);
  // The connection breaks; the download is continued from where it was.
  await server.close();
  const again = await openSampleServer({ index: server.index, port: Number(new URL(server.url).port) });
  t.teardown(() => again.close());
  t.equal(await terminal.ended, 0);
  const [summary, ...more] = terminal.screen();
  t.match(summary, /^13 projects published, 36 files copied \(3\.0 MiB\) in [\d.]+ s\.$/);
  t.same(more, []);
});

t.test('failures are printed above the display and stay; long lines break nothing', needsTerminal, async (t) => {
  const { terminal } = await openStalled(t, 60, { do: 'body', match: /\/simple\/sample-base\/$/, body: '{}' });
  const screen = terminal.screen();
  const top = screen.findIndex((line) => line.startsWith('Mirroring '));
  const problem = screen.slice(0, top);
  t.match(problem.join(''), /^sample-base: .*; next try not before \d{4}-\d\d-\d\dT[\d:.]+Z$/, 'once, and wrapped');
  t.equal(screen.filter((line) => line.startsWith('Mirroring ')).length, 1, 'one display');
  t.match(screen[top], /^.{58}…$/, 'whose lines are cut');
  t.match(screen.at(-1), /^ {2}failed {3}1 project, last: /);
  terminal.type('\x03');
  t.equal(await terminal.ended, 0);
  t.same(
    terminal.screen().filter((line) => !/ project.*\b(?:published|queued)\b|^ueued\.$|in [\d.]+ s\./.test(line)),
    [...problem, '', paused],
  );
});

t.test('a terminal without a size gets lines of eighty columns', needsTerminal, async (t) => {
  const { terminal } = await openStalled(t, 0);
  t.match(terminal.screen()[1], /12 of 13 {2}92 %$/);
});

t.test('an error before the run begins is one line, and the program ends', needsTerminal, async (t) => {
  const { server, target } = await openSample(t, program);
  mkdirSync(join(target, 'state.db'), { recursive: true });
  const terminal = runInTerminal(t, 300, [process.execPath, program, '--upstream', server.url, target]);
  t.equal(await terminal.ended, 4);
  t.match(terminal.screen(), [/^pep381run: error: [^\n]+state\.db: unable to open database file/]);
  t.equal(terminal.screen().length, 1);
});

t.test('-q and --log-format json show no display', needsTerminal, async (t) => {
  const { server, target } = await openSample(t, program);
  const command = [process.execPath, program, '--upstream', server.url, '--project', 'sample-pure', target];
  const json = runInTerminal(t, 1000, [...command, '--log-format', 'json']);
  t.equal(await json.ended, 0);
  for (const line of json.screen()) t.equal(typeof JSON.parse(line).type, 'string');
  const quiet = runInTerminal(t, 100, [...command, '-q']);
  t.equal(await quiet.ended, 0);
  t.same(quiet.screen(), ['']);
});

t.test('tmux shows the same as the screen model', programsOrReason('tmux'), async (t) => {
  const { server, target } = await openSample(t, program);
  sayNothingToRoot(target);
  server.faults.add({ do: 'stall', after: 2 << 20, match: largeWheel });
  const socket = `pep381client-${process.pid}`;
  const tmux = (...args: string[]): string => spawnSync('tmux', ['-L', socket, ...args], { encoding: 'utf8' }).stdout;
  t.teardown(() => tmux('kill-server'));
  const started = [process.execPath, program, '--upstream', server.url, target];
  // Some shells end with a program that was interrupted.
  const command = `trap : INT; ${started.map(shellQuote).join(' ')}; echo "ended with $?"; cat`;
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', '100', '-y', '30', command);
  const screen = (): string[] => tmux('capture-pane', '-p').trimEnd().split('\n');
  await until('the display', () => screen().some((line) => line.endsWith('66 % of 3.0 MiB')));
  await until('the other downloads', () => /35 of 36 known, 2\.0 MiB/.test(screen()[2] ?? ''));
  t.equal(screen().length, 5);
  tmux('send-keys', 'C-c');
  await until('the end', () => screen().at(-1)?.startsWith('ended') === true);
  const [progress, ...words] = screen();
  t.match(progress, /^\d+ projects? published, .* projects? stays? queued\.$/);
  t.same(words, ['', paused, 'ended with 0']);
});

interface StalledTerminal extends OpenedSample {
  readonly terminal: TerminalRun;
}

/** A run in a terminal in which all is done but one download, of which two thirds are there. */
async function openStalled(
  t: Test,
  columns: number,
  fault?: Parameters<OpenedSample['server']['faults']['add']>[0],
): Promise<StalledTerminal> {
  const opened = await openSample(t, program);
  const { server, target } = opened;
  sayNothingToRoot(target);
  server.faults.add({ do: 'delay', ms: 20 });
  server.faults.add({ do: 'stall', after: 2 << 20, match: largeWheel });
  if (fault !== undefined) server.faults.add(fault);
  const terminal = runInTerminal(t, columns, [process.execPath, program, '--upstream', server.url, target]);
  const stalled = fault === undefined ? /12 of 13 .* 2\.0 MiB.* 66 % of/s : /11 of 13 .* 2\.0 MiB.* 66 % of.* failed/s;
  await until('the display', () => stalled.test(terminal.screen().join('\n')));
  return { ...opened, terminal };
}

/** What root is told once would stand above the display. */
function sayNothingToRoot(target: string): void {
  mkdirSync(target, { recursive: true });
  const state = new SqliteStateStore(join(target, 'state.db'), systemClock);
  state.set(changeOf({ toldRoot: true }));
  state.close();
}
