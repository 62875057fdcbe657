/**
 * Simulates power cuts. Each program runs once under strace, which records what it wrote and what it flushed. After
 * each of its steps on disk the power fails, chance decides how much of the rest was still written, and a reader must
 * find every link and every file right. For a selection of these disks, the next undisturbed run must make the same as
 * if there had been no power cut.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openBundle } from '../e2e/bundle.ts';
import { changeEverything, indexToKill } from '../e2e/index-to-kill.ts';
import { type Ended, each, run, withoutDeath } from '../e2e/program.ts';
import { treeOf } from '../e2e/tree.ts';
import { makeSdist } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { logOf } from '../stats/log-text.ts';
import { DiskModel } from './disk-model.ts';
import { type DiskStep, traced, traceMissing } from './disk-trace.ts';
import { contentOf, faultsIn, faultsInOldTree, silent, statsOf } from './mirror-check.ts';
import { seededRandom } from './options.ts';

const programs = await openBundle();
const pep381run = join(programs, 'pep381run');
const work = mkdtempSync(join(tmpdir(), 'power-'));
t.teardown(() => rmSync(work, { recursive: true, force: true }));
/** The reason why no program can be traced here, or false. */
export const skip = traceMissing();

/** A program at work when the power fails. */
export interface Scene {
  /** Makes the target as it is before the program. */
  prepare(target: string): Promise<void>;
  /** Returns the program and its arguments. */
  command(target: string): readonly [program: string, ...args: string[]];
  /** Returns what would harm a reader. */
  faults(target: string): Promise<string[]>;
  /**
   * Runs the programs that an administrator runs next. They have nothing to report, except the check, which finds
   * damage.
   */
  heal(target: string): Promise<Ended[]>;
  /** True if the mirror need not know the ETag with which upstream has served a page. */
  readonly forgetsEtags?: boolean;
}

async function openServer(t: Test, index = indexToKill()): Promise<SampleServer> {
  const server = await openSampleServer({ index });
  t.teardown(() => server.close());
  return server;
}

function mirrorArgs(server: SampleServer, target: string): string[] {
  return ['-q', '--upstream', server.url, target];
}

async function mirror(t: Test, server: SampleServer, target: string): Promise<void> {
  t.same(await run(pep381run, mirrorArgs(server, target)), silent);
}

/** Returns a scene of pep381run. */
async function sceneOfRun(
  t: Test,
  prepare: (target: string, server: SampleServer) => Promise<void>,
  faults = faultsIn,
  index = indexToKill(),
): Promise<Scene> {
  const server = await openServer(t, index);
  return {
    prepare: (target) => prepare(target, server),
    command: (target) => [pep381run, ...mirrorArgs(server, target)],
    faults: (target) => faults(target, server),
    heal: async (target) => [await run(pep381run, mirrorArgs(server, target))],
  };
}

function tinyIndex(): SampleIndex {
  const index = new SampleIndex();
  for (const version of ['1.0', '1.1']) index.publish(makeSdist({ name: 'tiny', version }));
  return index;
}

/** Returns a scene with an index so small that every file is flushed by itself. */
function sceneOfTinyRun(t: Test): Promise<Scene> {
  return sceneOfRun(t, async () => {}, faultsIn, tinyIndex());
}

function sceneOfTinyUpdate(t: Test): Promise<Scene> {
  const prepare = async (target: string, server: SampleServer): Promise<void> => {
    await mirror(t, server, target);
    server.index.removeFile('tiny', 'tiny-1.0.tar.gz');
  };
  return sceneOfRun(t, prepare, faultsIn, tinyIndex());
}

export function sceneOfUpdate(t: Test): Promise<Scene> {
  return sceneOfRun(t, async (target, server) => {
    await mirror(t, server, target);
    changeEverything(server.index);
  });
}

/** Returns a scene in which pep381run takes over the tree of bandersnatch, as far as any program reads it. */
async function sceneOfTakeOver(t: Test): Promise<Scene> {
  const prepare = async (target: string, server: SampleServer): Promise<void> => {
    await mirror(t, server, target);
    for (const path of ['state.db', 'run', 'staging', 'trash', 'web/mirror-status.json']) {
      rmSync(join(target, path), { recursive: true });
    }
    writeFileSync(join(target, 'status'), `${server.index.serial}`);
  };
  // A tree that is ours already is adopted without reading upstream's pages.
  return { ...(await sceneOfRun(t, prepare, faultsInOldTree)), forgetsEtags: true };
}

async function sceneOfCheck(t: Test): Promise<Scene> {
  const server = await openServer(t);
  const damaged = server.index.pathOf('kill-many', 'kill_many-1.0-py3-none-any.whl').slice(1);
  const check = ['-q', '--repair'];
  return {
    prepare: async (target) => {
      await mirror(t, server, target);
      truncateSync(join(target, 'web', damaged), 100);
      rmSync(join(target, 'web/simple/kill-large/index.html'));
    },
    command: (target) => [join(programs, 'pep381checkfiles'), ...check, target],
    faults: async (target) => (await faultsIn(target, server)).filter((problem) => !problem.includes(damaged)),
    heal: async (target) => {
      const { stderr } = await run(join(programs, 'pep381checkfiles'), [...check, target]);
      const ended = await run(pep381run, mirrorArgs(server, target));
      return [{ ...ended, stderr: stderr + ended.stderr }];
    },
  };
}

