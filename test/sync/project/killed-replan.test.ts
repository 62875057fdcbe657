/** What a run that is killed makes of pages must not be taken for upstream's by the next one. */
import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import type { Mirror } from '../../../src/sync/mirror.ts';
import { sync } from '../../../src/sync/sync.ts';
import { contentOf, unsound } from '../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { openMirrorAt, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

const dayMs = 86_400_000;
const newestOnly = policyFrom('[releases]\nkeep = 1');

async function openThreeReleases(t: Test): Promise<TestMirror> {
  const index = new SampleIndex();
  for (const version of ['1.0', '2.0', '3.0']) index.publish(makeWheel({ name: 'alpha', version }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  return mirror;
}

type Ports = Pick<Mirror, 'files' | 'state'>;

/** `port` with another method. */
function withMethod<T extends object, K extends keyof T>(port: T, name: K, method: T[K]): T {
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      return key === name ? method : typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function die(): never {
  throw new StorageError('killed');
}

const deaths: readonly (readonly [string, (mirror: Mirror) => Partial<Ports>])[] = [
  ['between the two pages', ({ files }) => ({ files: withMethod(files, 'publish', publishOne(files)) })],
  ['before the files go', ({ files }) => ({ files: withMethod(files, 'discard', discardNoFile(files)) })],
  ['before that is remembered', ({ state }) => ({ state: withMethod(state, 'finish', die) })],
];

function publishOne(files: Mirror['files']): Mirror['files']['publish'] {
  return async (writes) => {
    await files.publish(writes.slice(0, 1));
    die();
  };
}

function discardNoFile(files: Mirror['files']): Mirror['files']['discard'] {
  return async (paths) => (paths.some((path) => path.startsWith('packages/')) ? die() : files.discard(paths));
}

async function runToDeath(
  t: Test,
  { target, server, clock }: TestMirror,
  policy: Policy,
  change: (mirror: Mirror) => Partial<Ports>,
): Promise<void> {
  const { mirror, close } = openMirrorAt(target, server.url, clock, { policy });
  await t.rejects(sync({ ...mirror, ...change(mirror) }), { message: 'killed' });
  await close();
}

t.test('releases come back although a power cut lost the state of new rules', async (t) => {
  const mirror = await openThreeReleases(t);
  const before = contentOf(mirror.web);
  const [database, copy] = ['state.db', 'state.copy'].map((name) => join(mirror.target, name)) as [string, string];
  copyFileSync(database, copy);
  await runToDeath(t, mirror, newestOnly, ({ state }) => ({ state: withMethod(state, 'finish', die) }));
  renameSync(copy, database);
  await mirror.run({ policy: newestOnly });
  t.equal(mirror.filenames('alpha').length, 1);
  await mirror.run();
  t.same(contentOf(mirror.web), before);
  t.same(unsound(mirror), []);
});

for (const [when, change] of deaths) {
  t.test(`releases come back when rules are dropped under which a run was killed ${when}`, async (t) => {
    const mirror = await openThreeReleases(t);
    const before = contentOf(mirror.web);
    await runToDeath(t, mirror, newestOnly, change);
    t.notSame(contentOf(mirror.web), before);
    await t.test('without another run in between', async (t) => {
      await mirror.run();
      t.same(contentOf(mirror.web), before);
      t.same(unsound(mirror), []);
    });
    await runToDeath(t, mirror, newestOnly, change);
    await t.test('after a complete run', async (t) => {
      await mirror.run({ policy: newestOnly });
      t.same(mirror.filenames('alpha').length, 1);
      t.same(
        mirror.remembered((state) => state.removals.latest(9)),
        [],
        'upstream has removed nothing',
      );
      await mirror.run();
      t.same(contentOf(mirror.web), before);
      t.same(unsound(mirror), []);
    });
  });

  t.test(
    `releases come back when rules are dropped under which a sync of the project was killed ${when}`,
    async (t) => {
      const mirror = await openThreeReleases(t);
      const before = contentOf(mirror.web);
      mirror.clock.advance(31 * dayMs);
      const back = mirror.server.faults.add({ do: 'status', status: 404, match: /simple\/alpha\/$/ });
      await mirror.run();
      mirror.clock.advance(3 * 60_000);
      await mirror.run();
      t.equal(mirror.parkings().length, 1);
      back();
      await runToDeath(t, mirror, newestOnly, change);
      await mirror.run();
      t.same(contentOf(mirror.web), before);
      t.same(unsound(mirror), []);
    },
  );
}

t.test('releases come back when rules are dropped while upstream fails', async (t) => {
  const mirror = await openThreeReleases(t);
  const before = contentOf(mirror.web);
  await mirror.run({ policy: newestOnly });
  mirror.clock.advance(31 * dayMs);
  const back = mirror.server.faults.add({ do: 'status', status: 404, match: /simple\/alpha\/$/ });
  await mirror.run({ policy: newestOnly });
  mirror.clock.advance(3 * 60_000);
  await mirror.run({ policy: newestOnly });
  back();
  await mirror.run();
  t.same(contentOf(mirror.web), before);
  t.same(unsound(mirror), []);
});
