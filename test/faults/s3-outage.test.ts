/** A store that is down, or takes requests and never answers: after two minutes a run gives up, and the next one goes on. */
import { join } from 'node:path';
import t from 'tap';
import { openBundle } from '../e2e/bundle.ts';
import { openMirrorInBucket } from '../e2e/s3-mirror.ts';
import { openFaultyProxy } from '../fixtures/faulty-proxy.ts';
import { objectStoreOrReason } from '../fixtures/object-store.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { silent } from './mirror-check.ts';

const needsStore = objectStoreOrReason();
const program = join(await openBundle(), 'pep381run');
t.jobs = 2;

for (const [what, mishap, reason] of [
  ['is down', { reset: 'before' }, 'closed the connection'],
  ['never answers', { silence: 'before' }, 'does not answer in time'],
] as const) {
  t.test(`a store that ${what}`, needsStore, async (t) => {
    const index = smallIndex();
    const mirror = await openMirrorInBucket(t, program, { hold: 'everything', index });
    const proxy = await openFaultyProxy(t, mirror.public.store.endpoint);
    mirror.use(proxy.url);
    t.same(await mirror.mirror(), silent);
    const before = await mirror.published();
    for (const name of ['alpha', 'beta', 'gamma']) index.publish(makeWheel({ name, version: '2.0' }));
    proxy.add({ mishap });
    const { code, stdout, stderr } = await mirror.mirror();
    t.same({ code, stdout }, { code: 4, stdout: '' });
    const errors = stderr.split('\n').filter((line) => line.includes('error'));
    t.equal(errors.length, 1, stderr);
    t.match(errors[0], new RegExp(`^pep381run: error: s3://[^ ]+ at http://[^ ]+: .* the store ${reason} \\(tried `));
    t.same(await mirror.published(), before, 'the mirror is as it was');
    proxy.clear();
    t.same(await mirror.mirror(), silent);
    t.same(await mirror.published(), (await mirror.onDisk()).published);
    t.same(await mirror.problems(), []);
  });
}