async function sceneOfLogs(t: Test): Promise<Scene> {
  const server = await openServer(t);
  const log = join(work, 'pypi.log');
  writeFileSync(log, logOf(['2026-11-18', '2026-11-19', '2026-11-20', '2026-11-21'], 5));
  const command = (target: string): [string, ...string[]] => [join(programs, 'processlogs'), '-q', target, log];
  return {
    prepare: (target) => mirror(t, server, target),
    command,
    faults: (target) => faultsIn(target, server),
    heal: async (target) => {
      const [program, ...args] = command(target);
      return [await run(program, args), await run(pep381run, mirrorArgs(server, target))];
    },
  };
}

export interface Recorded {
  /** The folder with the target as it was before the program. */
  readonly before: string;
  readonly traces: readonly (readonly DiskStep[])[];
  /** The expected result. */
  readonly goal: object;
}

function resultOf(target: string, { forgetsEtags = false }: Scene): object {
  const content = contentOf(target);
  if (forgetsEtags) for (const project of content.state.projects) project.etag = 'any';
  return { ...content, stats: statsOf(target) };
}

/** Runs the program of `scene` once, and records what it does on disk. */
export async function record(t: Test, scene: Scene): Promise<Recorded> {
  const folder = mkdtempSync(join(work, 'scene-'));
  const [before, target] = [join(folder, 'before'), join(folder, 'target')];
  mkdirSync(before);
  await scene.prepare(before);
  cpSync(before, target, { recursive: true, preserveTimestamps: true });
  const [program, ...args] = scene.command(target);
  const { ended, traces } = await traced(program, args, target, join(folder, 'trace'));
  t.equal(ended.stderr, '');
  for (const steps of traces) {
    const model = new DiskModel(before);
    for (const step of steps) model.apply(step);
    const copy = join(folder, 'copy');
    model.writeTo(copy);
    // The file may still be open for a moment, and it is written through shared memory.
    const of = (tree: string): object => ({ ...treeOf(tree), 'state.db-shm': undefined });
    t.same(of(copy), of(target), 'the trace tells everything');
    rmSync(copy, { recursive: true });
  }
  for (const { stderr, code } of await scene.heal(target)) t.same({ stderr, code }, { stderr: '', code: 0 });
  return { before, traces, goal: resultOf(target, scene) };
}

/**
 * Cuts the power in the midst, at the end, and after about every `stride`th other step, and calls `look` with each
 * disk: with what readers see of it, or with all of it if `isWhole` says so, which hears if it is one of the first two.
 */
export async function cutEverywhere(
  { before, traces }: Recorded,
  stride: number,
  random: () => number,
  look: (target: string, what: string, isWhole: boolean) => Promise<void>,
  isWhole = (_isFixed: boolean): boolean => false,
): Promise<number> {
  const folder = mkdtempSync(join(work, 'cuts-'));
  let cuts = 0;
  for (const steps of traces) {
    const model = new DiskModel(before);
    for (const [at, step] of [...steps, undefined].entries()) {
      if (step !== undefined) model.apply(step);
      const isFixed = step === undefined || at === steps.length >> 1;
      if (!isFixed && Math.floor(random() * stride) > 0) continue;
      cuts += 1;
      const target = join(folder, String(cuts));
      const what = `cut ${cuts}, after step ${at + 1} of ${steps.length}, ${showStep(step)}`;
      const whole = isWhole(isFixed);
      model.powerCut(target, random, whole ? undefined : 'web');
      await look(target, what, whole);
    }
  }
  return cuts;
}

function showStep(step: DiskStep | undefined): string {
  if (step === undefined) return 'the end';
  return [step.kind, 'path' in step ? step.path : '', 'to' in step ? step.to : ''].join(' ').trim();
}

/**
 * Cuts the power after about every `stride`th step of the program of `scene`, and repairs the disks of a cut in the
 * midst and of one at the end, and about `heals` of the others.
 */
export async function sufferPowerCuts(t: Test, scene: Scene, stride: number, heals: number): Promise<void> {
  const random = seededRandom(`power cuts ${t.name}`);
  const recorded = await record(t, scene);
  const stepCount = recorded.traces.reduce((sum, steps) => sum + steps.length, 0) / stride;
  const kept: [target: string, what: string][] = [];
  const isHealed = (isFixed: boolean): boolean => random() < heals / stepCount || isFixed;
  const look = async (target: string, what: string, isWhole: boolean): Promise<void> => {
    const problems = await scene.faults(target);
    if (problems.length > 0) t.same(problems, [], what);
    if (isWhole) kept.push([target, what]);
    else rmSync(target, { recursive: true });
  };
  const cuts = await cutEverywhere(recorded, stride, random, look, isHealed);
  await each(kept, async ([target, what]) => {
    const ended = await scene.heal(target);
    const found = { ended: ended.map(withoutDeath), faults: await scene.faults(target), ...resultOf(target, scene) };
    const wanted = { ended: ended.map(() => silent), faults: [], ...recorded.goal };
    t.same(found, wanted, `healed after ${what}`);
    rmSync(target, { recursive: true });
  });
  t.ok(kept.length > recorded.traces.length, 'not only the disks of the end were healed');
  t.comment(`${cuts} power cuts, of which ${kept.length} were healed`);
}

/** All scenes, by what happens in them. */
export const scenes: Readonly<Record<string, (t: Test) => Promise<Scene>>> = {
  'a mirror is made': (t) => sceneOfRun(t, async () => {}),
  'a mirror of one project is made': sceneOfTinyRun,
  'a mirror is brought up to date': sceneOfUpdate,
  'one file is removed': sceneOfTinyUpdate,
  'the tree of another program is taken over': sceneOfTakeOver,
  'a check repairs damage': sceneOfCheck,
  'downloads are counted': sceneOfLogs,
};
