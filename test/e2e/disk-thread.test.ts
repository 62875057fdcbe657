/** The built pep381run with so many small files that its thread creates and renames most of them. */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { manyProjects } from '../fixtures/many-projects.ts';
import { readerProblems } from '../fixtures/reader-check.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { damage } from './damage.ts';
import { type Ended, run, start, withoutDeath } from './program.ts';
import { publishedTree, stateOf } from './tree.ts';

const programs = await openBundle();
const killAt = fileURLToPath(new URL('kill-at.cjs', import.meta.url));
const server = await openSampleServer({ index: manyProjects() });
t.teardown(() => server.close());
const work = mkdtempSync(join(tmpdir(), 'disk-thread-'));
t.teardown(() => rmSync(work, { recursive: true, force: true }));
const silent: Ended = { code: 0, stdout: '', stderr: '' };
/** `npm run test:faults` sets it. */
const kills = Number(process.env.KILL_STEPS ?? 4);

const args = (target: string): string[] => ['-q', '--upstream', server.url, target];
const contentOf = (target: string): object => ({ web: publishedTree(target), state: stateOf(target) });

async function mirror(t: Test, name: string, program = join(programs, 'pep381run')): Promise<string> {
  const target = join(work, name);
  t.same(await run(program, args(target)), silent);
  t.same(readerProblems(join(target, 'web')), []);
  t.same(readdirSync(join(target, 'staging')), []);
  return target;
}

const wanted = contentOf(await mirror(t, 'undisturbed'));

for (const [what, change] of [
  ['missing', (path: string) => rmSync(path)],
  ['cut off', (path: string) => writeFileSync(path, '"use strict"; const a = {')],
  ['never ready', (path: string) => writeFileSync(path, 'setInterval(() => {}, 1000);')],
] as const)
  t.test(`with a disk.js that is ${what} a run does all by itself, and says nothing`, async (t) => {
    const copy = join(work, `programs, ${what}`);
    cpSync(programs, copy, { recursive: true });
    change(join(copy, 'disk.js'));
    t.same(contentOf(await mirror(t, what, join(copy, 'pep381run'))), wanted);
  });

t.test('with limited addresses (ulimit -v) no thread is started', async (t) => {
  const copy = join(work, 'programs that tell');
  cpSync(programs, copy, { recursive: true });
  const started = join(work, 'started');
  writeFileSync(join(copy, 'disk.js'), `require('node:fs').writeFileSync(${JSON.stringify(started)}, '');`);
  const program = join(copy, 'pep381run');
  const limited = ['ulimit -v 100000000; exec "$0" "$@"', process.execPath, program, ...args(join(work, 'limited'))];
  t.same(await run('-c', limited, { command: 'sh' }), silent);
  t.notOk(existsSync(started));
  t.same(contentOf(join(work, 'limited')), wanted);
  await mirror(t, 'unlimited', program);
  t.ok(existsSync(started));
});

/** Runs once undisturbed on a target on which a run was killed, and expects the same as without. */
async function goOn(t: Test, target: string, what: string): Promise<void> {
  t.same(damage(join(target, 'web'), server.index), [], what);
  t.same(withoutDeath(await run(join(programs, 'pep381run'), args(target))), silent, what);
  t.same(contentOf(target), wanted, what);
  t.same(readdirSync(join(target, 'staging')), [], what);
  rmSync(target, { recursive: true });
}

t.test('a run that is killed in its thread, before or within any step, is completed by the next', async (t) => {
  let killed = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const target = join(work, `killed-${kill}`);
    const step = 1 + Math.floor(Math.random() * 60);
    const env = { KILL_AT: String(step), KILL_THREAD: '1' };
    const { code } = await run(join(programs, 'pep381run'), args(target), { node: ['--require', killAt], env });
    if (code === 'SIGKILL') killed += 1;
    await goOn(t, target, `step ${step}`);
  }
  t.comment(`${killed} of ${kills} runs were killed`);
  t.ok(killed > 0, 'the thread had work');
});

t.test('a run for the index alone starts no thread, which would slow it down', async (t) => {
  const target = join(work, 'index-only');
  const node = ['--require', killAt];
  const env = { KILL_AT: '1', KILL_THREAD: '1' };
  t.same(await run(join(programs, 'pep381run'), ['--index-only', ...args(target)], { node, env }), silent);
});

t.test('a run that is killed at any moment is completed by the next', async (t) => {
  for (let kill = 0; kill < kills; kill += 1) {
    const target = join(work, `killed-sometime-${kill}`);
    const running = start(join(programs, 'pep381run'), args(target));
    const folders = Math.floor(Math.random() * 150);
    const simple = join(target, 'web/simple');
    const looks = setInterval(() => {
      if (existsSync(simple) && readdirSync(simple).length >= folders) running.kill('SIGKILL');
    }, 1);
    await running.ended;
    clearInterval(looks);
    await goOn(t, target, `when there were ${folders} projects`);
  }
});
