/**
 * kill -9 at random steps of a run that adopts a target: what is left can be read, nothing is fetched that was there, and the
 * next run makes of it what an undisturbed one makes.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { openUpstream, unpack } from '../adopt/old-mirror.ts';
import { readable } from '../adopt/readable-tree.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { pseudoRandomNumbers } from '../sample/pseudo-random.ts';
import { openBundle } from './bundle.ts';
import { type Ended, each, run, withoutDeath } from './program.ts';
import { publishedTree, stateOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');
const killAt = fileURLToPath(new URL('kill-at.cjs', import.meta.url));
const skip = recordingsMissing;
const { KILL_STEPS } = process.env;
/** How many steps are chosen; a number that is large enough takes nearly all. */
const chosen = Number(KILL_STEPS ?? 1);
/** A large target takes steps for each file. */
const large = KILL_STEPS === undefined ? 'few' : 'target';
const random = pseudoRandomNumbers(381);

for (const archive of ['target-1.5-complete', `${large}-bandersnatch-8`, `${large}-shadowmire-2`] as const) {
  t.test(`${archive}: an adoption that is killed at any step is completed by the next run`, { skip }, async (t) => {
    const server = await openUpstream(t, archive);
    const work = mkdtempSync(join(tmpdir(), 'adopt-kill-'));
    t.teardown(() => rmSync(work, { recursive: true, force: true }));
    const begin = (name: string): string => {
      unpack(archive, join(work, name));
      return join(work, name);
    };
    const mirror = (target: string, env: Record<string, string> = {}): Promise<Ended> =>
      run(program, ['-q', '--upstream', server.url, target], { node: ['--require', killAt], env });

    const undisturbed = begin('undisturbed');
    const log = join(work, 'steps');
    await mirror(undisturbed, { KILL_LOG: log });
    const steps = readFileSync(log, 'utf8').trimEnd().split('\n');
    const goal = { web: filesOf(undisturbed), state: stateOf(undisturbed) };
    const numbers = choose(steps);
    let killed = 0;
    await each(numbers, async (number) => {
      const target = begin(`killed-${number}`);
      const name = `before step ${number} of ${steps.length}, like ${steps[number - 1]}`;
      if ((await mirror(target, { KILL_AT: String(number) })).code === 'SIGKILL') killed += 1;
      t.same(readable(target), [], name);
      t.same(withoutDeath(await mirror(target)), { code: 0, stdout: '', stderr: '' }, name);
      t.same({ web: filesOf(target), state: stateOf(target) }, goal, name);
      t.notOk(existsSync(join(target, 'old-state')), name);
      for (const left of ['status', 'files', 'generation', '.lock', 'local.db', 'json', 'simple']) {
        t.notOk(existsSync(join(target, left)), `${name}: ${left}`);
      }
      rmSync(target, { recursive: true });
    });
    t.comment(`${killed} of ${numbers.length} runs were killed, of ${steps.length} steps`);
    t.ok(killed > 0.8 * numbers.length, 'the order of the steps differs little from run to run');
    t.notOk(server.requests.some(({ path }) => /^\/packages\/.*(?:\.whl|\.gz)$/.test(path)));
  });
}

function choose(steps: readonly string[]): number[] {
  const numbers = Array.from({ length: chosen }, () => 1 + Math.floor(random() * steps.length));
  return [...new Set(numbers)].sort((left, right) => left - right);
}

/** A run that is killed while it removes a file may leave the file's folder. */
function filesOf(target: string): Record<string, string> {
  return Object.fromEntries(Object.entries(publishedTree(target)).filter(([, content]) => content !== 'folder'));
}
