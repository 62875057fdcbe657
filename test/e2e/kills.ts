/** Runs that are killed at their n-th step that changes something on disk, and what must have become of the mirror. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { readerProblems } from '../fixtures/reader-check.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { damage } from './damage.ts';
import { indexToKill } from './index-to-kill.ts';
import { each, run } from './program.ts';
import { publishedTree, stateOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');
const killAt = fileURLToPath(new URL('kill-at.cjs', import.meta.url));
/** Set by `npm run test:faults`, which takes all renames, and so many of the other steps. */
const { KILL_STEPS } = process.env;
const choice = KILL_STEPS === undefined ? { renames: 8, others: 3 } : { renames: Infinity, others: Number(KILL_STEPS) };
const work = mkdtempSync(join(tmpdir(), 'kill-'));
t.teardown(() => rmSync(work, { recursive: true, force: true }));

/** An upstream, and a mirror of it that was made without being disturbed. */
export interface Undisturbed {
  readonly server: SampleServer;
  readonly target: string;
}

/** Serves a small index with everything that a page or a file can be made of, and mirrors it. */
export async function openUndisturbed(t: Test): Promise<Undisturbed> {
  const server = await openSampleServer({ index: indexToKill() });
  t.teardown(() => server.close());
  const target = join(work, 'undisturbed');
  await update(t, { server, target });
  return { server, target };
}

/** Brings a mirror up to date and holds its readers' views against each other. */
export async function update(t: Test, { server, target }: Undisturbed): Promise<void> {
  t.same(await run(program, ['-q', '--upstream', server.url, target]), { code: 0, stdout: '', stderr: '' });
  t.same(readerProblems(join(target, 'web')), []);
}

/** A copy of a mirror, made without it being disturbed either. */
export function copyOf(target: string, name: string): string {
  const copy = join(work, name);
  cpSync(target, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/**
 * Kills runs at the first step of each kind, and at a choice of the renames and of the other steps. The runs
 * begin with a copy of `before`, where there is one. After each a run to the end must make what `wanted` is.
 */
export async function killEverywhere(t: Test, wanted: Undisturbed, before?: string): Promise<void> {
  const { server } = wanted;
  const begin = (name: string): string => (before === undefined ? join(work, name) : copyOf(before, name));
  const steps = await stepsOf(server, begin('counted'));
  const goal = { web: filesOf(wanted.target), state: stateOf(wanted.target) };
  let killed = 0;
  const chosen = chooseSteps(steps);
  await each(chosen, async (number) => {
    const target = begin(`killed-${number}`);
    const name = `before step ${number} of ${steps.length}, like ${steps[number - 1]}`;
    const { code } = await runWith(server, target, { KILL_AT: String(number) });
    if (code === 'SIGKILL') killed += 1;
    const found = damage(join(target, 'web'), server.index);
    const next = await run(program, ['-q', '--upstream', server.url, target]);
    const end = { found, next, ...resultOf(target) };
    t.same(end, { found: [], next: { code: 0, stdout: '', stderr: '' }, ...goal, staging: [] }, name);
    rmSync(target, { recursive: true });
  });
  t.comment(`${killed} of ${chosen.length} runs were killed, of ${steps.length} steps: ${countsOf(steps)}`);
  t.ok(killed > 0.9 * chosen.length, 'the order of the steps differs little from run to run');
}

function resultOf(target: string): object {
  const state = existsSync(join(target, 'state.db')) ? stateOf(target) : undefined;
  return { web: filesOf(target), state, staging: readdirSync(join(target, 'staging')) };
}

/** What is published. A run that is killed while it removes a file may leave the file's folder, which harms nobody. */
function filesOf(target: string): Record<string, string> {
  return Object.fromEntries(Object.entries(publishedTree(target)).filter(([, content]) => content !== 'folder'));
}

/** The steps of a run on `target`, which is removed. */
async function stepsOf(server: SampleServer, target: string): Promise<string[]> {
  const log = `${target}.steps`;
  await runWith(server, target, { KILL_LOG: log });
  const steps = readFileSync(log, 'utf8').trimEnd().split('\n');
  for (const path of [log, target]) rmSync(path, { recursive: true });
  return steps;
}

function runWith(server: SampleServer, target: string, env: Record<string, string>): ReturnType<typeof run> {
  return run(program, ['-q', '--upstream', server.url, target], { node: ['--require', killAt], env });
}

function countsOf(steps: readonly string[]): string {
  const kinds = [...new Set(steps)];
  return kinds.map((kind) => `${steps.filter((step) => step === kind).length} ${kind}`).join(', ');
}

/** The numbers of the first step of each kind, and of renames and others, evenly spread. */
function chooseSteps(steps: readonly string[]): number[] {
  const first = [...new Set(steps)].map((kind) => steps.indexOf(kind));
  const rest = [...steps.keys()].filter((at) => !first.includes(at));
  const [renames, others] = [true, false].map((wanted) => rest.filter((at) => (steps[at] === 'rename') === wanted));
  const chosen = [...first, ...spread(renames ?? [], choice.renames), ...spread(others ?? [], choice.others)];
  return chosen.sort((left, right) => left - right).map((at) => at + 1);
}

/** So many of them, or all. */
function spread(numbers: readonly number[], count: number): number[] {
  const stride = Math.max(1, numbers.length / count);
  const places = Array.from({ length: Math.ceil(numbers.length / stride) }, (_, nth) => Math.floor(nth * stride));
  return places.flatMap((at) => numbers[at] ?? []);
}
