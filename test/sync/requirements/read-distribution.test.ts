/** The requirements of files without a metadata sidecar are held, and what is needed to build them. */
import { gzipSync, zipSync } from 'fflate';
import t, { type Test } from 'tap';
import { namesOf, unsound } from '../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { type Distribution, makeSdist, makeWheel, type SdistOptions } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

const policy = policyFrom('dependencies = true\nprojects = ["a"]');

/** As an index serves it that knows nothing of PEP 658. */
function withoutMetadata({ metadata: _, ...wheel }: Distribution): Distribution {
  return wheel;
}

/** A mirror of `a` and what it requires, of an index where `others` are empty wheels. */
async function mirrorOf(t: Test, a: readonly Distribution[], ...others: readonly string[]): Promise<TestMirror> {
  const index = new SampleIndex();
  for (const file of a) index.publish(file);
  for (const name of others) index.publish(makeWheel({ name, version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run({ policy });
  t.same(unsound(mirror), []);
  return mirror;
}

const source = (options: Omit<SdistOptions, 'name' | 'version'>): Distribution =>
  makeSdist({ name: 'a', version: '1.0', metadataVersion: '2.2', ...options });

t.test('the wheel itself is read if it has no metadata sidecar', async (t) => {
  const wheel = makeWheel({ name: 'a', version: '1.0', requires: ['b'], extras: { x: ['never'] } });
  const mirror = await mirrorOf(t, [withoutMetadata(wheel)], 'b', 'never', 'other');
  t.same(namesOf(mirror), ['a', 'b']);
  t.same(mirror.warnings(), []);
});

t.test('an sdist is read if its metadata are reliable', async (t) => {
  const plain = await mirrorOf(t, [source({ requires: ['b'] })], 'b', 'setuptools', 'wheel');
  t.same(namesOf(plain), ['a', 'b'], 'it names nothing that builds it');
  t.same(plain.warnings(), []);
  const static_ = '[project]\nname = "a"\ndependencies = ["b"]\n[project.optional-dependencies]\nx = ["never"]\n';
  const built = '[build-system]\nrequires = ["builder"]\n';
  const old = source({ metadataVersion: '2.1', pyproject: static_ + built });
  const byProject = await mirrorOf(t, [old], 'b', 'builder', 'never');
  t.same(namesOf(byProject), ['a', 'b', 'builder']);
  t.same(byProject.warnings(), []);
});

t.test('unreliable metadata of an sdist are reported, and followed all the same', async (t) => {
  const pages: readonly (readonly [Distribution, RegExp])[] = [
    [source({ requires: ['b'], metadataVersion: '2.1' }), /its PKG-INFO has metadata version 2\.1/],
    [source({ requires: ['b'], dynamic: ['Requires-Dist'] }), /its PKG-INFO says so/],
    [source({ requires: ['b'], metadataVersion: '2.1', pyproject: '[project]\ndynamic = ["dependencies"]' }), /2\.1/],
    [source({ requires: ['b'], pyproject: 'no TOML' }), /its pyproject\.toml cannot be read/],
  ];
  for (const [file, why] of pages) {
    const mirror = await mirrorOf(t, [file], 'b', 'setuptools', 'wheel');
    t.ok(namesOf(mirror).includes('b'));
    const [told = '', ...more] = mirror.warnings();
    t.match(told, /^a: packages\/\S+a-1\.0\.tar\.gz: only building it tells for sure what it requires \(/);
    t.match(told, why);
    t.same(more, []);
  }
});

t.test('build requirements of an sdist are held: setuptools and wheel if it names none', async (t) => {
  const index = new SampleIndex();
  index.publish(source({ pyproject: '' }));
  for (const version of ['40.7', '40.8.0', '80.0']) index.publish(makeWheel({ name: 'setuptools', version }));
  index.publish(makeWheel({ name: 'wheel', version: '0.40', requires: ['packaging'] }));
  index.publish(makeWheel({ name: 'packaging', version: '24.0' }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run({ policy });
  t.same(namesOf(mirror), ['a', 'packaging', 'setuptools', 'wheel']);
  t.same(mirror.page('setuptools').versions, ['40.8.0', '80.0']);
  const named = source({ pyproject: '[build-system]\nrequires = ["Builder>=1; os_name != \'x\'", "setuptools"]\n' });
  t.same(namesOf(await mirrorOf(t, [named], 'builder', 'setuptools', 'wheel')), [
    'a',
    'builder',
    'setuptools',
    'wheel',
  ]);
});

t.test('the build requirements of an sdist beside a wheel are not held', async (t) => {
  const sdist = source({ requires: ['never'], pyproject: '[build-system]\nrequires = ["builder"]\n' });
  const wheel = makeWheel({ name: 'a', version: '1.0', requires: ['b'] });
  const mirror = await mirrorOf(t, [sdist, wheel], 'b', 'builder', 'never');
  t.same(namesOf(mirror), ['a', 'b']);
  const linux = policyFrom('dependencies = true\nprojects = ["a"]\n[[environment]]\nplatform = "linux"');
  await mirror.run({ policy: linux });
  t.same(namesOf(mirror), ['a', 'b']);
});

t.test('the build requirements of an sdist are held once its wheels do not fit an install target', async (t) => {
  const sdist = source({ requires: ['b'], pyproject: '[build-system]\nrequires = ["builder"]\n' });
  const wheel = makeWheel({ name: 'a', version: '1.0', requires: ['b'], tag: 'cp312-cp312-win_amd64' });
  const mirror = await mirrorOf(t, [sdist, wheel], 'b', 'builder');
  t.same(namesOf(mirror), ['a', 'b']);
  await mirror.run({
    policy: policyFrom('dependencies = true\nprojects = ["a"]\n[[environment]]\nplatform = "linux"'),
  });
  t.same(namesOf(mirror), ['a', 'b', 'builder']);
  t.notOk(
    mirror.requested().some((path) => path === '/simple/a/'),
    'nothing of it is asked again',
  );
  await mirror.run({ policy });
  t.same(namesOf(mirror), ['a', 'b']);
});

t.test('a zip is read as an sdist, too', async (t) => {
  const text = (name: string, body: string): [string, Uint8Array] => [`a-1.0/${name}`, Buffer.from(body)];
  const content = zipSync(
    Object.fromEntries([
      text('PKG-INFO', 'Metadata-Version: 2.4\nName: a\nVersion: 1.0\nRequires-Dist: b\n'),
      text('pyproject.toml', '[build-system]\nrequires = ["builder"]\n'),
      text('nested/PKG-INFO', 'Metadata-Version: 2.4\nName: a\nVersion: 1.0\nRequires-Dist: never\n'),
    ]),
  );
  const zip = { name: 'a', version: '1.0', filename: 'a-1.0.zip', content: Buffer.from(content) };
  t.same(namesOf(await mirrorOf(t, [zip], 'b', 'builder', 'never')), ['a', 'b', 'builder']);
});

t.test('a distribution that cannot be read is reported, and costs nothing else', async (t) => {
  const wheel = makeWheel({ name: 'a', version: '2.0', requires: ['b'] });
  const bytes = Buffer.from('nothing of the kind');
  for (const [filename, why] of [
    ['a-1.0.tar.gz', /it cannot be looked into/],
    ['a-1.0.zip', /only building it tells|it cannot be looked into/],
    ['a-1.0.tar.bz2', /it cannot be looked into/],
    ['a-1.0-py3-none-any.whl', /it has no METADATA that can be read/],
  ] as const) {
    const mirror = await mirrorOf(t, [{ name: 'a', version: '1.0', filename, content: bytes }, wheel], 'b');
    t.ok(namesOf(mirror).includes('b'), filename);
    t.match(mirror.warnings()[0], why, filename);
  }
});

t.test('a decompression bomb is not decompressed to its end', async (t) => {
  const header = Buffer.alloc(512);
  header.write('a-1.0/PKG-INFO', 0);
  header.write('77777777777\0', 124);
  header.write('0', 156);
  const content = Buffer.from(gzipSync(Buffer.concat([header, Buffer.alloc(1 << 20)])));
  const mirror = await mirrorOf(
    t,
    [{ name: 'a', version: '1.0', filename: 'a-1.0.tar.gz', content }],
    'setuptools',
    'wheel',
  );
  t.match(mirror.warnings()[0], /cannot be looked into|has no PKG-INFO/);
});

t.test('loosely spelled requirements are followed, and unreadable ones are reported with file and line', async (t) => {
  const requires = ['b >= 1.0.*', 'c (>=0.5<8.0.0)', 'd (==1.0', 'e >=0.1 <2.0', 'f>dev', 'g ^9', 'h ~> 3; os_name<3'];
  const names = ['b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const mirror = await mirrorOf(
    t,
    [makeWheel({ name: 'a', version: '1.0', requires: [...requires, '>=1'] })],
    ...names,
  );
  t.same(namesOf(mirror), ['a', ...names]);
  const where = 'a: packages/\\S+/a-1\\.0-py3-none-any\\.whl\\.metadata';
  const told = mirror.warnings();
  t.equal(told.length, 3);
  t.match(told[0], new RegExp(`^${where}:10: "g \\^9" cannot be read, and any version of g is held$`));
  t.match(told[1], new RegExp(`^${where}:11: "h ~> 3; os_name<3" cannot be read, and any version of h is held$`));
  t.match(told[2], new RegExp(`^${where}:12: ">=1" names no project, and is passed over$`));
});

t.test('a requirement on a URL takes nothing from upstream', async (t) => {
  const wheel = makeWheel({
    name: 'a',
    version: '1.0',
    requires: ['b @ https://files.example/b-1.0-py3-none-any.whl'],
  });
  t.same(namesOf(await mirrorOf(t, [wheel], 'b')), ['a']);
});
