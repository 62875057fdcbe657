/** A mirror in a bucket of a real store, made by the built program: what a run puts there, and what it asks for. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Apache, apacheOrReason } from '../fixtures/apache.ts';
import { objectStoreOrReason } from '../fixtures/object-store.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import { sampleIndex } from '../sample/sample-projects.ts';
import { openBundle } from './bundle.ts';
import { pip, pipOrReason, pipSucceeds } from './pip.ts';
import { run } from './program.ts';
import { type MirrorInBucket, openMirrorInBucket } from './s3-mirror.ts';

const needsStore = objectStoreOrReason();
const needsPip = await pipOrReason();
const needsAll = [needsStore, needsPip, apacheOrReason()].find(({ skip }) => skip !== false) ?? needsStore;
const program = join(await openBundle(), 'pep381run');
const silent = { code: 0, stdout: '', stderr: '' };
const holdings = ['files', 'everything'] as const;
const nothing = { get: 0, head: 0, put: 0, copy: 0, list: 0, upload: 0, delete: 0 };

/** Files that a run without changes writes as well: `last-modified`. */
const puts = { files: 0, everything: 1 };

t.test('pip and a mirror in a bucket', needsAll, async (t) => {
  t.jobs = 2;
  for (const hold of holdings) t.test(`hold = "${hold}"`, (t) => changesReachPip(t, hold));
});

async function changesReachPip(t: Test, hold: MirrorInBucket['hold']): Promise<void> {
  const index = sampleIndex();
  const files = { 'data.bin': pseudoRandomBytes('large', 12 << 20) };
  index.publish(makeWheel({ name: 'sample-parts', version: '1.0', files }));
  const mirror = await openMirrorInBucket(t, program, { hold, index });
  t.same(await mirror.mirror(), silent);
  t.same(await mirror.problems(), []);
  const first = await mirror.requests();
  // It looks once what others have put there, and at its end whether they are done; Ceph tells no ETag of an upload.
  const list = hold === 'everything' ? 3 : 2;
  t.match(first, { ...nothing, put: Number, list, head: 1, upload: Number });
  t.ok((first.upload ?? 0) >= 5, 'a large file goes there in parts');
  t.ok((first.put ?? 0) <= puts.everything * 200, `${first.put} requests to put`);
  t.same(await mirror.published(), (await mirror.onDisk()).published);

  const work = openToAll(t).testdir();
  const hosts = [await mirror.serve(), await mirror.serve()];
  let downloads = 0;
  const download = (host: Apache | undefined, ...what: readonly string[]): string[] => {
    downloads += 1;
    const dest = join(work, `${downloads}`);
    mkdirSync(dest);
    return ['download', '--index-url', `${host?.url}/simple/`, '--no-deps', '--dest', dest, ...what];
  };
  const got = () => readdirSync(join(work, `${downloads}`));
  const [one, other] = hosts;
  await pipSucceeds(t, ...download(one, 'sample-app', 'sample-base', 'sample-yanked', 'sample-parts'));
  t.same(got().sort(), [
    'sample_app-1.0-py3-none-any.whl',
    'sample_base-1.10-py3-none-any.whl',
    'sample_parts-1.0-py3-none-any.whl',
    'sample_yanked-1.0-py3-none-any.whl',
  ]);
  const site = ['--no-compile', '--target', join(work, 'site')];
  await pipSucceeds(t, 'install', '--index-url', `${other?.url}/simple/`, ...site, 'sample-app');
  t.same(existsSync(join(work, 'site/sample_base')), true, 'with what it requires');

  t.same(await mirror.mirror(), silent);
  t.same(await mirror.requests(), { ...nothing, put: puts[hold] }, 'a run without changes asks for nothing');

  index.yank('sample-base', '1.10', 'broken on Mondays');
  const removed = index.pathOf('sample-platform', 'sample_platform-1.5.0.tar.gz').slice(1);
  index.removeFile('sample-platform', 'sample_platform-1.5.0.tar.gz');
  index.removeProject('sample-sdist');
  index.quarantine('sample-pure');
  index.publish(makeWheel({ name: 'sample-app', version: '1.1', requires: ['sample-base'] }));
  t.same(await mirror.mirror(), silent);
  t.same(await mirror.damage(), []);
  await pipSucceeds(t, ...download(one, 'sample-app', 'sample-base'));
  t.same(got().sort(), ['sample_app-1.1-py3-none-any.whl', 'sample_base-1.9-py3-none-any.whl']);
  t.match(await pipSucceeds(t, ...download(other, 'sample-base==1.10')), 'broken on Mondays');
  for (const gone of ['sample-sdist', 'sample-pure']) {
    const { code, output } = await pip(...download(other, gone));
    t.not(code, 0, gone);
    t.match(output, `No matching distribution found for ${gone}`);
  }
  const { bucket } = mirror.public;
  t.ok(await bucket.head(`web/${removed}`), 'whoever has an old page still finds what it links to');

  mirror.letCachesExpire();
  // A new mirror would not hear of a quarantined project.
  index.clearQuarantine('sample-pure');
  t.same(await mirror.mirror(), silent);
  t.equal(await bucket.head(`web/${removed}`), undefined);
  t.same(await mirror.problems(), []);
  t.same(await mirror.published(), (await mirror.onDisk()).published);
  t.match(await run(program, ['-q', '--restore', 'sample-sdist', mirror.target], { env: mirror.public.env }), silent);
  t.same(await mirror.problems(), []);
}
