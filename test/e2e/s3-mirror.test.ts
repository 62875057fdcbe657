/**
 * Mirrors in buckets of a real store, made by the built program: what a run puts there, and what it asks for. One mirror has
 * all in the bucket, the other one only the files; both follow the same upstream, and a real pip reads both.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ask } from '../apache/ask.ts';
import { type Apache, apacheOrReason } from '../fixtures/apache.ts';
import { objectStoreOrReason } from '../fixtures/object-store.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { pipOrReason, pipSucceeds } from './pip.ts';
import { type MirrorInBucket, openMirrorInBucket } from './s3-mirror.ts';

const needsStore = objectStoreOrReason();
const needsPip = await pipOrReason();
const needsAll = [needsStore, needsPip, apacheOrReason()].find(({ skip }) => skip !== false) ?? needsStore;
const program = join(await openBundle(), 'pep381run');
const silent = { code: 0, stdout: '', stderr: '' };
const nothing = { get: 0, head: 0, put: 0, copy: 0, list: 0, upload: 0, delete: 0 };

/** Returns an index with some projects of each kind, and one with a large file. */
function mixedIndex(): SampleIndex {
  const index = new SampleIndex();
  for (const version of ['1.0', '1.9', '1.10']) index.publish(makeWheel({ name: 'sample-base', version }));
  index.publish(makeWheel({ name: 'sample-app', version: '1.0', requires: ['sample-base>=1.9'] }));
  index.publish(makeWheel({ name: 'sample-pure', version: '0.3', tag: 'py2.py3-none-any' }));
  index.publish(makeSdist({ name: 'sample-platform', version: '1.5.0' }));
  index.publish(makeWheel({ name: 'sample-platform', version: '1.5.0', tag: 'cp311-cp311-win_amd64' }));
  for (const version of ['1.0', '1.1']) index.publish(makeWheel({ name: 'sample-yanked', version }));
  index.yank('sample-yanked', '1.1', 'breaks "everything" & <more>');
  index.publish(makeSdist({ name: 'sample-sdist', version: '0.9' }));
  index.create('sample-empty');
  index.publish(makeWheel({ name: 'Sample.Camel_Case', version: '1.0.post1' }));
  index.publish(makeWheel({ name: 'sample-provenance', version: '1.0' }), { provenance: true });
  const files = { 'data.bin': pseudoRandomBytes('large', 6 << 20) };
  index.publish(makeWheel({ name: 'sample-parts', version: '1.0', files }));
  return index;
}

t.test('pip and mirrors in a bucket', needsAll, async (t) => {
  const index = mixedIndex();
  const upstream = await openSampleServer({ index });
  t.teardown(() => upstream.close());
  const open = (hold: MirrorInBucket['hold']) => openMirrorInBucket(t, program, { hold, index, upstream });
  const mirrors = [await open('files'), await open('everything')] as const;
  const onDisk = async () => ({ problems: [], published: (await mirrors[0].onDisk()).published });
  const [inFiles, inEverything] = [await mirrors[0].serve(), await mirrors[1].serve()];

  for (const mirror of mirrors) {
    t.same(await mirror.mirror(), silent);
    const first = await mirror.requests();
    // It looks once what others have put there, and at its end whether they are done; Ceph tells no ETag of an upload.
    const list = mirror.hold === 'everything' ? 3 : 2;
    t.match(first, { ...nothing, put: Number, list, head: 1, upload: Number }, mirror.hold);
    t.equal(first.upload, 4, 'a large file goes there in two parts');
    t.ok((first.put ?? 0) <= (mirror.hold === 'everything' ? 100 : 30), `${first.put} requests to put`);
  }
  const wanted = await onDisk();
  for (const mirror of mirrors) t.same(await mirror.content(), wanted, mirror.hold);

  const work = openToAll(t).testdir();
  let downloads = 0;
  const download = (host: Apache, ...what: readonly string[]): string[] => {
    downloads += 1;
    const dest = join(work, `${downloads}`);
    mkdirSync(dest);
    return ['download', '--index-url', `${host.url}/simple/`, '--no-deps', '--dest', dest, ...what];
  };
  const got = () => readdirSync(join(work, `${downloads}`)).sort();
  const wheels = (...names: readonly string[]) => names.map((name) => `${name}-py3-none-any.whl`);
  await pipSucceeds(t, ...download(inFiles, 'sample-app', 'sample-base', 'sample-yanked', 'sample-parts'));
  t.same(got(), wheels('sample_app-1.0', 'sample_base-1.10', 'sample_parts-1.0', 'sample_yanked-1.0'));
  const site = ['--no-compile', '--target', join(work, 'site')];
  const what = ['sample-app', 'sample-yanked', 'sample-parts'];
  await pipSucceeds(t, 'install', '--index-url', `${inEverything.url}/simple/`, ...site, ...what);
  const names = readdirSync(join(work, 'site')).filter((name) => name.endsWith('.dist-info'));
  const installed = ['sample_app-1.0', 'sample_base-1.10', 'sample_parts-1.0', 'sample_yanked-1.0'];
  t.same(
    names.sort(),
    installed.map((name) => `${name}.dist-info`),
    'with what it requires',
  );

  // s3-trouble.test.ts tells what a mirror asks for that has everything in the bucket.
  t.same(await mirrors[0].call(), silent);
  t.same(await mirrors[0].requests(), nothing, 'a run without changes asks for nothing');

  index.yank('sample-base', '1.10', 'broken on Mondays');
  const removed = index.pathOf('sample-platform', 'sample_platform-1.5.0.tar.gz').slice(1);
  index.removeFile('sample-platform', 'sample_platform-1.5.0.tar.gz');
  index.removeProject('sample-sdist');
  index.quarantine('sample-pure');
  index.publish(makeWheel({ name: 'sample-app', version: '1.1', requires: ['sample-base'] }));
  for (const mirror of mirrors) {
    t.same(await mirror.call(), silent);
    if (mirror.hold === 'files') {
      const asked = { ...nothing, put: 2, list: 1 };
      t.same(await mirror.requests(), asked, 'a new file, its metadata, and what others have put there');
    }
    t.same(await mirror.damage(), []);
    const { bucket } = mirror.public;
    t.ok(await bucket.head(`web/${removed}`), 'whoever has an old page still finds what it links to');
  }
  await pipSucceeds(t, ...download(inFiles, 'sample-app', 'sample-base'));
  t.same(got(), wheels('sample_app-1.1', 'sample_base-1.9'));
  t.match(await pipSucceeds(t, ...download(inEverything, 'sample-app', 'sample-base==1.10')), 'broken on Mondays');
  t.same(got(), wheels('sample_app-1.1', 'sample_base-1.10'));
  for (const host of [inFiles, inEverything]) {
    t.match(await ask(host.url, '/simple/sample-sdist/'), { status: 404 });
    const quarantined = await ask(host.url, '/simple/sample-pure/');
    t.match(quarantined, { status: 200 });
    t.match(quarantined.body.toString(), 'content="quarantined"');
    t.notMatch(quarantined.body.toString(), '<a ');
  }

  // A new mirror would not hear of a quarantined project.
  index.clearQuarantine('sample-pure');
  for (const mirror of mirrors) {
    mirror.letCachesExpire();
    t.same(await mirror.call(), silent);
    t.equal(await mirror.public.bucket.head(`web/${removed}`), undefined);
  }
  const later = await onDisk();
  for (const mirror of mirrors) {
    t.same(await mirror.content(), later, mirror.hold);
    t.same(await mirror.call(['-q', '--restore', 'sample-sdist']), silent);
    t.same(await mirror.problems(), []);
  }
});
