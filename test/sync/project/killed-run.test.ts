/** The files that a killed run leaves are removed when upstream removes them before the next run. */
import t, { type Test } from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import type { StateStore } from '../../../src/state/state-store.ts';
import { sync } from '../../../src/sync/sync.ts';
import { treeOf } from '../../fixtures/reader-check.ts';
import { named, openMirrorAt, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

/** Dies before it can remember that a file was published, or that all of its project was. */
async function dieAfterPublishing(
  t: Test,
  { target, server, clock }: TestMirror,
  steps: readonly string[] = ['addFiles', 'finish'],
): Promise<void> {
  const { mirror, close } = openMirrorAt(target, server.url, clock);
  const die = (): never => {
    throw new StorageError('killed');
  };
  const dying = <T extends object>(port: T, more: Partial<T> = {}): T =>
    new Proxy(port, {
      get(_, name) {
        if (steps.includes(String(name))) return die;
        const value: unknown = Reflect.get(name in more ? more : port, name);
        return typeof value === 'function' ? value.bind(port) : value;
      },
    });
  const state = dying<StateStore>(mirror.state, { held: dying(mirror.state.held) });
  await t.rejects(sync({ ...mirror, state }), { message: 'killed' });
  await close();
}

const files = (mirror: TestMirror): string[] => treeOf(mirror.web).filter((path) => path.startsWith('packages/'));

async function openSmall(t: Test): Promise<TestMirror> {
  const index = new SampleIndex();
  index.publish(makeSdist({ name: 'alpha', version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  return mirror;
}

t.test('a pending file is removed with its release', async (t) => {
  const mirror = await openSmall(t);
  const { index } = mirror;
  const before = files(mirror);
  index.publish(makeSdist({ name: 'alpha', version: '1.1' }));
  await dieAfterPublishing(t, mirror);
  t.equal(files(mirror).length, before.length + 1);
  index.removeFile('alpha', 'alpha-1.1.tar.gz');
  await mirror.run();
  t.same(files(mirror), before);
  t.same(mirror.problems(), []);
});

t.test('a pending file is removed with its project', async (t) => {
  const mirror = await openSmall(t);
  const before = files(mirror);
  mirror.index.publish(makeSdist({ name: 'beta', version: '1.0' }));
  await dieAfterPublishing(t, mirror);
  mirror.index.removeProject('beta');
  await mirror.run();
  t.same(files(mirror), before);
  t.same(mirror.problems(), []);
});

t.test('the twin of a page that has become small is removed', async (t) => {
  const mirror = await openSmall(t);
  const versions = Array.from({ length: 12 }, (_, at) => `1.${at}`);
  for (const version of versions) mirror.index.publish(makeSdist({ name: 'beta', version }));
  await dieAfterPublishing(t, mirror, ['finish']);
  t.ok(treeOf(mirror.web).includes('simple/beta/index.v1_json.gz'));
  for (const version of versions.slice(1)) mirror.index.removeFile('beta', `beta-${version}.tar.gz`);
  await mirror.run();
  t.notOk(treeOf(mirror.web).includes('simple/beta/index.v1_json.gz'));
  t.same(mirror.problems(), []);
});

t.test('a pending file that upstream still has stays, and is not fetched again', async (t) => {
  const mirror = await openSmall(t);
  mirror.index.publish(makeSdist({ name: 'alpha', version: '1.1' }));
  await dieAfterPublishing(t, mirror);
  const after = files(mirror);
  await mirror.run();
  t.same(files(mirror), after);
  t.notOk(mirror.requested().some((path) => path.endsWith('.tar.gz')));
  t.same(mirror.problems(), []);
});

t.test(
  'a damaged file that a check forgot is removed when upstream removes it before it is fetched again',
  async (t) => {
    const mirror = await openSmall(t);
    const [path] = files(mirror);
    mirror.remembered((state) => {
      for (const name of named('alpha'))
        state.queue.requeue(
          name,
          state.held.project(name).files.map((file) => file.path),
        );
    });
    t.same(files(mirror), [path]);
    mirror.index.removeProject('alpha');
    await mirror.run();
    t.same(files(mirror), []);
  },
);
