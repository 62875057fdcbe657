/** What Ctrl-C and its relatives do to a run that waits for upstream: it stops at once, and the next one goes on. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readerProblems } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openSample } from './opened-sample.ts';
import { type Running, until, withoutDeath } from './program.ts';
import { stateOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');
const paused = '\nMirroring paused. Resume by restarting pep381run.\n';
/** More than a loaded machine needs to end a process, less than the time for which a run waits for upstream: 30 seconds. */
const atOnceMs = 20_000;
const largeWheel = /sample_large-1\.0-py3-none-any\.whl$/;

for (const [signal, code] of [
  ['SIGINT', 0],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  t.test(`${signal} pauses a stalled run at once with exit code ${code}, and the next one completes it`, async (t) => {
    const opened = await openStalled(t, '-q');
    const ended = await endsAtOnce(t, opened, signal);
    t.same(ended, { code, stdout: paused, stderr: '' }, 'it says so, also with -q');
    await completes(t, opened);
  });
}

t.test('without -q the message of 1.5 ends what was printed', async (t) => {
  const opened = await openStalled(t);
  const { code, stdout } = await endsAtOnce(t, opened, 'SIGINT');
  t.equal(code, 0);
  t.match(stdout, /^Synchronizing alpha\n/);
  t.ok(stdout.endsWith(`\n${paused}`), stdout);
});

t.test('a large download continues where Ctrl-C stopped it', async (t) => {
  const opened = await openSample(t, program);
  const { server, target } = opened;
  server.faults.add({ do: 'stall', after: 2 << 20, match: largeWheel });
  const running = opened.begin('-q');
  const staging = join(target, 'staging');
  const sizeOf = (name: string): number => statSync(join(staging, name), { throwIfNoEntry: false })?.size ?? 0;
  await until('a part of the file', () => listOf(staging).some((name) => sizeOf(name) >= 1 << 20));
  const ended = await endsAtOnce(t, { ...opened, running }, 'SIGINT');
  t.equal(ended.code, 0);
  const start = await completes(t, opened);
  const range = server.requests.slice(start).find(({ path }) => largeWheel.test(path))?.headers.range;
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]);
  t.ok(from >= 1 << 20 && from <= 2 << 20, `asked for ${range}`);
});

t.test('a run that waits between two attempts stops at once, too', async (t) => {
  const opened = await openSample(t, program, smallIndex());
  opened.server.faults.add({ do: 'status', status: 503, retryAfter: '60' });
  const running = opened.begin('-q');
  await until('the first answer', () => opened.server.requests.at(-1)?.status === 503);
  t.same(await endsAtOnce(t, { ...opened, running }, 'SIGINT'), { code: 0, stdout: paused, stderr: '' });
  await completes(t, opened);
});

t.test('a second signal ends the program at once', async (t) => {
  const opened = await openStalled(t, '-q');
  // Stopped, it finds both waiting when it goes on. Which of them comes first is for the kernel to say.
  for (const signal of ['SIGSTOP', 'SIGINT', 'SIGTERM'] as const) opened.running.kill(signal);
  const { code, stdout } = await endsAtOnce(t, opened, 'SIGCONT');
  t.ok(code === 130 || code === 143, `exit code ${code}`);
  t.equal(stdout, '', 'and without a word');
  await completes(t, opened);
});

function listOf(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

type Begun = OpenedSample & { readonly running: Running };

/** A run whose downloads all wait for their first byte. */
async function openStalled(t: Test, ...options: string[]): Promise<Begun> {
  const opened = await openSample(t, program, smallIndex());
  const { server } = opened;
  server.faults.add({ do: 'stall', match: /\/packages\// });
  const running = opened.begin(...options);
  await until('a download', () => server.requests.some(({ path }) => path.startsWith('/packages/')));
  return { ...opened, running };
}

async function endsAtOnce(t: Test, { running }: Begun, signal: NodeJS.Signals): Promise<Awaited<Running['ended']>> {
  const since = Date.now();
  running.kill(signal);
  const ended = await running.ended;
  t.ok(Date.now() - since < atOnceMs, `after ${Date.now() - since} ms`);
  return ended;
}

/** Runs to the end with an upstream that behaves; returns how many requests there were before. */
async function completes(t: Test, { server, target, mirrorHere }: OpenedSample): Promise<number> {
  const before = server.requests.length;
  server.faults.clear();
  t.same(withoutDeath(await mirrorHere('-q')), { code: 0, stdout: '', stderr: '' }, 'the next run');
  t.same(readerProblems(join(target, 'web')), []);
  t.same(stateOf(target).queue, []);
  t.same(readdirSync(join(target, 'staging')), [], 'nothing is left in staging');
  return before;
}
