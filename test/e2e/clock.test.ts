/** The programs by a clock that somebody sets: years ahead, days behind, and while they run. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { faketimeOrReason, openFakeTime } from '../fixtures/faketime.ts';
import { readerProblems } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { openMirrored, openSample } from './opened-sample.ts';
import { killAtEnd, run, start, until } from './program.ts';
import { runHere } from './run-here.ts';
import { publishedTree, treeOf } from './tree.ts';

const bundle = await openBundle();
const [program, checkfiles] = [join(bundle, 'pep381run'), join(bundle, 'pep381checkfiles')];
const quiet = { code: 0, stdout: '', stderr: '' };
const needsFakeTime = faketimeOrReason();

t.test('a clock that jumps loses nothing, and is reported', needsFakeTime, async (t) => {
  const { server, target } = await openMirrored(t, program, smallIndex);
  const clock = openFakeTime(t.testdirName);
  const { env } = clock;
  const mirror = (...options: string[]) => run(program, [...options, '--upstream', server.url, target], { env });
  const publish = (version: string) => server.index.publish(makeSdist({ name: 'alpha', version }));
  server.index.removeProject('beta');
  t.same(await mirror('-q'), quiet);
  const trash = treeOf(join(target, 'trash'));

  for (const by of ['+10y', '-3d']) {
    clock.move(by);
    publish(`2.${Math.abs(Number.parseInt(by, 10))}`);
    t.match(await mirror(), { code: 0, stderr: /^Warning: the clock of this machine says .*\n$/ }, by);
    t.match(treeOf(join(target, 'trash')), trash, `${by}: what was removed stays`);
    t.same(readerProblems(join(target, 'web')), [], by);
  }
  clock.move('+0');
  publish('3.0');
  t.same(await mirror('-q'), quiet);
  t.match(treeOf(join(target, 'trash')), trash);
  t.same(await run(checkfiles, ['-q', target], { env }), quiet);
  const fresh = join(target, '../fresh');
  t.same(await runHere('-q', '--upstream', server.url, fresh), quiet);
  t.same(publishedTree(target), publishedTree(fresh));
});

t.test('a clock that is set during a run does not disturb it', needsFakeTime, async (t) => {
  const { server, target } = await openSample(t, program, smallIndex());
  const clock = openFakeTime(t.testdir());
  server.faults.add({ do: 'delay', ms: 100 });
  const running = start(program, ['--upstream', server.url, '--workers', '1', target], { env: clock.env });
  killAtEnd(t, running);
  const asked = (count: number) => until(`request ${count}`, () => server.requests.length >= count);
  await asked(4);
  clock.move('+10y');
  await asked(8);
  clock.move('-10y');
  t.match(await running.ended, { code: 0, stderr: '' });
  clock.move('+0');
  t.same(readerProblems(join(target, 'web')), []);
  t.same(await run(program, ['-q', '--upstream', server.url, target], { env: clock.env }), quiet);
  t.same(await run(checkfiles, ['-q', target], { env: clock.env }), quiet);
  t.same(readdirSync(join(target, 'staging')), []);
});
