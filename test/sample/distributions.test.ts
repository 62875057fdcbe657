import { createHash } from 'node:crypto';
import { strFromU8, unzipSync } from 'fflate';
import t from 'tap';
import { makeSdist, makeWheel } from './distributions.ts';
import { httpRequest } from './http-request.ts';
import { metadataReadOrReason, pythonLacks, runPython } from './run-python.ts';
import { sampleIndex } from './sample-projects.ts';
import { openSampleServer } from './sample-server.ts';

t.test('the same options give the same bytes', async (t) => {
  const options = { name: 'sample', version: '1.0', requires: ['sample-base'] };
  t.same(makeWheel(options), makeWheel(options));
  t.same(makeSdist(options), makeSdist(options));
});

t.test('RECORD lists every file with its hash and size', async (t) => {
  const wheel = makeWheel({ name: 'A.b', version: '2', files: { 'a/x.bin': Buffer.from([0, 255]), 'a/y.py': 'é' } });
  t.equal(wheel.filename, 'a_b-2-py3-none-any.whl');
  const files = unzipSync(wheel.content);
  const lines = strFromU8(files['a_b-2.dist-info/RECORD'] ?? new Uint8Array())
    .trim()
    .split('\n');
  t.same(lines.map((line) => line.split(',')[0]).sort(), Object.keys(files).sort());
  for (const line of lines.slice(0, -1)) {
    const [path = '', hash, size] = line.split(',');
    const body = files[path] ?? new Uint8Array();
    t.equal(hash, `sha256=${createHash('sha256').update(body).digest('base64url')}`, path);
    t.equal(Number(size), body.length, path);
  }
});

t.test('a compressed tag set becomes one line per tag', async (t) => {
  const { content } = makeWheel({ name: 'x', version: '1', tag: 'py2.py3-none-any' });
  const wheel = strFromU8(unzipSync(content)['x-1.dist-info/WHEEL'] ?? new Uint8Array());
  t.match(wheel, /Root-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n$/);
});

t.test(
  'pip installs wheels with dependencies and extras, and builds an sdist',
  { skip: await pythonLacks('pip') },
  async (t) => {
    const server = await openSampleServer({ index: sampleIndex() });
    t.teardown(() => server.close());
    const target = t.testdir();
    const wanted = ['sample-app', 'sample-extras[colour]', 'sample-sdist', 'Sample_Camel.case'];
    const pip = [
      '-m',
      'pip',
      'install',
      '--no-warn-conflicts',
      '--no-cache-dir',
      '--index-url',
      `${server.url}/simple/`,
      '--target',
      target,
    ];
    await runPython(...pip, ...wanted);
    const script = `import sys; sys.path.insert(0, sys.argv[1])
import sample_app, sample_base, sample_extras, sample_pure, sample_sdist, sample_camel_case
print(sample_base.__version__, sample_pure.__version__, sample_sdist.__version__, sample_camel_case.__version__)`;
    t.equal(await runPython('-c', script, target), '1.10 0.3 0.9 1.0.post1\n');
    const { requests } = server;
    await t.test('by the metadata', await metadataReadOrReason(), async (t) => {
      t.ok(requests.some(({ path }) => path.endsWith('sample_base-1.10-py3-none-any.whl.metadata')));
    });
    t.notOk(requests.some(({ path }) => path.includes('sample-yanked')));
    const page = await httpRequest(`${server.url}/simple/sample-sdist/`);
    t.match(page.body.toString(), 'sample_sdist-0.9.tar.gz');
  },
);
