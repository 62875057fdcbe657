import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { run } from './program.ts';
import { checkHere } from './run-here.ts';

const programs = await openBundle();

t.test('when state.db is lost, projects of another index and local projects stay where they are', async (t) => {
  const { target, mirror, mirrorHere } = await openSample(t, join(programs, 'pep381run'), smallIndex());
  const own = await openSampleServer({ index: new SampleIndex() });
  t.teardown(() => own.close());
  for (const name of ['acme-core', 'acme-tools']) own.index.publish(makeWheel({ name, version: '1.0' }));
  const ours = join(target, 'web/packages/ours');
  mkdirSync(ours, { recursive: true });
  const made = [makeWheel, makeSdist].map((make) => make({ name: 'tool-of-ours', version: '1.0' }));
  for (const { filename, content } of made) writeFileSync(join(ours, filename), content);
  writeFileSync(
    join(target, 'mirror.toml'),
    [
      '[[rule]]\nprojects = ["tool-of-ours"]\nhold = "local"',
      `[[rule]]\nprojects = ["acme-*"]\nupstream = "${own.url}/simple/"\n`,
    ].join('\n'),
  );
  t.match(await mirror('-q'), { code: 0, stderr: '' });
  const folder = (name: string) => join(target, 'web/simple', name);
  const look = () =>
    ['acme-core', 'acme-tools', 'tool-of-ours'].map((name) => [
      statSync(folder(name)).ino,
      readFileSync(join(folder(name), 'index.html'), 'utf8'),
      JSON.parse(readFileSync(join(folder(name), 'index.v1_json'), 'utf8')),
    ]);
  const before = look();
  const lose = () => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(target, `state.db${suffix}`), { force: true });
  };
  for (const how of ['a run', 'a check'] as const) {
    lose();
    own.requests.length = 0;
    if (how === 'a check') await run(join(programs, 'pep381checkfiles'), ['-q', '--rebuild', target]);
    const { code, stdout, stderr } = await mirror();
    t.match({ code, stderr }, { code: 0, stderr: '' }, how);
    t.notMatch(stdout, /replaced|removed/, how);
    t.same(look(), before, how);
    t.same(
      readdirSync(ours).filter((name) => !name.endsWith('.metadata')),
      made.map(({ filename }) => filename).sort(),
    );
    t.same(
      own.requests.filter(({ path }) => path.startsWith('/packages/')),
      [],
    );
    t.same(await mirrorHere('-q'), { code: 0, stdout: '', stderr: '' }, how);
    t.same(await checkHere(target), { code: 0, stdout: '', stderr: '' }, how);
  }
  // Nor do they go because of one 404 then.
  lose();
  own.index.removeProject('acme-tools');
  own.faults.add({ do: 'status', status: 404, match: /simple\/acme-core/ });
  await mirror('-q');
  t.ok(statSync(folder('acme-core')).isDirectory());
});
