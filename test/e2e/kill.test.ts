/**
 * kill -9 at every step that changes something on disk: what is left can be read by pip, and the next run makes of it
 * what an undisturbed run would have made. Tried are all renames and a choice of the other steps; KILL_STEPS says how
 * many of them, and a number that is large enough tries them all.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { readerProblems } from '../fixtures/reader-check.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { damage } from './damage.ts';
import { each, run } from './program.ts';
import { publishedTree, stateOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');
const killAt = fileURLToPath(new URL('kill-at.cjs', import.meta.url));
const otherSteps = Number(process.env.KILL_STEPS ?? 8);
// Not below the project, where it would be on another disk than the temporary files that programs usually meet.
const work = mkdtempSync(join(tmpdir(), 'kill-'));
t.teardown(() => rmSync(work, { recursive: true, force: true }));

t.test('a run that is killed', async (t) => {
  const index = new SampleIndex();
  fill(index);
  const server = await openSampleServer({ index });
  t.teardown(() => server.close());
  const first = await undisturbed(t, server, join(work, 'first'));

  await t.test('would be noticed if it left damage', async (t) => {
    const web = join(work, 'damaged/web');
    copy(join(first, 'web'), web);
    t.same(damage(web, index), []);
    const wheel = index.pathOf('kill-many', 'kill_many-1.1-py3-none-any.whl').slice(1);
    for (const path of [
      wheel,
      `${wheel}.metadata`,
      'simple/kill-many/index.html',
      'simple/kill-many/index.v1_json.gz',
    ]) {
      const bytes = readFileSync(join(web, path));
      writeFileSync(join(web, path), bytes.subarray(0, -1));
      t.ok(
        damage(web, index).some((problem) => problem.startsWith(path)),
        `${path} is cut`,
      );
      writeFileSync(join(web, path), bytes);
    }
    rmSync(join(web, wheel));
    t.match(damage(web, index).join('\n'), /kill-many\/index\.v1_json: packages\/\S+ is missing or wrong/);
    rmSync(join(web, '..'), { recursive: true });
  });

  await t.test('when it makes a mirror', async (t) => {
    await killEverywhere(t, server, first, () => {});
  });

  change(index);
  const second = join(work, 'second');
  copy(first, second);
  await undisturbed(t, server, second);

  await t.test('when it brings a mirror up to date', async (t) => {
    await killEverywhere(t, server, second, (target) => copy(first, target));
  });
});

/** Everything that a page or a file can be made of. */
function fill(index: SampleIndex): void {
  for (const version of ['1.0', '1.1'])
    index.publish(makeWheel({ name: 'kill-many', version, requiresPython: '>=3.8' }));
  index.publish(makeSdist({ name: 'kill-many', version: '1.1' }));
  index.publish(makeWheel({ name: 'kill-provenance', version: '1.0' }), { provenance: true });
  const files = { 'kill_large/data.bin': pseudoRandomBytes('kill-large', 3 << 19) };
  index.publish(makeWheel({ name: 'kill-large', version: '1.0', files }));
}

/** Everything that can happen to them. */
function change(index: SampleIndex): void {
  index.publish(makeWheel({ name: 'kill-many', version: '1.2' }));
  index.yank('kill-many', '1.0', 'late');
  index.removeFile('kill-many', 'kill_many-1.1.tar.gz');
  index.removeProject('kill-provenance');
  index.quarantine('kill-large');
  index.publish(makeWheel({ name: 'kill-new', version: '1.0' }));
}

async function undisturbed(t: Test, server: SampleServer, target: string): Promise<string> {
  t.same(await run(program, ['-q', '--upstream', server.url, target]), { code: 0, stdout: '', stderr: '' });
  t.same(readerProblems(join(target, 'web')), []);
  return target;
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

/** Kills runs on targets begun by `prepare`; each must end up like the mirror in `wanted`. */
async function killEverywhere(
  t: Test,
  server: SampleServer,
  wanted: string,
  prepare: (target: string) => void,
): Promise<void> {
  const counted = join(work, 'counted');
  prepare(counted);
  const { steps } = await runKilled(server, counted, 0);
  rmSync(counted, { recursive: true });
  const goal = { web: filesOf(wanted), state: stateOf(wanted) };
  let killed = 0;
  const chosen = chooseSteps(steps, otherSteps);
  await each(chosen, async (number) => {
    const target = join(work, `killed-${number}`);
    prepare(target);
    const name = `before step ${number} of ${steps.length}, like ${steps[number - 1]}`;
    const { code } = await runKilled(server, target, number);
    if (code === 'SIGKILL') killed += 1;
    const found = damage(join(target, 'web'), server.index);
    const next = await run(program, ['-q', '--upstream', server.url, target]);
    const result = existsSync(join(target, 'state.db')) ? stateOf(target) : undefined;
    const end = {
      found,
      next,
      web: filesOf(target),
      state: result,
      staging: readdirSync(join(target, 'staging')),
    };
    t.same(end, { found: [], next: { code: 0, stdout: '', stderr: '' }, ...goal, staging: [] }, name);
    rmSync(target, { recursive: true });
  });
  t.comment(`${killed} of ${chosen.length} runs were killed, of ${steps.length} steps: ${countsOf(steps)}`);
  t.ok(killed > 0.9 * chosen.length, 'the order of the steps differs little from run to run');
}

/** What is published. A run that is killed while it removes a file may leave the file's folder, which harms nobody. */
function filesOf(target: string): Record<string, string> {
  return Object.fromEntries(Object.entries(publishedTree(target)).filter(([, content]) => content !== 'folder'));
}

/** Runs until step `number`, or to the end for 0, with the steps that it took. */
async function runKilled(
  server: SampleServer,
  target: string,
  number: number,
): Promise<{ readonly code: number | string | null; readonly steps: string[] }> {
  const log = `${target}.steps`;
  const { code } = await run(program, ['-q', '--upstream', server.url, target], {
    node: ['--require', killAt],
    env: { KILL_AT: String(number), ...(number === 0 && { KILL_LOG: log }) },
  });
  if (number !== 0) return { code, steps: [] };
  const steps = readFileSync(log, 'utf8').trimEnd().split('\n');
  rmSync(log);
  return { code, steps };
}

function countsOf(steps: readonly string[]): string {
  const kinds = [...new Set(steps)];
  return kinds.map((kind) => `${steps.filter((step) => step === kind).length} ${kind}`).join(', ');
}

/** The numbers of all renames, of the first step of each kind, and of so many others, evenly spread. */
function chooseSteps(steps: readonly string[], others: number): number[] {
  const chosen = new Set([...new Set(steps)].map((kind) => steps.indexOf(kind)));
  for (const [at, kind] of steps.entries()) if (kind === 'rename') chosen.add(at);
  const rest = [...steps.keys()].filter((at) => !chosen.has(at));
  const stride = Math.max(1, rest.length / others);
  for (let at = 0; at < rest.length; at += stride) chosen.add(rest[Math.floor(at)] ?? 0);
  return [...chosen].sort((left, right) => left - right).map((at) => at + 1);
}
