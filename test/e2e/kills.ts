/** Kills runs before their n-th step that changes something on disk, and checks the mirror after each. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { readerProblems } from '../fixtures/reader-check.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { damage } from './damage.ts';
import { indexToKill } from './index-to-kill.ts';
import { each, run, withoutDeath } from './program.ts';
import { publishedTree, stateOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');
const killAt = fileURLToPath(new URL('kill-at.cjs', import.meta.url));
/**
 * The number of steps other than renames at which runs are killed. `npm run test:faults` sets it, and takes all
 * renames.
 */
const { KILL_STEPS } = process.env;
const choice = KILL_STEPS === undefined ? { renames: 4, others: 1 } : { renames: Infinity, others: Number(KILL_STEPS) };

/** An upstream, and a mirror of it that was made without interruption. */
export interface Undisturbed {
  readonly server: SampleServer;
  readonly target: string;
}

/** Serves the index of index-to-kill.ts, and mirrors it. */
export async function openUndisturbed(t: Test): Promise<Undisturbed> {
  const server = await openSampleServer({ index: indexToKill() });
  t.teardown(() => server.close());
  const work = mkdtempSync(join(tmpdir(), 'kill-'));
  t.teardown(() => rmSync(work, { recursive: true, force: true }));
  const target = join(work, 'undisturbed');
  await update(t, { server, target });
  return { server, target };
}

/** Brings a mirror up to date, and checks it as its readers see it. */
export async function update(t: Test, { server, target }: Undisturbed): Promise<void> {
  t.same(await run(program, ['-q', '--upstream', server.url, target]), { code: 0, stdout: '', stderr: '' });
  t.same(readerProblems(join(target, 'web')), []);
}

/** Returns a copy of a mirror, beside it. */
export function copyOf(target: string, name: string): string {
  const copy = beside(target, name);
  cpSync(target, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** What is killed, if it is no first run, and what else is looked at afterwards. */
export interface KilledUpdate {
  /** The mirror that each run begins with a copy of. */
  readonly before: string;
  /** Is called with each copy. */
  readonly prepare: (target: string) => void;
  /** Returns what is found in the end besides the mirror, which must equal `goal`. */
  readonly found: (target: string) => object;
  readonly goal: object;
}

/**
 * Kills runs at the first step of each kind, and at a selection of the renames and of the other steps. After each, an
 * uninterrupted run must make the mirror equal to `wanted`.
 */
export async function killEverywhere(t: Test, wanted: Undisturbed, killed?: KilledUpdate): Promise<void> {
  const { server } = wanted;
  const begin = (name: string): string => {
    if (killed === undefined) return beside(wanted.target, name);
    const target = copyOf(killed.before, name);
    killed.prepare(target);
    return target;
  };
  const steps = await stepsOf(server, begin('counted'));
  const goal = { web: filesOf(wanted.target), state: stateOf(wanted.target), ...killed?.goal };
  let count = 0;
  const chosen = chooseSteps(steps);
  await each(chosen, async (number) => {
    const target = begin(`killed-${number}`);
    const name = `before step ${number} of ${steps.length}, like ${steps[number - 1]}`;
    const { code } = await runWith(server, target, { KILL_AT: String(number) });
    if (code === 'SIGKILL') count += 1;
    const found = damage(join(target, 'web'), server.index);
    const next = withoutDeath(await run(program, ['-q', '--upstream', server.url, target]));
    const end = { found, next, ...resultOf(target), ...killed?.found(target) };
    t.same(end, { found: [], next: { code: 0, stdout: '', stderr: '' }, ...goal, staging: [] }, name);
    rmSync(target, { recursive: true });
  });
  t.comment(`${count} of ${chosen.length} runs were killed, of ${steps.length} steps: ${countsOf(steps)}`);
  t.ok(count > 0.9 * chosen.length, 'the order of the steps differs little from run to run');
}

function beside(target: string, name: string): string {
  return join(dirname(target), name);
}

function resultOf(target: string): object {
  const state = existsSync(join(target, 'state.db')) ? stateOf(target) : undefined;
  return { web: filesOf(target), state, staging: readdirSync(join(target, 'staging')) };
}

/**
 * Returns the published files. Folders are left out: a run that is killed while it removes a file may leave an empty
 * folder, which does no harm.
 */
function filesOf(target: string): Record<string, string> {
  return Object.fromEntries(Object.entries(publishedTree(target)).filter(([, content]) => content !== 'folder'));
}

/** Returns the steps of a run on `target`, which is removed afterwards. */
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

/** Returns the numbers of the first step of each kind, and of a selection of renames and others, evenly spread. */
function chooseSteps(steps: readonly string[]): number[] {
  const first = [...new Set(steps)].map((kind) => steps.indexOf(kind));
  const rest = [...steps.keys()].filter((at) => !first.includes(at));
  const [renames, others] = [true, false].map((wanted) => rest.filter((at) => (steps[at] === 'rename') === wanted));
  const chosen = [...first, ...spread(renames ?? [], choice.renames), ...spread(others ?? [], choice.others)];
  return chosen.sort((left, right) => left - right).map((at) => at + 1);
}

/** Returns `count` of the numbers, evenly spread, or all. */
function spread(numbers: readonly number[], count: number): number[] {
  const stride = Math.max(1, numbers.length / count);
  const places = Array.from({ length: Math.ceil(numbers.length / stride) }, (_, nth) => Math.floor(nth * stride));
  return places.flatMap((at) => numbers[at] ?? []);
}
