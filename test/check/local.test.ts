import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openBundle } from '../e2e/bundle.ts';
import { openSample } from '../e2e/opened-sample.ts';
import { run } from '../e2e/program.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';

const programs = await openBundle();

t.test('a check leaves alone what somebody has put there by hand', async (t) => {
  const { target, mirror } = await openSample(t, join(programs, 'pep381run'), smallIndex());
  const checkfiles = (...options: string[]) => run(join(programs, 'pep381checkfiles'), [...options, target]);
  const folder = join(target, 'web/packages/ours');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(target, 'mirror.toml'), '[[rule]]\nprojects = ["acme-*"]\nhold = "local"\n');
  const [wheel, sdist] = [makeWheel, makeSdist].map((make) => make({ name: 'acme-core', version: '1.0' }));
  for (const { filename, content } of [wheel, sdist].filter((made) => made !== undefined)) {
    writeFileSync(join(folder, filename), content);
  }
  t.match(await mirror('-q'), { code: 0, stderr: '' });
  t.same(await checkfiles('--delete-unreferenced'), { code: 0, stdout: '', stderr: '' });
  const newer = makeWheel({ name: 'acme-new', version: '1.0' });
  writeFileSync(join(folder, newer.filename), newer.content);
  t.same(
    await checkfiles('--delete-unreferenced'),
    { code: 0, stdout: '', stderr: '' },
    'also before a run has seen it',
  );
  t.match(await mirror('-q'), { code: 0 });
  writeFileSync(join(target, 'web/simple/acme-new/index.html'), 'damaged');
  t.match(await checkfiles(), { code: 1, stdout: /acme-new/ }, 'its page is ours');
  t.match(await mirror('-q'), { code: 0 });
  t.same(await checkfiles(), { code: 0, stdout: '', stderr: '' });
  rmSync(join(target, 'state.db'));
  t.match(await checkfiles('--rebuild'), { stderr: '' });
  t.match(await mirror('-q'), { code: 0 });
  t.same(await checkfiles(), { code: 0, stdout: '', stderr: '' });
});
