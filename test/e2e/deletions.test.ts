/** What a person sees when upstream removes too much, or something that is needed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readerProblems } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist } from '../sample/distributions.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { run } from './program.ts';
import { runHere } from './run-here.ts';
import { treeOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');

t.test('a mass removal ends with 5, the list, and the command that allows it', async (t) => {
  const index = smallIndex();
  const names = Array.from({ length: 15 }, (_, at) => `many-${at}`);
  for (const name of names) index.publish(makeSdist({ name, version: '1.0' }));
  const server = await openSampleServer({ index });
  t.teardown(() => server.close());
  const target = join(t.testdir(), 'pypi');
  const mirror = (...args: string[]) => run(program, [...args, '--upstream', server.url, target]);
  const mirrorHere = (...args: string[]) => runHere(...args, '--upstream', server.url, target);
  t.equal((await mirrorHere('-q')).code, 0);
  for (const name of names) index.removeProject(name);
  const plan = await mirrorHere('--plan');
  t.equal(plan.code, 5, 'a dry run says it before');

  const { code, stdout, stderr } = await mirror('-q');
  t.equal(code, 5);
  t.equal(stdout, '');
  const lines = stderr.trimEnd().split('\n');
  t.match(lines[0], /^0 projects published, .*, deletions held back in 15 projects in /);
  t.match(lines[1], /^Held back: upstream removed 15 projects and 15 files, .* a day may remove 3 projects, /);
  t.same(lines.slice(2, -1).sort(), names.map((name) => `  ${name}: the project with 1 file`).sort());
  t.equal(lines.at(-1), `To let them go: pep381run --allow-deletions 15 ${target}`);
  t.same(await mirrorHere('-q'), { code: 5, stdout: '', stderr: '' }, 'the next run says it by its exit code alone');
  t.match((await runHere('--status', target)).stdout, /15 of them parked/);
  t.same(readerProblems(join(target, 'web')), []);

  t.same(await mirrorHere('-q', '--allow-deletions', '15'), { code: 0, stdout: '', stderr: '' });
  t.equal(existsSync(join(target, 'web/simple/many-0')), false);

  const restore = (...names: string[]) => run(program, [...names.map((name) => `--restore=${name}`), target]);
  t.match(await restore('many-0', 'nowhere', 'many-1'), {
    code: 1,
    stderr: /^pep381run: error: nowhere: is not in the trash[^\n]*\n$/,
    stdout: /^Restored many-0 with 1 file .*\nRestored many-1 with 1 file .*\n$/,
  });
  t.match(
    readFileSync(join(target, 'web/simple/index.html'), 'utf8'),
    /many-0\/.*many-1\//s,
    'although one is not there',
  );
  t.same(await runHere('-q', '--restore', 'many-2', target), { code: 0, stdout: '', stderr: '' });
  const json = await runHere('--log-format=json', '--restore', 'many-3', target);
  t.match(JSON.parse(json.stdout.split('\n')[0] ?? ''), { type: 'project-adopted', name: 'many-3', files: 1 });
  t.ok(readFileSync(join(target, 'web/simple/index.html'), 'utf8').includes('many-0/'));
  t.same(await mirrorHere('-q', '--reconcile'), { code: 0, stdout: '', stderr: '' });
  t.ok(existsSync(join(target, 'web/simple/many-0')), 'it stays');
  t.same(readerProblems(join(target, 'web')), []);
  t.match(await runHere('--restore=nowhere', target), { code: 1, stderr: /nowhere: is not in the trash/ });
});

t.test('--restore without a mirror restores and creates nothing', async (t) => {
  const root = t.testdir({
    lost: { trash: {}, web: { simple: { alpha: { 'index.html': '' }, 'index.html': 'all' } } },
    blank: { 'state.db': '', web: { simple: { alpha: { 'index.html': '' }, 'index.html': 'all' } } },
  });
  const before = treeOf(root);
  for (const name of ['lost', 'blank', 'misspelt']) {
    const ended = await runHere('--restore', 'alpha', join(root, name));
    t.match(
      ended,
      { code: 2, stdout: '', stderr: /nothing is known of this mirror yet; start it with pep381run / },
      name,
    );
  }
  t.same(treeOf(root), before);
});

t.test('a run with nothing to do does not end with 0 while a project waits for its next try', async (t) => {
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  const target = join(t.testdir(), 'pypi');
  const mirror = () => runHere('-q', '--upstream', server.url, target);
  const heal = server.faults.add({ do: 'body', body: '[]', match: /simple\/alpha\/$/ });
  t.match(await mirror(), { code: 1, stderr: /alpha/ });
  heal();
  t.match(await mirror(), { code: 1, stderr: '' });
});
