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
import { runHere } from './run-here.ts';
import { publishedTree, stateOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');
const killAt = fileURLToPath(new URL('kill-at.cjs', import.meta.url));
/** Set by `npm run test:faults`: the number of steps other than renames at which each run is killed. */
const { KILL_STEPS } = process.env;
/** Kinds of steps of which a run may have fewer than another one: they depend on the pieces in which bytes arrive. */
const varying = /write$|^flush all$/;

/** An upstream, and a mirror of it that was made without interruption. */
export interface Undisturbed {
  readonly server: SampleServer;
  readonly target: string;
  /** The steps of the latest run that made it. */
  readonly steps: readonly string[];
}

/** Serves the index of index-to-kill.ts, and mirrors it. */
export async function openUndisturbed(t: Pick<Test, 'teardown' | 'same'>): Promise<Undisturbed> {
  const server = await openSampleServer({ index: indexToKill() });
  t.teardown(() => server.close());
  const work = mkdtempSync(join(tmpdir(), 'kill-'));
  t.teardown(() => rmSync(work, { recursive: true, force: true }));
  return update(t, server, join(work, 'undisturbed'));
}

/** Brings a mirror up to date, and checks it as its readers see it. */
export async function update(t: Pick<Test, 'same'>, server: SampleServer, target: string): Promise<Undisturbed> {
  const log = `${target}.steps`;
  t.same(await runWith(server, target, { KILL_LOG: log }), { code: 0, stdout: '', stderr: '' });
  t.same(readerProblems(join(target, 'web')), []);
  return { server, target, steps: readFileSync(log, 'utf8').trimEnd().split('\n') };
}

/** Copies the mirror `target`. */
export function copyMirror(target: string, copy: string): void {
  cpSync(target, copy, { recursive: true, preserveTimestamps: true });
}

/** What is killed, if it is no first run, and what else is looked at afterwards. */
export interface KilledUpdate {
  /** Makes a target as it is before the run. */
  readonly begin: (target: string) => void;
  /** Returns what is found in the end besides the mirror, which must equal `goal`. */
  readonly found: (target: string) => object;
  readonly goal: object;
}

/**
 * Kills runs that make what `wanted` is: an update at a step of each kind and at two renames more, a first run at its
 * first and last step, at the first that writes a file, and at two in the midst; both at more of them for `npm run
 * test:faults`. After each, an uninterrupted run must make the mirror equal to `wanted`.
 */
export async function killEverywhere(t: Test, wanted: Undisturbed, killed?: KilledUpdate): Promise<void> {
  const { server, steps } = wanted;
  const goal = { web: filesOf(wanted.target), state: stateOf(wanted.target), ...killed?.goal };
  const missed: string[] = [];
  const chosen = chooseSteps(steps, killed !== undefined);
  await each(chosen, async (number) => {
    const target = beside(wanted.target, `killed-${number}`);
    killed?.begin(target);
    const kind = steps[number - 1] ?? '';
    const name = `before step ${number} of ${steps.length}, like ${kind}`;
    // Which of its kind it is differs less from run to run than the number of all steps before it.
    const at = steps.slice(0, number).filter((step) => step === kind).length;
    const { code } = await runWith(server, target, { KILL_AT: String(at), KILL_KIND: kind });
    if (code !== 'SIGKILL') missed.push(kind);
    const found = damage(join(target, 'web'), server.index);
    const next = withoutDeath(await runHere('-q', '--upstream', server.url, target));
    const end = { found, next, ...resultOf(target), ...killed?.found(target) };
    t.same(end, { found: [], next: { code: 0, stdout: '', stderr: '' }, ...goal, staging: [] }, name);
    rmSync(target, { recursive: true });
  });
  t.comment(`${chosen.length} runs, of ${steps.length} steps: ${countsOf(steps)}`);
  const lost = missed.filter((kind) => !varying.test(kind));
  t.same(lost, [], 'each run was killed before a step that every run has');
  t.ok(missed.length <= Math.max(1, chosen.length / 10), `at most one run was not killed: ${missed.join()}`);
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

function runWith(server: SampleServer, target: string, env: Record<string, string>): ReturnType<typeof run> {
  return run(program, ['-q', '--upstream', server.url, target], { node: ['--require', killAt], env });
}

function countsOf(steps: readonly string[]): string {
  const kinds = [...new Set(steps)];
  return kinds.map((kind) => `${steps.filter((step) => step === kind).length} ${kind}`).join(', ');
}

/** Returns the numbers of steps at which runs are killed. */
function chooseSteps(steps: readonly string[], isUpdate: boolean): number[] {
  // A first run has no kinds of steps that an update lacks.
  const kinds = isUpdate || KILL_STEPS !== undefined ? [...new Set(steps)] : [];
  // From the beginning of the run to its end.
  const ofKinds = kinds.flatMap((kind, nth) => {
    const places = [...steps.keys()].filter((at) => steps[at] === kind);
    return places[Math.floor((nth / kinds.length) * places.length)] ?? [];
  });
  const ofFirst = isUpdate ? [] : [0, steps.indexOf('write a file'), steps.length - 1];
  const fixed = [...new Set([...ofKinds, ...ofFirst])];
  const rest = [...steps.keys()].filter((at) => !fixed.includes(at));
  const [renames, others] = [true, false].map((wanted) => rest.filter((at) => (steps[at] === 'rename') === wanted));
  const more = KILL_STEPS === undefined ? (isUpdate ? [2, 0] : [1, 1]) : [Infinity, Number(KILL_STEPS)];
  const chosen = [...fixed, ...spread(renames ?? [], more[0] ?? 0), ...spread(others ?? [], more[1] ?? 0)];
  return chosen.sort((left, right) => left - right).map((at) => at + 1);
}

/** Returns `count` of the numbers, evenly spread, or all. */
function spread(numbers: readonly number[], count: number): number[] {
  const stride = numbers.length / Math.min(count, numbers.length);
  const places = Array.from({ length: Math.min(count, numbers.length) }, (_, nth) => Math.floor((nth + 0.5) * stride));
  return places.flatMap((at) => numbers[at] ?? []);
}
